#!/usr/bin/env bash
# Tells which C++ files are not as clang-format 14 (Debian 12's) lays them out; exit status 1 if there are any.
#
#     packaging/format.sh               looks
#     packaging/format.sh --fix         lays them out
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-} in
    -h | --help)
        sed -n '2,5s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    --fix) how=(-i) ;;
    '') how=(--dry-run -Werror) ;;
    *)
        echo "--fix or nothing is expected" >&2
        exit 2
        ;;
esac
version=$(clang-format --version 2>/dev/null | grep -oE 'version [0-9]+' | head -1 || true)
if [ "$version" != 'version 14' ]; then
    # Each version has its own mind about some lines.
    echo "the layout of the sources is not checked: clang-format 14 is expected, ${version:-none} is here"
    exit 0
fi
cd "$root"
git ls-files -z '*.cpp' '*.h' | xargs -0 clang-format "${how[@]}"
