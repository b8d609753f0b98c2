#!/usr/bin/env bash
# Builds hopscope-executor against the PyTorch of a Python, into build/pip, where hopscope finds it and prefers it where it
# is newer; then reruns the recordings of tests/data with it, node by node: those of CPUs by the noise floor and by fixed
# tolerances, those of GPUs by the noise floor. Says what it will do and how long each step took; ends with an error where
# a value differs.
#
#     packaging/executor-pip.sh [--yes] [--no-check] [--list] [PYTHON | VERSION]
#
# Without an argument it takes the newest PyTorch of the Pythons that it finds: the active environment, those in PATH, of
# conda and pyenv, and environments beside the project and in the home folder. Builds for CUDA are taken too: only their
# CPU half is linked. Where there is none, or where a VERSION is given, that one is installed into build/pip/venv (200 MB).
# PYTHON names a Python or an environment's folder. --list only says what was found, of PYTHON where it is given; --yes does
# not wait for an answer.
# HOPSCOPE_TORCH=…/site-packages/torch takes that one, HOPSCOPE_PIP_FOLDER builds into another folder.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

newest=2.13.0 # what is installed where nothing is found
folder=${HOPSCOPE_PIP_FOLDER:-$root/build/pip}
torch=${HOPSCOPE_TORCH:-}
ask=true check=true list=false wanted=
for word in "$@"; do
    case $word in
    --yes) ask=false ;;
    --no-check) check=false ;;
    --list) list=true ;;
    -h | --help)
        sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
        exit 0
        ;;
    -*)
        echo "found the option '$word', expected --yes, --no-check, --list, a Python or a version" >&2
        exit 2
        ;;
    *) wanted=$word ;;
    esac
done
[ -t 0 ] || ask=false

# step NAME COMMAND…: runs it. On a terminal a line says for how long already and what was said last, or how far it is; all
# that it said is shown if it fails.
step() {
    local name=$1 begin=$SECONDS log pid last
    shift
    log=$(mktemp)
    "$@" >"$log" 2>&1 &
    pid=$!
    while [ -t 1 ] && kill -0 "$pid" 2>/dev/null; do
        last=$(tail -c 400 "$log" | tr '\r' '\n' | tail -n 1 | tr -cd '[:print:]' | cut -c1-60)
        printf '\r\033[K%s: %d s  %s' "$name" "$((SECONDS - begin))" "$last"
        sleep 0.5
    done
    [ ! -t 1 ] || printf '\r\033[K'
    if ! wait "$pid"; then
        cat "$log" >&2
        rm -f "$log"
        echo "$name failed" >&2
        exit 1
    fi
    rm -f "$log"
    echo "$name: $((SECONDS - begin)) s"
}

# pytorch PYTHON: "VERSION CUDA FOLDER" of the PyTorch that it has; nothing where it has none. Does not import it, which
# takes seconds and may want a GPU's driver.
pytorch() {
    timeout 20 "$1" - 2>/dev/null <<'PYTHON' || true
import importlib.util, os, re
found = importlib.util.find_spec("torch")
if found and found.origin:
    folder = os.path.dirname(found.origin)
    text = open(os.path.join(folder, "version.py")).read()
    version = re.search(r"__version__ = '([^']+)'", text)
    cuda = re.search(r"^cuda(?:: [^=]*)? = '([^']+)'", text, re.M)
    headers = os.path.isdir(os.path.join(folder, "include", "ATen"))
    if version and headers:
        print(version.group(1), cuda.group(1) if cuda else "none", folder)
PYTHON
}

# Pythons that may have a PyTorch, one a line: each file once, whatever it is called.
pythons() {
    {
        [ -z "${VIRTUAL_ENV:-}" ] || echo "$VIRTUAL_ENV/bin/python"
        [ -z "${CONDA_PREFIX:-}" ] || echo "$CONDA_PREFIX/bin/python"
        type -ap python3 python 2>/dev/null || true
        ls -d "$folder"/venv/bin/python "$root"/{,../}{.venv,venv,env,torchenv}/bin/python \
            "$HOME"/{.venv,venv,env,miniconda3,anaconda3,miniforge3,mambaforge}/bin/python \
            "$HOME"/{miniconda3,anaconda3,miniforge3,mambaforge,.conda}/envs/*/bin/python \
            "$HOME"/.virtualenvs/*/bin/python "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python \
            /opt/conda/bin/python /opt/conda/envs/*/bin/python /usr/local/bin/python3 2>/dev/null || true
    } | while read -r python; do
        # An environment's Python is a link to another's: it is told apart by where it stands.
        [ -x "$python" ] && echo "$(cd "$(dirname "$python")" && pwd)/$(basename "$python")"
    done | awk '{ where = $0; sub("/[^/]*$", "", where) } !seen[where]++'
}

# "VERSION CUDA FOLDER PYTHON" of all that there are, newest first.
found() {
    pythons | while read -r python; do
        local has
        has=$(pytorch "$python")
        [ -z "$has" ] || echo "$has $python"
    done | sort -s -t ' ' -k 1,1Vr | awk '!seen[$3]++'
}

