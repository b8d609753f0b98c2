#!/usr/bin/env python3
"""Sets the graphs of text logs against those of the traces of the same runs.

    tests/tools/check_texts.py HOPSCOPE RECORDING…

A RECORDING is a folder with trace/ and torch_logs.txt (or rankN/…). Every graph of the text must be one of the trace, in
the same compilation and stage: names, operators, targets, inputs, types, bodies, sources. Prints each that is not with
its first difference. Ends with "N graphs equal, M not". Exit status 0 only if M is 0.
"""
import json
import pathlib
import subprocess
import sys


def hopscope(program, *words):
    done = subprocess.run([program, *words], capture_output=True, text=True)
    if done.returncode not in (0, 3):
        raise RuntimeError(f"{' '.join(map(str, words))}: exit {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout) if done.returncode == 0 else {"compilations": [], "problems": []}


def graphs_of(program, path):
    """{(rank, id, attempt, stage): [{body path: nodes}]}"""
    found = {}
    document = hopscope(program, "graphs", str(path), "--json")
    for c in document["compilations"]:
        for s in c["stages"]:
            if s["stage"] == "source":
                continue
            bodies = {}
            for b in s["bodies"]:
                at = s["address"] + (":" + b["path"] if b["path"] else "")
                bodies[b["path"]] = hopscope(program, "graph", str(path), "--at", at, "--json")["nodes"]
            found.setdefault((c["rank"], c["id"], c["attempt"], s["stage"]), []).append((s["address"], bodies))
    return found, document["problems"]


def difference(a, b):
    if sorted(a) != sorted(b):
        return f"bodies {sorted(a)}, trace {sorted(b)}"
    for path in a:
        if len(a[path]) != len(b[path]):
            return f"body '{path}': {len(a[path])} nodes, trace {len(b[path])}"
        for x, y in zip(a[path], b[path]):
            for key in y:
                # A log has no descriptors, and says nothing of what the inputs are.
                if key not in ("descriptor", "line", "output_descriptors", "input") and x.get(key) != y[key]:
                    return f"body '{path}', {y['name']}: {key} {x.get(key)!r}, trace {y[key]!r}"
    return None


def main():
    program, *folders = sys.argv[1:]
    equal = unequal = 0
    for folder in map(pathlib.Path, folders):
        for log in sorted(folder.rglob("torch_logs.txt*")):
            trace = log.parent / "trace"
            if not trace.exists():
                continue
            ours, problems = graphs_of(program, log)
            truth, _ = graphs_of(program, trace)
            for p in problems:
                if p["severity"] != "note":
                    print(f"{log}:{p['line']}: {p['message']}")
            for (rank, *key), graphs in ours.items():
                twins = [g for (r, *k), gs in truth.items() if k == key and (rank is None or r in (None, rank)) for g in gs]
                for address, bodies in graphs:
                    differences = [difference(bodies, twin) for _, twin in twins]
                    if None in differences:
                        equal += 1
                    else:
                        unequal += 1
                        print(f"{log}: {address}: {differences[0] if differences else 'no such graph in the trace'}")
            missing = sum(len(v) for v in truth.values()) - sum(len(v) for v in ours.values())
            print(f"{folder.name}: {sum(len(v) for v in ours.values())} graphs in the text, {missing} more in the trace", flush=True)
    print(f"{equal} graphs equal, {unequal} not")
    return 1 if unequal or not equal else 0


if __name__ == "__main__":
    sys.exit(main())
