#!/usr/bin/env bash
# The pictures of the help pages, made anew from recordings of this checkout: packaging/help_pictures.sh [BIN_DIR].
# They are small and of few colours on purpose: the pages are installed.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
bin=${1:-$root/build/bin}
out=$root/resources/help/pictures
sample=("$root/resources/samples/gpt12.log.gz" "$root/resources/samples/gpt12.torch_logs.txt.gz")
data=$root/tests/data
export QT_QPA_PLATFORM=offscreen
mkdir -p "$out"

fewer_colours() { # of a PNG
    if command -v convert > /dev/null; then
        convert "$1" -strip +dither -colors 200 -define png:compression-level=9 "PNG8:$1"
    fi
}

shot() { # NAME, then the words for hopscope-desktop
    local name=$1
    shift
    "$bin/hopscope-desktop" "$@" --theme light --screenshot "$out/$name.png"
    fewer_colours "$out/$name.png"
}

shot window "${sample[@]}" --size 1100x700
shot why "$data/shapes/trace" "$data/shapes/torch_logs.txt.gz" --call 2 --dock explanation --size 1100x640
shot two-backwards "$data/dup_tangents/trace" --dock explanation --size 1100x640
shot backward "${sample[@]}" --at 0/0:forward:partitioned_fw_subgraph_0_0 --select addmm --size 1100x640
# What a reviewer gets.
"$bin/hopscope-desktop" "$data/mlp4/trace" --at 0/0:forward:partitioned_fw_subgraph_0_0 --with-backward --legend \
    --scale 1 --export "$out/legend.png"
fewer_colours "$out/legend.png"
du -ch "$out"/*.png | tail -1
