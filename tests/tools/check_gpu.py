#!/usr/bin/env python3
"""Reruns on the CPU what GPUs recorded, and prints a table.

    check_gpu.py HOPSCOPE RECORDING…

HOPSCOPE is the command line's program, RECORDING a folder that holds a trace, values (values/NN_STAGE.txt with
.safetensors beside it), or both. Two parts:

 - every graph with values, from its recorded inputs to its end, each node on recorded operands, judged against the
   noise floor;
 - every region's body of the trace's forward, backward and inference stages, on inputs that are made (--seed 1).

Exit status 1 if a graph does not reach its end, or if a value is suspicious or of a wrong dtype or shape.
"""
import collections
import json
import pathlib
import subprocess
import sys


def run(hopscope, *words):
    done = subprocess.run([hopscope, "run", *map(str, words), "--json"], capture_output=True, text=True, timeout=900)
    try:
        return json.loads(done.stdout), done.stderr
    except json.JSONDecodeError:
        return None, done.stderr


def stopped(report, errors):
    """Why a run did not reach its end; empty if it did."""
    if report is None:
        return (errors.strip().splitlines() or ["no report"])[-1][:160]
    if report["run"] == report["nodes"]:
        return ""
    for why in report["unsupported"]:
        return f"{why.get('target', why.get('node'))}: {why['reason']}"[:160]
    return (errors.strip().splitlines() or ["stopped"])[-1][:160]


def with_values(hopscope, folder):
    for text in sorted(folder.glob("values/*.txt")):
        values = text.with_suffix(".safetensors")
        if not values.exists():
            continue
        report, errors = run(hopscope, text, "--inputs", values, "--compare", values)
        why = stopped(report, errors)
        yield f"{folder.name}/{text.stem}", why, report


def bodies(hopscope, folder):
    done = subprocess.run([hopscope, "graphs", str(folder), "--json"], capture_output=True, text=True, timeout=300)
    try:
        compilations = json.loads(done.stdout)["compilations"]
    except json.JSONDecodeError:
        return
    for compilation in compilations:
        for stage in compilation["stages"]:
            if stage["stage"] not in ("forward", "backward", "inference"):
                continue
            for body in stage["bodies"]:
                if not body["path"]:
                    continue
                address = f"{stage['address']}:{body['path']}"
                report, errors = run(hopscope, folder, "--at", address, "--seed", "1")
                yield f"{folder.name} {address}", stopped(report, errors), report


def main():
    hopscope, bad = sys.argv[1], 0
    for kind, work in (("graphs with values", with_values), ("region bodies", bodies)):
        count = ended = compared = differ = 0
        verdicts = collections.Counter()
        for folder in map(pathlib.Path, sys.argv[2:]):
            for name, why, report in work(hopscope, folder):
                count += 1
                ended += not why
                bad += bool(why)
                found = ""
                if report and "compared" in report:
                    compared += report["compared"]
                    differ += report["mismatched"]
                    bad += report["mismatched"] > 0
                    verdicts.update(report.get("verdicts", {}))
                    if report["compared"]:
                        found = ", " + ", ".join(f"{n} {verdict}" for verdict, n in report["verdicts"].items() if n)
                        largest = max((row["times_floor"] for row in report["values"]
                                       if isinstance(row["times_floor"], (int, float))), default=0)
                        found += f", at most {largest:.2g} floors"
                    if report["mismatched"]:
                        found += f", first {report['first_mismatch']}"
                print(f"{name}: {why or 'to its end'}{found}", flush=True)
        print(f"{kind}: {ended} of {count} to their end" + (f"; of the values of {compared} nodes {differ} suspicious or wrong: {dict(verdicts)}" if compared else ""))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
