#!/usr/bin/env bash
# Prints which share of the lines of each folder of core the tests run.
#
#     packaging/coverage.sh [TEST-REGEX]        all tests if none is given
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-} in -h | --help)
    sed -n '2,4s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac
install_packages
install_packages packages-dev.txt
build coverage
cd "$root"
find build/coverage -name '*.gcda' -delete
ctest --preset coverage ${1:+-R "$1"} >build/coverage/tests.log 2>&1 || {
    tail -20 build/coverage/tests.log >&2
    echo "some tests failed; the figures are of those that ran" >&2
}
gcovr --root . --object-directory build/coverage --filter 'core/' --filter 'app/' --filter 'views/' --json-summary \
    --gcov-ignore-parse-errors >build/coverage/summary.json
python3 - build/coverage/summary.json <<'E2'
import collections, json, sys

lines, covered = collections.Counter(), collections.Counter()
for file in json.load(open(sys.argv[1]))["files"]:
    folder = "/".join(file["filename"].split("/")[:2])
    lines[folder] += file["line_total"]
    covered[folder] += file["line_covered"]
print(f"{'folder':<20} {'lines':>7} {'run':>7}")
for folder in sorted(lines):
    if lines[folder]:
        print(f"{folder:<20} {lines[folder]:>7} {100 * covered[folder] / lines[folder]:>6.1f}%")
E2
