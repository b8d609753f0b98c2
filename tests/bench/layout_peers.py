#!/usr/bin/env python3
"""The layout beside Graphviz dot and fast-sugiyama, as one table.

    tests/bench/layout_peers.py build/tests/layout_table [--seconds 60] [--dot-seconds 10] [--from 0] [DUMP…]

Runs layout_table, which lays out the bodies of the dumps and generated graphs of 50 to 50,000 boxes and writes their edges,
then hands the same edges to fast-sugiyama (pip install fast-sugiyama; without it that column says so), each in a process of
its own with a limit. Times are of the processor, in milliseconds.
"""
import argparse
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

CHILD = """
import sys, time
from fast_sugiyama import from_edges
lines = open(sys.argv[1]).read().split("\\n")[1:]
edges = sorted({tuple(map(int, line.split())) for line in lines if line})
before = time.process_time()
from_edges(edges).to_list()
taken = time.process_time() - before
print(taken * 1000)
"""


def peer(file, seconds):
    # Of processor time: on a machine that does other work the clock says nothing.
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))\n"
    try:
        done = subprocess.run([sys.executable, "-c", limit + CHILD, str(file)], capture_output=True, text=True,
                              timeout=30 * seconds)
    except subprocess.TimeoutExpired:
        return f"over {30 * seconds} s of the clock"
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"over {seconds} s"
    if done.returncode < 0:
        return f"died of signal {-done.returncode}"
    if done.returncode:
        last = done.stderr.strip().split("\n")[-1]
        return "not installed" if "No module named" in last else last[:60]
    return f"{float(done.stdout.split()[0]):.1f}"


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    words.add_argument("table", help="build/tests/layout_table")
    words.add_argument("dumps", nargs="*")
    words.add_argument("--seconds", type=int, default=60, help="limit of fast-sugiyama for one graph")
    words.add_argument("--dot-seconds", type=int, default=10, help="limit of dot for one graph")
    words.add_argument("--from", type=int, default=0, dest="least", help="leave out graphs of fewer boxes")
    chosen = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.Popen(
            [chosen.table, "--write", folder, "--dot-seconds", str(chosen.dot_seconds), *chosen.dumps],
            stdout=subprocess.PIPE, text=True)
        print(f"{'graph':46} {'boxes/edges':>13} {'own ms':>9} {'dot ms':>12} {'fast-sugiyama ms':>18}")
        for line in run.stdout:
            row = re.match(r"(.{46}) +(\d+/\d+) +\| +([\d.]+)[^|]*\| +(.*)", line)
            if not row:
                if line.startswith(("generated", "recorded")):
                    print(line.strip())
                continue
            name, size, own, dot = row.groups()
            if int(size.split("/")[0]) < chosen.least:
                continue
            dot = dot.split()[0] if re.match(r"[\d.]+ ", dot) else dot.strip()
            file = pathlib.Path(folder) / (name.strip().replace("/", "_") + ".edges")
            for _ in range(50):  # written behind the row
                if file.exists():
                    break
                time.sleep(0.1)
            print(f"{name} {size:>13} {own:>9} {dot:>12} {peer(file, chosen.seconds):>18}", flush=True)
        return run.wait()


if __name__ == "__main__":
    sys.exit(main())
