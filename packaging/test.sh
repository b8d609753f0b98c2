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
ctest --preset "$preset"
