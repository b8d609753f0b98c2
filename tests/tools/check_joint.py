#!/usr/bin/env python3
"""Derives the joint graph of every recorded forward body and compares it with what PyTorch recorded.

    check_joint.py HOPSCOPE RECORDING…

HOPSCOPE is the command line's program, RECORDING a folder with a trace and values. For every un-partitioned forward body
of a joint stage: the derived joint's results against the recorded joint's on the same inputs, and the operators of both.
For every partitioned forward body with recorded values: the gradients of the derived joint against those that PyTorch
computed, on PyTorch's own inputs and tangents. Exit status 1 if any differs.
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

# Inductor decomposes the joint graph that AOTAutograd made; a derived one is the derivative of the decomposed forward:
# the same numbers by other operators.
DECOMPOSED = {"gpt12_inductor", "mlp4_debug", "mlp4_inductor", "mlp4_inductor_cached"}
# Their masks were drawn anew by PyTorch: no run can draw the same.
RANDOM = {"gpt4_dropout"}


def hopscope(program, *words):
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, timeout=600)
    return done.returncode, done.stdout, done.stderr


class Tensors:
    """A safetensors file with the metadata of the recordings."""

    def __init__(self, path):
        data = path.read_bytes()
        size = struct.unpack("<Q", data[:8])[0]
        self.header = json.loads(data[8 : 8 + size])
        self.values = json.loads(self.header.pop("__metadata__")["values"])
        self.data = data[8 + size :]

    def bytes_of(self, key):
        begin, end = self.header[key]["data_offsets"]
        return self.data[begin:end]


def write(path, entries):
    """entries: name -> (Tensors, key)."""
    header, values, data = {}, {}, b""
    for name, (source, key) in entries.items():
        values[name] = source.values[key]
        if key in source.header:
            part = source.bytes_of(key)
            header[name] = {**source.header[key], "data_offsets": [len(data), len(data) + len(part)]}
            data += part
    header["__metadata__"] = {"values": json.dumps(values)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def returned(text):
    line = [l.strip() for l in text.splitlines() if l.strip().startswith("return ")][0]  # nested classes come after
    return [item.strip() for item in line.removeprefix("return ").strip("()[]").split(",") if item.strip()]


def placeholders(nodes):
    return [n["name"] for n in nodes if n["op"] == "placeholder"]


def recorded_joints(program, folder):
    """Yields (label, problem, worst) for each un-partitioned forward body of the recording."""
    status, out, errors = hopscope(program, "prove", folder / "trace", "--json")
    if not out:
        if not any(words in errors for words in ("has a forward body", "no region", "has no graph")):
            yield folder.name, errors.strip(), 0
        return
    for proof in json.loads(out)["proofs"]:
        problem = proof["problem"]
        for output in proof["outputs"]:
            problem = problem or output["problem"]
        worst = max([o["derived_error"] or 0 for o in proof["outputs"]] + [o["halves_error"] or 0 for o in proof["outputs"]] + [0])
        odd = [o for o in proof["operators"] if not o["explained"]]
        if odd and folder.name not in DECOMPOSED:
            problem = problem or "operators: " + ", ".join(f"{o['operator']} {o['recorded']}/{o['derived']}" for o in odd)
        yield f"{folder.name} {proof['derived_from']} variant {proof['variant']}", problem, worst


def pairs(program, forward, backward):
    """One (fw body, bw body, fw call, bw call) for each backward body."""
    seen = set()
    status, out, errors = hopscope(program, "regions", forward, backward, "--json")
    for compilation in json.loads(out)["compilations"] if out else []:
        for region in compilation["regions"]:
            for invocation in region["invocations"]:
                nodes = invocation["nodes"]
                if not nodes.get("forward") or not nodes.get("backward"):
                    continue
                bodies = []
                for path, ordinal, name in ((forward, "", nodes["forward"]), (backward, "", nodes["backward"])):
                    _, listed, _ = hopscope(program, "graph", path, "--at", "-:graph", "--json")
                    node = [n for n in json.loads(listed)["nodes"] if n["name"] == name]
                    bodies.append(node[0]["body"] if node else None)
                if None not in bodies and bodies[1].startswith("partitioned") and bodies[1] not in seen:
                    seen.add(bodies[1])
                    yield (*bodies, nodes["forward"], nodes["backward"])


def own_values(program, folder, scratch):
    """Yields (label, problem, worst) for each partitioned forward body that has recorded values."""
    for forward in sorted(folder.glob("values/*_forward.txt")):
        number = int(forward.name.split("_")[0])
        backward = forward.with_name(f"{number + 1:02}_backward.txt")
        if not backward.exists() or not forward.with_suffix(".safetensors").exists() or folder.name in RANDOM:
            continue
        fw_values, bw_values = Tensors(forward.with_suffix(".safetensors")), Tensors(backward.with_suffix(".safetensors"))
        for fw_body, bw_body, fw_call, bw_call in pairs(program, forward, backward):
            label = f"{folder.name}/{forward.stem} {fw_body}"
            derived = scratch / "derived.txt"
            status, _, errors = hopscope(program, "joint", forward, backward, "--at", f"-:graph:{fw_body}", "-o", derived)
            if status:
                yield label, errors.strip(), 0
                continue
            _, listed, _ = hopscope(program, "graph", derived, "--at", "-:graph", "--json")
            names = placeholders(json.loads(listed)["nodes"])
            _, listed, _ = hopscope(program, "graph", forward, "--at", f"-:graph:{fw_body}", "--json")
            primals = placeholders(json.loads(listed)["nodes"])
            _, listed, _ = hopscope(program, "graph", backward, "--at", f"-:graph:{bw_body}", "--json")
            tangents = [n for n in placeholders(json.loads(listed)["nodes"]) if n.startswith("tangents")]
            entries = {n: (fw_values, f"{fw_call}/{p}") for n, p in zip(names, primals)}
            entries |= {n: (bw_values, f"{bw_call}/{t}") for n, t in zip(names[len(primals) :], tangents)}
            write(scratch / "inputs.safetensors", entries)
            _, text, _ = hopscope(program, "graph", backward, "--at", f"-:graph:{bw_body}", "--text")
            true = {d: (bw_values, f"{bw_call}/{g}") for d, g in zip(returned(derived.read_text()), returned(text)) if g != "None"}
            write(scratch / "true.safetensors", true)
            status, out, errors = hopscope(
                program, "run", derived, "--inputs", scratch / "inputs.safetensors", "--compare", scratch / "true.safetensors", "--json")
            report = json.loads(out) if out else {}
            problem = errors.strip() if status or not report else ""
            if report and report["mismatched"]:
                problem = f"{report['mismatched']} gradients differ from PyTorch's, first {report['first_mismatch']}"
            elif report and report["compared"] != len(true):
                problem = f"{report['compared']} of {len(true)} gradients were compared"
            yield label, problem, report.get("max_abs_error", 0)


def main():
    program, bad, joints, truths, worst_joint, worst_true = sys.argv[1], 0, 0, 0, 0.0, 0.0
    with tempfile.TemporaryDirectory() as scratch:
        for folder in map(pathlib.Path, sys.argv[2:]):
            for label, problem, worst in recorded_joints(program, folder):
                joints += 1
                bad += bool(problem)
                worst_joint = max(worst_joint, float(worst))
                print(f"{label}: {problem or 'ok'}: against the recorded joint {worst}", flush=True)
            for label, problem, worst in own_values(program, folder, pathlib.Path(scratch)):
                truths += 1
                bad += bool(problem)
                worst_true = max(worst_true, float(worst))
                print(f"{label}: {problem or 'ok'}: against PyTorch's gradients, absolute {worst}", flush=True)
    print(f"{joints} joint graphs, worst {worst_joint:.1e}; {truths} bodies against PyTorch's gradients, worst {worst_true:.1e} absolute; {bad} bad")
    return 1 if bad or not joints else 0


if __name__ == "__main__":
    sys.exit(main())
