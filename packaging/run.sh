#!/usr/bin/env bash
# Builds Hopscope and opens the dumps that are given, or the sample. Without a display it prints the sample's ledger
# and exports its forward and backward bodies as pictures.
#
#     packaging/run.sh [DUMP…]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-} in -h | --help)
    sed -n '2,5s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac

# Paths are the caller's: resolve them before moving to the checkout.
dumps=()
for path in "$@"; do
    dumps+=("$(realpath -- "$path")")
done
[ ${#dumps[@]} -gt 0 ] || dumps=("$root/resources/samples/gpt12.log.gz" "$root/resources/samples/gpt12.torch_logs.txt.gz")

install_packages
build release hopscope hopscope-desktop hopscope-executor

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    exec "$root/build/bin/hopscope" "${dumps[@]}"
fi

"$root/build/bin/hopscope" regions "${dumps[@]}"
# The bodies of the first region if there is one, else the whole forward and backward graphs.
out=$root/build/pictures
mkdir -p "$out"
addresses=$("$root/build/bin/hopscope" graphs "${dumps[@]}" 2>/dev/null | awk '{print $1}')
echo
for half in forward backward; do
    at=$(grep -m1 -E "^(r[0-9]+/)?[^:]+:$half:partitioned" <<<"$addresses" || grep -m1 -E "^(r[0-9]+/)?[^:]+:$half\$" <<<"$addresses" || true)
    [ -n "$at" ] || continue
    "$root/build/bin/hopscope" export "${dumps[@]}" --at "$at" -o "$out/$half.svg" 2>/dev/null
    echo "there is no display; the picture of $at is $out/$half.svg"
done
