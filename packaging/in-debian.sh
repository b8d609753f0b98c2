#!/usr/bin/env bash
# Runs a command of this checkout in a bare Debian of its own, where nothing is installed but what the command installs.
#
#     packaging/in-debian.sh SUITE COMMAND [ARGUMENT…]        packaging/in-debian.sh trixie packaging/test.sh
#
# SUITE is Debian's name of it: bookworm (12), trixie (13). Needs root and debootstrap, and the network for packages. The
# Debian is kept in build/debian/SUITE, so that a second command starts at once and builds only what has changed;
# delete it when you like. What is run is the checkout as it lies here, tracked files only.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

case ${1:-} in -h | --help | '')
    sed -n '2,8s/^# \{0,1\}//p' "$0"
    [ -n "${1:-}" ] && exit 0 || exit 2
    ;;
esac
[ $# -ge 2 ] || { echo "a suite and a command are expected: packaging/in-debian.sh trixie packaging/test.sh" >&2; exit 2; }
suite=$1
shift
[ "$(id -u)" -eq 0 ] || { echo "only root can make and enter a Debian in a folder" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "debootstrap is missing: apt-get install debootstrap" >&2; exit 1; }

debian=$root/build/debian/$suite
if [ ! -e "$debian/.complete" ]; then
    echo "making Debian $suite in $debian"
    mkdir -p "$debian"
    rm -rf --one-file-system "$debian"
    log=$(mktemp)
    debootstrap --variant=minbase "$suite" "$debian" >"$log" 2>&1 || { tail -20 "$log" >&2; exit 1; }
    rm -f "$log"
    # How this machine reaches its packages.
    cp -f /etc/resolv.conf "$debian/etc/"
    for file in /etc/apt/apt.conf.d/*; do
        if grep -qiE '^\s*Acquire::(http|https)' "$file" 2>/dev/null; then cp "$file" "$debian/etc/apt/apt.conf.d/"; fi
    done
    touch "$debian/.complete"
fi

checkout=$debian/root/hopscope
mkdir -p "$checkout"
git -C "$root" ls-files -z | tar -C "$root" --null --ignore-failed-read -T - -cf - 2>/dev/null | tar -C "$checkout" -xf -

# In namespaces of their own, so that mounts and processes end with the command.
exec unshare --mount --pid --fork -- bash -c '
    debian=$1; shift
    mount -t proc proc "$debian/proc"
    mount --rbind /dev "$debian/dev"
    mount -t tmpfs tmpfs "$debian/tmp"
    exec chroot "$debian" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM="${TERM:-dumb}" \
        CI="${CI:-}" bash -c '"'"'cd /root/hopscope && exec "$@"'"'"' bash "$@"
' bash "$debian" "$@"
