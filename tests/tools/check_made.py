#!/usr/bin/env python3
"""Compares bodies with double precision on inputs that are made, and prints what is called suspicious.

    check_made.py HOPSCOPE [--seeds 1,2,3] [--seconds N] [--regions] RECORDING…

HOPSCOPE is the command line's program, RECORDING a trace's folder or file. Every root of a forward, backward, joint or
inference stage, and the bodies of its regions, is run with inputs made from each seed and held against itself in double
precision (hopscope compare --seed). --regions leaves the roots out. A run of more than --seconds (300) is broken off and
told. The bodies are healthy: exit status 1 if a value is suspicious.
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys


def asked(hopscope, *words, seconds):
    try:
        done = subprocess.run([hopscope, *map(str, words), "--json"], capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return None, f"not within {seconds} s"
    try:
        return json.loads(done.stdout), ""
    except json.JSONDecodeError:
        return None, (done.stderr.strip().splitlines() or ["no report"])[-1][:160]


def addresses(report, regions_only):
    for compilation in report["compilations"]:
        for stage in compilation["stages"]:
            if stage["stage"] in ("forward", "backward", "joint", "inference"):
                for body in stage["bodies"]:
                    if body["path"] or not regions_only:
                        yield stage["address"] + (":" + body["path"] if body["path"] else "")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("hopscope")
    parser.add_argument("recordings", nargs="+", type=pathlib.Path)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--regions", action="store_true")
    options = parser.parse_args()
    told, values, stopped = collections.Counter(), collections.Counter(), collections.Counter()
    for recording in options.recordings:
        report, why = asked(options.hopscope, "graphs", recording, seconds=options.seconds)
        if report is None:
            print(f"{recording.name}: {why}")
            continue
        bodies = suspicious = 0
        for address in addresses(report, options.regions):
            for seed in options.seeds.split(","):
                found, why = asked(options.hopscope, "compare", recording, "--at", address, "--seed", seed,
                                   seconds=options.seconds)
                bodies += 1
                if found is not None and found["run"] < found["nodes"]:
                    why = f"stops after {found['run']} of {found['nodes']} steps: {found.get('failure')}"[:200]
                    found = None
                if found is None:
                    stopped[why] += 1
                    print(f"{recording.name} {address} seed {seed}: {why}", flush=True)
                    continue
                values.update(found["verdicts"])
                wrong = [v for v in found["values"] if v["verdict"] not in ("same", "within_rounding", "not_compared")]
                suspicious += len(wrong)
                if wrong:
                    first = wrong[0]
                    print(f"{recording.name} {address} seed {seed}: {len(wrong)} of {len(found['values'])}, first {first['path']} "
                          f"{first['verdict']} {first.get('times_floor')}: found {first.get('found')}, exact {first.get('exact')}",
                          flush=True)
        told.update(bodies=bodies, suspicious=suspicious)
        print(f"{recording.name}: {bodies} runs, {suspicious} suspicious", flush=True)
    print(f"{told['bodies']} runs, {told['suspicious']} values suspicious; {dict(values)}")
    for why, count in stopped.most_common():
        print(f"    {count} not compared: {why}")
    return 1 if told["suspicious"] else 0


if __name__ == "__main__":
    sys.exit(main())