# tell "VERSION CUDA FOLDER PYTHON"
tell() {
    local version cuda torch python
    read -r version cuda torch python <<<"$1"
    echo "found PyTorch $version ($([ "$cuda" = none ] && echo "for CPUs" || echo "for CUDA $cuda")) of $python"
}

install_torch() {
    python3 -m venv "$folder/venv"
    # A build for CUDA does as well, and is ten times as large: an index of CPU builds is asked first.
    "$folder/venv/bin/pip" install --disable-pip-version-check "torch==$1" numpy
}

configure() {
    cmake -S "$root" -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" \
        -DHOPSCOPE_EXECUTOR=ON -DHOPSCOPE_TORCH="$torch" -DHOPSCOPE_DESKTOP=OFF -DHOPSCOPE_TESTS=OFF -DHOPSCOPE_BENCH=OFF
}

# The recordings whose values are whole, unpacked below cpu/ and gpu/, after what recorded them.
unpack() {
    local file name to
    for file in "$root"/tests/data/*/values/*.safetensors.gz; do
        name=$(basename "$(dirname "$(dirname "$file")")")
        case $name in hf_llama | gpt4_bf16 | gpt4_dropout) continue ;; esac # cut down to one invocation
        case $name in gpu_*) to=$1/gpu/$name/values ;; *) to=$1/cpu/$name/values ;; esac
        mkdir -p "$to"
        gunzip -c "$file" >"$to/$(basename "$file" .gz)"
        zcat -f "${file%.safetensors.gz}".txt* >"$to/$(basename "$file" .safetensors.gz).txt"
    done
}

# check TOOL RECORDING…: what a tool of tests/tools finds, in sums; all that it says where something does not hold.
check() {
    local tool=$1 begin=$SECONDS log
    shift
    log=$(mktemp)
    HOPSCOPE_EXECUTOR=$folder/bin/hopscope-executor \
        python3 "$root/tests/tools/$tool" "$root/build/bin/hopscope" "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        rm -f "$log"
        echo "$tool: what does not hold is listed above" >&2
        exit 1
    }
    grep -E '^([0-9]+ graphs|graphs with values|region bodies)' "$log"
    rm -f "$log"
    echo "$tool: $((SECONDS - begin)) s"
}

# --- which PyTorch
version= cuda=none
if [ -n "$torch" ]; then
    [ -d "$torch/include/ATen" ] || {
        echo "HOPSCOPE_TORCH names $torch, which has no include/ATen" >&2
        exit 2
    }
    version=$(sed -n "s/^__version__ = '\(.*\)'/\1/p" "$torch/version.py")
    ! $list || echo "found PyTorch $version in $torch, which HOPSCOPE_TORCH names"
elif [[ -n $wanted && ! $wanted =~ ^[0-9]+\.[0-9] ]]; then
    [ ! -d "$wanted" ] || wanted=$wanted/bin/python
    read -r version cuda torch <<<"$(pytorch "$wanted")" || true
    [ -n "$torch" ] || {
        echo "$wanted has no PyTorch with its headers" >&2
        exit 2
    }
    ! $list || tell "$version $cuda $torch $wanted"
elif [ -z "$wanted" ]; then
    mapfile -t all < <(found)
    for line in "${all[@]}"; do
        tell "$line"
    done
    [ ${#all[@]} -gt 0 ] || echo "found no Python with PyTorch"
    [ ${#all[@]} -eq 0 ] || read -r version cuda torch _ <<<"${all[0]}"
fi
if $list; then
    [ -n "$torch" ] || [ -z "$wanted" ] || echo "PyTorch $wanted would be installed with pip into $folder/venv"
    exit 0
fi
missing=
[ -n "$torch" ] || missing=${wanted:-$newest}

# --- what will be done
jobs=$(nproc)
echo "this will:"
[ -z "$missing" ] || echo "  - install PyTorch $missing with pip into $folder/venv: 200 MB (a build for CUDA: 3 GB), a minute or more"
echo "  - build hopscope-executor against PyTorch ${missing:-$version} into $folder: about $((9 / jobs + 1)) minutes on $jobs cores"
! $check || echo "  - rerun recordings with it: about 2 minutes"
if $ask; then
    read -rp "go on? [Y/n] " answer
    case $answer in [nN]*) exit 0 ;; esac
fi

mkdir -p "$folder"
if [ -n "$missing" ]; then
    step "installing torch $missing" install_torch "$missing"
    read -r version cuda torch <<<"$(pytorch "$folder/venv/bin/python")"
fi
step "configuring" configure
step "building hopscope-executor" cmake --build "$folder" --target hopscope-executor
echo "built $folder/bin/hopscope-executor: libtorch $version"
$check || exit 0
[ -x "$root/build/bin/hopscope" ] || step "building hopscope" build release hopscope

recordings=$(mktemp -d)
trap 'rm -rf "$recordings"' EXIT
unpack "$recordings"
# What a GPU recorded is judged by the noise floor alone: its kernels sum in other orders, which no fixed tolerance allows.
check check_values.py "$recordings"/cpu/*
check check_gpu.py "$recordings"/gpu/*
HOPSCOPE_EXECUTOR=$folder/bin/hopscope-executor "$root/build/bin/hopscope" executors
