#!/usr/bin/env bash
# Runs clang-tidy (its checks are in .clang-tidy) over the sources of core and of the command line that have changed; exit
# status 1 if it finds anything.
#
#     packaging/tidy.sh                 what the last 20 commits changed and what is not committed
#     packaging/tidy.sh BASE            what has changed since BASE, a commit
#     packaging/tidy.sh --all           every one of them (10 to 20 seconds each)
#     packaging/tidy.sh --within 240    as the first, for so many seconds: what changed last goes first, and how many files
#                                       were not looked at is said
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$root"
if [ "${1:-}" != --all ] && ! git rev-parse -q --verify HEAD >/dev/null 2>&1; then
    echo "clang-tidy: there is no history here that tells what changed; nothing was looked at"
    exit 0
fi
base=$(git rev-list --first-parent -n 21 HEAD | tail -1)
seconds=
case ${1:-} in
    -h | --help)
        sed -n '2,10s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    --all) base= ;;
    --within) seconds=${2:?"--within needs a number of seconds"} ;;
    '') ;;
    *) base=$1 ;;
esac
if [ -n "$base" ]; then
    changed=$(git diff --name-only --diff-filter=d "$base" -- 'core/*.cpp' 'app/cli/*.cpp')
    # What changed last goes first; what is not committed is in no log.
    files=$(awk 'NR == FNR { changed[$0]; next } $0 in changed && !seen[$0]++' <(echo "$changed") \
        <(git diff --name-only HEAD; git log --format= --name-only "$base..HEAD"))
else
    files=$(git ls-files 'core/*.cpp' 'app/cli/*.cpp')
fi
# The executor needs libtorch, which clang and this preset leave out.
files=$(grep -v '^core/executor/' <<<"$files" || true)
[ -n "$files" ] || { echo "clang-tidy: nothing has changed"; exit 0; }

install_packages
install_packages packages-fuzz.txt
# For the compile commands: clang understands its own, and not GCC's precompiled headers.
cmake --preset fuzz -B build/tidy -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >/dev/null 2>&1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export work deadline=${seconds:+$(($(date +%s) + seconds))}
status=0
# shellcheck disable=SC2016 # expanded by the inner shell
xargs -P "$(nproc)" -n 1 bash -c '
    if [ -n "$deadline" ] && [ "$(date +%s)" -ge "$deadline" ]; then
        echo "$1" >>"$work/left"
        exit 0
    fi
    clang-tidy -p build/tidy --quiet --warnings-as-errors="*" "$1" >>"$work/found" 2>/dev/null' tidy \
    <<<"$files" || status=1
touch "$work/found" "$work/left"
cat "$work/found"
left=$(wc -l <"$work/left")
echo "clang-tidy: $(($(wc -l <<<"$files") - left)) files, $(grep -cE '(warning|error): ' "$work/found" || true) findings$(
    [ "$left" -eq 0 ] || echo "; $left files that changed earlier were not reached in $seconds s")"
exit $status
