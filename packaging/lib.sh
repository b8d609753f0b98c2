# Shared by run.sh and test.sh: installs what is missing, configures and builds. Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# install_packages [LIST]: installs the Debian packages of packages.txt, or of the list named, that are not there yet.
# Asks nothing.
install_packages() {
    local list=${1:-packages.txt}
    local missing=()
    while read -r package; do
        case $package in '' | '#'*) continue ;; esac
        [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = 'ii ' ] || missing+=("$package")
    done <"$root/packaging/$list"
    [ ${#missing[@]} -eq 0 ] && return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "these packages are missing and only root can install them: ${missing[*]}" >&2
            return 1
        }
        as_root=(sudo)
    fi
    echo "installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# build PRESET [TARGET…]: quiet unless something goes wrong.
build() {
    local preset=$1
    shift
    local flags=()
    [ "${CI:-}" = true ] && flags+=(-DHOPSCOPE_WERROR=ON)
    # Without libtorch the executor and its tests would be left out without a word; asan asks for the library by itself.
    [ "${CI:-}" = true ] && [ "$preset" != asan ] && flags+=(-DHOPSCOPE_EXECUTOR=ON)
    local targets=()
    [ $# -gt 0 ] && targets=(--target "$@")
    cd "$root"
    cmake --preset "$preset" "${flags[@]}" >/tmp/hopscope-configure.$$ 2>&1 || {
        cat /tmp/hopscope-configure.$$ >&2
        rm -f /tmp/hopscope-configure.$$
        return 1
    }
    rm -f /tmp/hopscope-configure.$$
    cmake --build --preset "$preset" "${targets[@]}"
}
