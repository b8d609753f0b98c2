#!/usr/bin/env bash
# Fuzzes the readers of foreign bytes with libFuzzer, under AddressSanitizer and UndefinedBehaviorSanitizer.
#
#     packaging/fuzz.sh MINUTES [TARGET…]        minutes for each target; all of them if none is named
#     packaging/fuzz.sh 10s [TARGET…]            or seconds
#
# What it learns stays in build/fuzz/corpus/TARGET and is taken up by the next run. What crashes, hangs or leaks is made
# small and kept in tests/fuzz/regressions/TARGET, where every build runs it as a test. Exit status 1 if there is any.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-} in -h | --help | '')
    sed -n '2,8s/^# \{0,1\}//p' "$0"
    [ -n "${1:-}" ] && exit 0 || exit 2
    ;;
esac
case $1 in
    *s) seconds=${1%s} ;;
    *) seconds=$(($1 * 60)) ;;
esac
shift
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    for source in "$root"/tests/fuzz/fuzz_*.cpp; do targets+=("$(basename "$source" .cpp)"); done
fi

install_packages
install_packages packages-fuzz.txt
build fuzz "${targets[@]}"

export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:abort_on_error=0
found=0
printf '%-22s %12s %10s %8s %8s\n' target executions 'per second' corpus crashes
for target in "${targets[@]}"; do
    corpus=$root/build/fuzz/corpus/$target
    kept=$root/tests/fuzz/regressions/$target
    crashes=$root/build/fuzz/crashes/$target
    mkdir -p "$corpus" "$crashes" "$kept"
    "$root/tests/fuzz/seed.sh" "$target" "$corpus"
    log=$root/build/fuzz/$target.log
    # -fork: one crash does not end the run. What is told at the end are all jobs together.
    "$root/build/fuzz/tests/$target" -fork=1 -ignore_crashes=1 -ignore_timeouts=1 -ignore_ooms=1 -max_total_time="$seconds" \
        -max_len=65536 -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$crashes/" "$corpus" "$kept" >"$log" 2>&1 || true
    count=0
    for crash in "$crashes"/*; do
        [ -f "$crash" ] || continue
        # Of an earlier run, and mended since.
        if timeout 60 "$root/build/fuzz/tests/$target" -timeout=10 -rss_limit_mb=2048 "$crash" >/dev/null 2>&1; then
            rm -f "$crash"
            continue
        fi
        count=$((count + 1))
        small=$kept/$(basename "$crash")
        "$root/build/fuzz/tests/$target" -minimize_crash=1 -runs=20000 -max_total_time=30 -exact_artifact_path="$small" "$crash" \
            >/dev/null 2>&1 || true
        [ -s "$small" ] || cp "$crash" "$small"
    done
    executions=$(grep -oE '^#[0-9]+' "$log" | tail -1 | tr -d '#')
    printf '%-22s %12s %10s %8s %8s\n' "$target" "${executions:-0}" "$((${executions:-0} / seconds))" \
        "$(find "$corpus" -type f | wc -l)" "$count"
    found=$((found + count))
done
echo "$found inputs that crash, hang or leak were found"
[ "$found" -eq 0 ]
