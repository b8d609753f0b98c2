#!/usr/bin/env bash
# Makes the Debian packages of what is checked out: hopscope, and hopscope-executor, which needs libtorch.
#
#     packaging/deb.sh [FOLDER]         where the packages go; build/deb if none is given
#
# Install them with: sudo apt install FOLDER/hopscope*.deb
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-} in -h | --help)
    sed -n '2,6s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac
out=$(realpath -m -- "${1:-$root/build/deb}")

install_packages
install_packages packages-dev.txt
build release hopscope hopscope-desktop hopscope-executor
mkdir -p "$out"
cd "$root/build"
cpack -G DEB -B "$out" >"$out/cpack.log" 2>&1 || {
    cat "$out/cpack.log" >&2
    exit 1
}
rm -rf "$out/_CPack_Packages" "$out/cpack.log"
ls -1 "$out"/hopscope*.deb
