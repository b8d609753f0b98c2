#!/usr/bin/env bash
# Runs clang-tidy (its checks are in .clang-tidy) over the sources of core and of the command line that have changed; exit
# status 1 if it finds anything.
#
#     packaging/tidy.sh                 what the last 20 commits changed and what is not committed
#     packaging/tidy.sh BASE            what has changed since BASE, a commit
#     packaging/tidy.sh --all           every one of them (about 10 seconds each)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$root"
case ${1:-} in
    -h | --help)
        sed -n '2,8s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    --all) files=$(git ls-files 'core/*.cpp' 'app/cli/*.cpp') ;;
    *)
        base=${1:-$(git rev-list --first-parent -n 21 HEAD | tail -1)}
        files=$(git diff --name-only --diff-filter=d "$base" -- 'core/*.cpp' 'app/cli/*.cpp')
        ;;
esac
# The executor needs libtorch, which clang and this preset leave out.
files=$(grep -v '^core/executor/' <<<"$files" || true)
[ -n "$files" ] || { echo "clang-tidy: nothing has changed"; exit 0; }

install_packages
install_packages packages-fuzz.txt
# For the compile commands: clang understands its own, and not GCC's precompiled headers.
cmake --preset fuzz -B build/tidy -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >/dev/null 2>&1
found=$(mktemp)
trap 'rm -f "$found"' EXIT
status=0
xargs -P "$(nproc)" -n 1 clang-tidy -p build/tidy --quiet --warnings-as-errors='*' <<<"$files" >"$found" 2>/dev/null || status=1
cat "$found"
echo "clang-tidy: $(wc -l <<<"$files") files, $(grep -cE '(warning|error): ' "$found" || true) findings"
exit $status
