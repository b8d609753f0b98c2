#!/usr/bin/env bash
# Builds hopscope-executor against a PyTorch from pip, into build/pip, where hopscope finds it and prefers it where it is
# newer; then reruns the recordings of tests/data with it, node by node: those of CPUs by the noise floor and by fixed
# tolerances, those of GPUs by the noise floor. Says how long each step took; ends with an error where a value differs.
#
#     packaging/executor-pip.sh [VERSION]        2.13.0 unless given; it must be one without CUDA
#
# HOPSCOPE_TORCH=…/site-packages/torch takes a PyTorch that is installed already.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

version=${1:-2.13.0}
folder=$root/build/pip
torch=${HOPSCOPE_TORCH:-}

step() { # NAME COMMAND…: runs it, quiet unless it fails
    local name=$1 begin=$SECONDS log
    shift
    log=$(mktemp)
    "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        rm -f "$log"
        echo "$name failed" >&2
        exit 1
    }
    rm -f "$log"
    echo "$name: $((SECONDS - begin)) s"
}

install_torch() {
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" install --quiet "torch==$version" numpy
    "$folder/venv/bin/python" -c 'import sys, torch; sys.exit(torch.version.cuda is not None)' || {
        echo "pip's torch $version is built for CUDA: point pip to an index with CPU builds, or set HOPSCOPE_TORCH"
        return 1
    }
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

mkdir -p "$folder"
if [ -z "$torch" ]; then
    step "installing torch $version" install_torch
    torch=$("$folder/venv/bin/python" -c 'import os, torch; print(os.path.dirname(torch.__file__))')
fi
step "configuring" configure
step "building hopscope-executor" cmake --build "$folder" --target hopscope-executor
[ -x "$root/build/bin/hopscope" ] || step "building hopscope" build release hopscope

recordings=$(mktemp -d)
trap 'rm -rf "$recordings"' EXIT
unpack "$recordings"
# What a GPU recorded is judged by the noise floor alone: its kernels sum in other orders, which no fixed tolerance allows.
check check_values.py "$recordings"/cpu/*
check check_gpu.py "$recordings"/gpu/*
HOPSCOPE_EXECUTOR=$folder/bin/hopscope-executor "$root/build/bin/hopscope" executors
