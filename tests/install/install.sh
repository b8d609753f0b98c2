#!/usr/bin/env bash
# install.sh CMAKE BUILD: installs a build into an empty prefix and does from there what a user does first.
set -euo pipefail
cmake=$1
build=$2
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

"$cmake" --install "$build" --prefix "$prefix" >"$prefix/log" 2>&1 || { cat "$prefix/log"; fail "cmake --install"; }
cd / # nothing may be found beside where the user stands
program=$prefix/bin/hopscope
samples=$prefix/share/hopscope/samples
[ -x "$program" ] || fail "bin/hopscope is missing"
[ -s "$prefix/share/hopscope/help/inputs.md" ] || fail "the help pages are missing"

"$program" regions "$samples"/gpt12.* >"$prefix/regions.txt" 2>"$prefix/err.txt" || fail "regions: $(cat "$prefix/err.txt")"
grep -q 'reused' "$prefix/regions.txt" || fail "the sample's ledger shows no reused call"
"$program" import "$samples"/gpt12.* -o "$prefix/sample.hopscope" >/dev/null 2>&1 || fail "import"
"$program" check "$prefix/sample.hopscope" | grep sound >/dev/null || fail "the session is not sound"

if [ -x "$prefix/bin/hopscope-desktop" ]; then
    "$program" "$samples"/gpt12.* --screenshot "$prefix/window.png" --size 1200x800 || fail "the window's screenshot"
    [ "$(head -c 8 "$prefix/window.png" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ] || fail "the screenshot is no PNG"
    # What the start page says of recording comes from the installed pages: without them the picture is another one.
    "$program" --screenshot "$prefix/start.png" --size 1200x800 || fail "the start page's screenshot"
    mv "$prefix/share/hopscope/help/inputs.md" "$prefix/inputs.md"
    "$program" --screenshot "$prefix/bare.png" --size 1200x800 || fail "the start page without help"
    mv "$prefix/inputs.md" "$prefix/share/hopscope/help/inputs.md"
    cmp -s "$prefix/start.png" "$prefix/bare.png" && fail "the installed help pages are not what the start page reads"
    desktop=$prefix/share/applications/org.hopscope.Hopscope.desktop
    [ ! -x "$(command -v desktop-file-validate)" ] || desktop-file-validate "$desktop" || fail "the desktop file"
    # Newer versions warn of a homepage that is missing, and there is none; older ones do not know that warning.
    metainfo=$prefix/share/metainfo/org.hopscope.Hopscope.metainfo.xml
    [ ! -x "$(command -v appstreamcli)" ] || appstreamcli validate --no-net "$metainfo" >"$prefix/out.txt" 2>&1 ||
        appstreamcli validate --no-net --override=url-homepage-missing=info "$metainfo" >>"$prefix/out.txt" 2>&1 ||
        { cat "$prefix/out.txt"; fail "the AppStream metadata"; }
    if [ -x "$(command -v update-mime-database)" ]; then
        update-mime-database "$prefix/share/mime" || fail "the MIME type"
        grep -q 'hopscope' "$prefix/share/mime/globs" || fail "*.hopscope has no MIME type"
    fi
fi
if [ -x "$prefix/bin/hopscope-executor" ]; then
    "$program" executors | grep "$prefix/bin/hopscope-executor" >/dev/null || fail "the installed executor is not found"
    "$program" run "$samples/gpt12.log.gz" --at 0/0:forward:partitioned_fw_subgraph_0_0 --seed 1 >"$prefix/run.txt" 2>&1 ||
        { cat "$prefix/run.txt"; fail "a run on the installed executor"; }
fi
if [ -x "$(command -v help2man)" ]; then
    for command in $("$program" --help | sed -n '/^Subcommands:/,/^$/p' | sed -nE 's/^  ([a-z]+)  +.*/\1/p'); do
        page=$prefix/share/man/man1/hopscope-$command.1.gz
        [ -s "$page" ] || fail "no manual page of $command"
        gzip -dc "$page" | grep '^.SH' >/dev/null || fail "$page holds no sections"
    done
fi
echo "installed, opened, exported, imported: all as built"
