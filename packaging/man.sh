#!/usr/bin/env bash
# Makes the manual pages of the program and of each of its commands from what --help prints.
#
#     packaging/man.sh PROGRAM FOLDER
set -euo pipefail
program=$(realpath -- "$1")
folder=$2
mkdir -p "$folder"
version=$("$program" --version)

# page NAME SUMMARY [COMMAND]
page() {
    # help2man names every page after the program; a command's page is named as git's are.
    help2man --no-info --no-discard-stderr --name "$2" --version-string "$version" --manual Hopscope --source "$version" \
        "$program ${3:-}" | sed -E "1,8{s/^\.TH .*\"1\" /.TH \"${1^^}\" \"1\" /; s/^hopscope \\\\- /$1 \\\\- /}" |
        gzip -9n >"$folder/$1.1.gz"
}

page hopscope "inspector for the graphs of PyTorch's nested compile regions"
# "  graphs                      List compilations, …": a name behind two blanks, its first line of help behind more.
"$program" --help | sed -n '/^Subcommands:/,/^$/p;' | sed -nE 's/^  ([a-z]+)  +(.*)/\1\t\2/p' |
    while IFS=$'\t' read -r command summary; do
        page "hopscope-$command" "$summary" "$command" </dev/null
    done
