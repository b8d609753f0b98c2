#!/usr/bin/env bash
# Installs what is missing, builds and runs every test. Closes with ctest's summary.
#
#     packaging/test.sh [PRESET]        release (the default), dev or asan
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

preset=${1:-release}
install_packages
install_packages packages-dev.txt
started=$SECONDS
cd "$root"
[ "$preset" != release ] || packaging/format.sh
build "$preset"
built=$SECONDS
echo "$preset: built in $((built - started)) s"
tests=$preset
# Leaks are looked for with ptrace, which some containers forbid: then every program ends with an error.
if [ "$preset" = asan ] && ! ASAN_OPTIONS=detect_leaks=1 build/asan/bin/hopscope --version >/dev/null 2>&1; then
    echo "asan: leaks cannot be looked for here (no ptrace); the tests run without"
    tests=asan-no-leaks
fi
ctest --preset "$tests"
