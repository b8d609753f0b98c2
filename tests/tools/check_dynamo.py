#!/usr/bin/env python3
"""Runs every recorded Dynamo graph on real inputs and compares its results with those of the compiled graph.

    check_dynamo.py HOPSCOPE RECORDING…

HOPSCOPE is the command line's program, RECORDING a folder with trace/ and values/NN_forward or NN_inference beside it.
The k-th compilation with a Dynamo graph and a forward or inference graph is the k-th such file. AOTAutograd keeps the
order of Dynamo's placeholders (PlainAOTInput(idx=N)) and puts mutated inputs before the results. Exit status 1 if any
differs.
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

TOLERANCE = {"float64": 1e-14, "float32": 2e-5, "bfloat16": 5e-2, "float16": 5e-2}  # a whole graph's
FORMATS = {"float64": "d", "float32": "f", "int64": "q", "int32": "i", "bool": "?", "float16": "e"}
# The operator lives in the workload's own library.
EXPECTED_UNKNOWN = {"effects": "demo.log"}
RANDOM = {"gpt4_dropout"}


class Tensors:
    def __init__(self, path):
        data = path.read_bytes()
        size = struct.unpack("<Q", data[:8])[0]
        self.header = json.loads(data[8:8 + size])
        metadata = self.header.pop("__metadata__", {})
        self.values = json.loads(metadata.get("values", "{}"))
        self.data = data[8 + size:]

    def bytes(self, name):
        begin, end = self.header[name]["data_offsets"]
        return self.data[begin:end]

    def numbers(self, name):
        dtype = self.values[name]["dtype"]
        raw = self.bytes(name)
        if dtype == "bfloat16":
            raw = b"".join(b"\0\0" + raw[i:i + 2] for i in range(0, len(raw), 2))
            dtype = "float32"
        return [v[0] for v in struct.iter_unpack("<" + FORMATS[dtype], raw)]


def renamed(source, names, path):
    """A file with the values of `names` (old, new) under their new names."""
    header, values, data = {}, {}, b""
    for old, new in names:
        values[new] = source.values[old]
        if "dtype" in source.values[old]:
            raw = source.bytes(old)
            header[new] = dict(source.header[old], data_offsets=[len(data), len(data) + len(raw)])
            data += raw
    header["__metadata__"] = {"values": json.dumps(values)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def ask(hopscope, *words):
    done = subprocess.run([hopscope, *map(str, words)], capture_output=True, text=True, timeout=600)
    try:
        return done.returncode, json.loads(done.stdout), done.stderr
    except json.JSONDecodeError:
        return done.returncode, None, done.stderr


def nodes_of(hopscope, trace, address):
    return ask(hopscope, "graph", trace, "--at", address, "--json")[1]["nodes"]


def outputs(nodes):
    text = nodes[-1]["args"].strip()
    return [word.strip() for word in text.strip("()[],").split(",") if word.strip()]


def mutated_inputs(hopscope, trace, address):
    """How many outputs stand before the results: PyTorch says of each what it is."""
    text = subprocess.run([hopscope, "graph", trace, "--at", address, "--text"], capture_output=True, text=True).stdout
    return text.count("InputMutationAOTOutput(")


def compare(found, found_names, recorded, recorded_names):
    """The largest |a - b| / (1 + |b|), or what is wrong."""
    worst, compared = 0.0, 0
    for mine, theirs in zip(found_names, recorded_names):
        if theirs not in recorded.values or mine not in found.values:
            continue  # a literal, or an item that has no value
        a, b = found.values[mine], recorded.values[theirs]
        if "dtype" not in b:
            if str(a.get("value")) != str(b.get("value")):
                return None, f"{mine} is {a}, {theirs} is {b}"
            continue
        if a.get("dtype") != b["dtype"] or a.get("shape") != b["shape"]:
            return None, f"{mine} is {a}, {theirs} is {b}"
        compared += 1
        limit = TOLERANCE.get(b["dtype"], 0)
        for x, y in zip(found.numbers(mine), recorded.numbers(theirs)):
            error = 0 if x == y or (x != x and y != y) else abs(x - y) / (1 + abs(y))
            worst = max(worst, error)
            if not error <= limit:
                return None, f"{mine} has {x}, {theirs} has {y}"
    return (worst, "") if compared else (None, "nothing was compared")


def check(hopscope, trace, dynamo, compiled, values, name, folder):
    """(state, text): state is same, ran, unknown or bad."""
    mine, theirs = nodes_of(hopscope, trace, dynamo), nodes_of(hopscope, trace, compiled)
    recorded = Tensors(values)
    mine_in = [n["name"] for n in mine if n["op"] == "placeholder"]
    theirs_in = [n["name"] for n in theirs if n["op"] == "placeholder"]
    tokens = len(theirs_in) - len(mine_in) if name in EXPECTED_UNKNOWN else 0  # effects' tokens come first
    theirs_in = theirs_in[tokens:]
    if len(mine_in) != len(theirs_in) or any(t not in recorded.values for t in theirs_in):
        return "bad", f"{len(mine_in)} placeholders, the compiled graph has {len(theirs_in)}"
    given, saved = folder / "given.safetensors", folder / "saved.safetensors"
    renamed(recorded, list(zip(theirs_in, mine_in)), given)
    status, report, errors = ask(hopscope, "run", trace, "--at", dynamo, "--inputs", given, "--save", saved, "--json")
    if name in EXPECTED_UNKNOWN:
        fine = status == 4 and EXPECTED_UNKNOWN[name] in errors
        return ("unknown", EXPECTED_UNKNOWN[name]) if fine else ("bad", errors.strip())
    if status or report["unsupported"] or report["run"] != report["nodes"]:
        return "bad", errors.strip() or str(report["unsupported"])
    if name in RANDOM:
        return "ran", f"{report['run']} nodes; random"
    results = outputs(theirs)[mutated_inputs(hopscope, trace, compiled):]
    wanted = outputs(mine)
    worst, problem = compare(Tensors(saved), wanted, recorded, results)
    return ("bad", problem) if problem else ("same", f"{report['run']} nodes, {len(wanted)} results, largest error {worst:.1e}")


def main():
    hopscope, counts = sys.argv[1], {"same": 0, "ran": 0, "unknown": 0, "bad": 0}
    with tempfile.TemporaryDirectory() as temporary:
        for recording in map(pathlib.Path, sys.argv[2:]):
            trace = recording / "trace"
            answer = ask(hopscope, "graphs", trace, "--json")[1] if trace.exists() else None
            if not answer:
                continue
            by_rank = {}
            for compilation in answer["compilations"]:
                stages = {s["stage"]: s["address"] for s in compilation["stages"] if not s["label"]}
                compiled = stages.get("forward") or stages.get("inference")
                if "dynamo" in stages and compiled:
                    by_rank.setdefault(compilation["rank"], []).append((stages["dynamo"], compiled))
            for rank, pairs in by_rank.items():
                folder = recording if rank is None or not (recording / f"rank{rank}").exists() else recording / f"rank{rank}"
                files = sorted(p for p in folder.glob("values/*.safetensors") if "backward" not in p.name)
                for (dynamo, compiled), values in zip(pairs, files):
                    state, text = check(hopscope, trace, dynamo, compiled, values, recording.name, pathlib.Path(temporary))
                    counts[state] += 1
                    print(f"{recording.name} {dynamo}: {state}: {text}")
    print(f"{sum(counts.values())} Dynamo graphs: {counts['same']} with the recorded results, {counts['ran']} run (random), "
          f"{counts['unknown']} named as unknown, {counts['bad']} bad")
    return 1 if counts["bad"] or not counts["same"] else 0


if __name__ == "__main__":
    sys.exit(main())
