#!/usr/bin/env python3
"""Times opening a trace, whole processes: hopscope with the model and the ledger built, against tlparse rendering it.

    tests/bench/against_tlparse.py HOPSCOPE TRACE.log [RUNS]

tlparse is pip's (release 0.4.3). The two run in turn; the ratio of their medians is what counts (limit: 0.5), and
hopscope's peak memory against the size of the file (limit: 6 times). tlparse holds no payload against its md5:
hopscope's checking them is timed apart.
"""
import os
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time


def tlparse_program():
    """The binary itself, not a version manager's wrapper around it."""
    own = os.path.join(sysconfig.get_path("scripts"), "tlparse")
    return own if os.path.exists(own) else shutil.which("tlparse")


def timed(words):
    start = time.perf_counter()
    pid = os.posix_spawn(words[0], words, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                                                                  (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(words)} ended with {status}")
    return time.perf_counter() - start, usage.ru_maxrss * 1024


def main():
    hopscope, trace = sys.argv[1], sys.argv[2]
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 15
    tlparse = tlparse_program()
    if not tlparse:
        sys.exit("tlparse is missing: pip install tlparse==0.4.3")
    ours, checked, theirs, memory = [], [], [], 0
    with tempfile.TemporaryDirectory() as out:
        for _ in range(runs):
            seconds, peak = timed([os.path.abspath(hopscope), "regions", "--no-verify", trace])
            ours.append(seconds)
            memory = max(memory, peak)
            checked.append(timed([os.path.abspath(hopscope), "regions", trace])[0])
            theirs.append(timed([tlparse, trace, "-o", os.path.join(out, "o"), "--overwrite", "--no-browser"])[0])
    a, b = statistics.median(ours), statistics.median(theirs)
    size = os.path.getsize(trace)
    version = subprocess.run([tlparse, "--version"], capture_output=True, text=True).stdout.strip()
    print(f"{os.path.basename(trace)}: {size / 1e6:.1f} MB, {runs} runs each")
    print(f"hopscope regions  median {a * 1e3:6.1f} ms  (min {min(ours) * 1e3:.1f})")
    c = statistics.median(checked)
    print(f"  and md5 sums    median {c * 1e3:6.1f} ms  (min {min(checked) * 1e3:.1f}), ratio {c / b:.2f}")
    print(f"{version:17} median {b * 1e3:6.1f} ms  (min {min(theirs) * 1e3:.1f})")
    print(f"ratio {a / b:.2f} (limit 0.50)   peak memory {memory / size:.1f} x the file (limit 6)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
