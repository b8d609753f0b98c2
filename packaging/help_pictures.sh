#!/usr/bin/env bash
# The pictures of the help pages and of the README, made anew from recordings of this checkout: packaging/help_pictures.sh
# [BIN_DIR]. Each is made twice, NAME.png and, for a dark window, NAME-dark.png. Those of the help are small and of few colours
# on purpose: the pages are installed. Three run a body: they need an executor, that of BIN_DIR or the one that
# HOPSCOPE_EXECUTOR names.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
bin=${1:-$root/build/bin}
out=$root/resources/help/pictures
sample=("$root/resources/samples/gpt12.log.gz" "$root/resources/samples/gpt12.torch_logs.txt.gz")
data=$root/tests/data
block=0/0:forward:partitioned_fw_subgraph_0_0
export QT_QPA_PLATFORM=offscreen
mkdir -p "$out"

fewer_colours() { # of a PNG
    if command -v convert > /dev/null; then
        convert "$1" -strip +dither -colors 96 -define png:compression-level=9 "PNG8:$1"
    fi
}

picture() { # NAME, the option that writes a file, then the words for hopscope-desktop
    local name=$1 option=$2
    shift 2
    for theme in light dark; do
        local file=$out/$name.png
        [ $theme = light ] || file=$out/$name-dark.png
        "$bin/hopscope-desktop" "$@" --theme $theme "$option" "$file"
        fewer_colours "$file"
    done
}

# Hopscope in five minutes.
picture window --screenshot "${sample[@]}" --size 1100x700
# Why did my region compile five times and not once?
picture why --screenshot "$data/shapes/trace" "$data/shapes/torch_logs.txt.gz" --call 2 --dock explanation --size 1100x640
# Why are there two backward bodies?
picture two-backwards --screenshot "$data/dup_tangents/trace" --dock explanation --size 1100x640
# What does the block's backward look like, and what is saved for it?
picture backward --screenshot "${sample[@]}" --at $block --select addmm --size 1100x640
# Is the reused body right here? Where does it first go wrong?
picture right --screenshot "${sample[@]}" --at $block --run 1 --step-to end --select gelu --compare float64 --overlay error --dock compare --size 1100x640
picture running --screenshot "${sample[@]}" --at $block --run 1 --step-to mul --dock steps --dock values --size 1100x640
# What a reviewer gets.
picture legend --export "$data/mlp4/trace" --at $block --with-backward --legend --scale 1
du -ch "$out"/*.png | tail -1

# The README's.
shots=$root/resources/screenshots
values=$(mktemp -d)
trap 'rm -r "$values"' EXIT
for file in "$data"/hf_llama/values/*.gz; do
    gunzip -c "$file" > "$values/$(basename "$file" .gz)"
done
for theme in light dark; do
    "$bin/hopscope-desktop" "${sample[@]}" --theme $theme --screenshot "$shots/gpt12-$theme.png"
    (cd "$values" && "$bin/hopscope-desktop" . --at "-:forward:partitioned_fw_subgraph_0_0" --run 00_forward.safetensors \
        --step-to mul_5 --on-nodes values --dock values --dock steps --theme $theme \
        --screenshot "$shots/llama-stepping-$theme.png")
done
