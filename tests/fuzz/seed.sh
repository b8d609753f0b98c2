#!/usr/bin/env bash
# seed.sh TARGET FOLDER: what a target starts from: recordings of its kind, unpacked, none of them large.
set -euo pipefail
data=$(cd "$(dirname "${BASH_SOURCE[0]}")/../data" && pwd)
target=$1
out=$2

take() { # take FILE…: a copy under a name that tells where it is from
    for file in "$@"; do
        [ -f "$file" ] || continue
        name=$(sed 's|/|_|g' <<<"${file#"$data/"}")
        case $file in
            *.gz) if [ "$target" = fuzz_archive ]; then cp "$file" "$out/$name"; else { gzip -dc "$file" || true; } | head -c 65536 >"$out/${name%.gz}"; fi ;; # head ends first
            *) head -c 65536 "$file" >"$out/$name" ;;
        esac
    done
}

case $target in
    fuzz_trace_log) take "$data"/{mlp4,failing,graph_breaks,shapes,ddp4}/trace/* ;;
    fuzz_text_log) take "$data"/*/torch_logs.txt.gz ;;
    fuzz_pt) take "$data"/pt/* ;;
    fuzz_archive) take "$data"/packed/* "$data"/pt2/* "$data"/pt/* "$data"/mlp4/torch_logs.txt.gz ;;
    fuzz_export)
        for archive in "$data"/pt2/*.pt2; do
            python3 - "$archive" "$out" <<'PY'
import os, sys, zipfile
archive, out = sys.argv[1:]
if zipfile.is_zipfile(archive):
    with zipfile.ZipFile(archive) as z:
        for name in z.namelist():
            if name.endswith(".json"):
                with open(os.path.join(out, os.path.basename(archive) + "_" + name.replace("/", "_")), "wb") as f:
                    f.write(z.read(name)[:65536])
PY
        done
        ;;
    fuzz_script) take "$data"/script/* "$data"/cases/*{minifier,repro}*.txt $(find "$data" -name "fx_graph_runnable.py.gz") ;;
    fuzz_session) take "$data"/session/* ;;
    fuzz_tensors) take $(find "$data" -name '*.safetensors.gz' -size -64k) ;;
    fuzz_messages | fuzz_words | fuzz_dot) ;; # regressions hold a few
    *) take "$data"/readable/* $(find "$data/cases" -type f -size -64k) ;;
esac
