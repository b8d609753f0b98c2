#!/usr/bin/env python3
"""Reruns every recorded graph from its recorded placeholders and compares every node with what PyTorch computed.

    check_values.py HOPSCOPE RECORDING…

HOPSCOPE is the command line's program, RECORDING a folder with values/NN_STAGE.txt and .safetensors beside it. Each
graph is run four times: by verdict against the noise floor, each node on recorded operands, and as a whole on its own results
(--whole); and by fixed tolerances (--strict), as a whole, and node by node on recorded ones. Exit status 1 if any is suspicious or differs; how many runs came out bit for bit is counted (all, with the PyTorch that recorded them on the
same kind of CPU: the vector kernels of ATen, MKL and oneDNN differ in the last bits).
"""
import json
import pathlib
import subprocess
import sys

# Nodes that cannot run anywhere but where they were recorded: the operator lives in the workload's own library.
EXPECTED_UNKNOWN = {"effects": "demo.log.default"}
RUNS = [], ["--whole"], ["--strict"], ["--strict", "--alone"]


def rerun(hopscope, text, *more):
    values = text.with_suffix(".safetensors")
    command = [hopscope, "run", text, "--inputs", values, "--compare", values, "--json", *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    try:
        return done.returncode, json.loads(done.stdout), done.stderr
    except json.JSONDecodeError:
        return done.returncode, None, done.stderr


def judge(recording, status, report, errors):
    """What is wrong with one run; empty if nothing is."""
    if report is None:
        return f"exit status {status}: {errors.strip()}"
    if recording in EXPECTED_UNKNOWN:
        name = EXPECTED_UNKNOWN[recording]
        named = len(report["unsupported"]) == 1 and name in report["unsupported"][0]["reason"]
        return "" if status == 4 and named and name in errors else f"{name} is not named as unknown: {errors.strip()}"
    if report["unsupported"]:
        return f"not supported: {report['unsupported']}"
    if report["run"] != report["nodes"]:
        return f"ran {report['run']} of {report['nodes']} nodes"
    if not report["compared"]:
        return "nothing was compared"
    if status or report["mismatched"]:
        return f"exit status {status}, {report['mismatched']} values differ, first {report['first_mismatch']}"
    return ""


def main():
    hopscope, bad, graphs, runs, compared, exact = sys.argv[1], 0, 0, 0, 0, 0
    for folder in map(pathlib.Path, sys.argv[2:]):
        for text in sorted(folder.glob("values/*.txt")):
            if not text.with_suffix(".safetensors").exists():
                print(f"{folder.name}/{text.stem}: no values were recorded")
                continue
            graphs += 1
            for how in RUNS:
                status, report, errors = rerun(hopscope, text, *how)
                problem = judge(folder.name, status, report, errors)
                bad += bool(problem)
                label = " ".join([f"{folder.name}/{text.stem}", *how])
                if report:
                    runs += report["run"]
                    exact += report["max_abs_error"] == 0
                    compared += report["compared"]
                    worst = f"abs {report['max_abs_error']}, rel {report['max_rel_error']}"
                    random = f", random {len(report['random'])}" if "random" in report else ""
                    print(f"{label}: {problem or 'ok'}: {report['compared']} of {report['nodes']} nodes compared, {worst}{random}")
                else:
                    print(f"{label}: {problem}")
    print(f"{graphs} graphs, {runs} node runs, {compared} compared, {exact} of {len(RUNS) * graphs} bit for bit, {bad} bad")
    return 1 if bad or not graphs else 0


if __name__ == "__main__":
    sys.exit(main())
