#!/usr/bin/env python3
"""Times a whole graph on the executor against PyTorch's own generated code and torch.fx.Interpreter.

    against_pytorch.py HOPSCOPE GRAPH.txt VALUES.safetensors [ROUNDS]

Run it with a Python that has torch. The three take turns, round after round, on one thread and on the same recorded
inputs; of each the best time counts. The two limits are 0.4 of the generated code and 0.15 of the Interpreter;
exit status 1 where one is missed.
"""
import json
import subprocess
import sys
import time

import torch
from torch.fx.node import map_arg  # noqa: F401  (makes sure that fx is whole before anything is timed)


def read_values(path):
    """The tensors of a recording by name, with their strides; numbers as they are."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        data = bytearray(file.read())
    told = json.loads(header.pop("__metadata__")["values"])
    dtypes = {"F32": torch.float32, "F64": torch.float64, "BF16": torch.bfloat16, "F16": torch.float16, "I64": torch.int64,
              "I32": torch.int32, "BOOL": torch.bool, "U8": torch.uint8, "I8": torch.int8, "I16": torch.int16}
    values = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        if begin == end:
            tensor = torch.empty(entry["shape"], dtype=dtypes[entry["dtype"]])
        else:
            tensor = torch.frombuffer(data, dtype=dtypes[entry["dtype"]], count=(end - begin) // dtypes[entry["dtype"]].itemsize,
                                      offset=begin).reshape(entry["shape"])
        stride = [int(s) for s in told.get(name, {}).get("stride") or []] if name in told else None
        if stride is not None and list(tensor.stride()) != list(stride):
            strided = torch.empty_strided(entry["shape"], stride, dtype=tensor.dtype)
            strided.copy_(tensor)
            tensor = strided
        values[name] = tensor.clone() if stride is None or tensor.is_contiguous() else tensor
    return values


def module_of(path):
    """The graph as torch.fx holds it: its text is run once under fx's tracer, so that nodes and order are the text's."""
    space = {"torch": torch, "device": torch.device, "inf": float("inf"), "nan": float("nan")}
    with open(path) as file:
        exec(compile(file.read(), path, "exec"), space)
    cls = next(v for k, v in space.items() if isinstance(v, type) and issubclass(v, torch.nn.Module))
    return torch.fx.symbolic_trace(cls())


def best(work, seconds):
    """Best time of one call in µs."""
    end, least = time.perf_counter() + seconds, float("inf")
    while time.perf_counter() < end:
        begin = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - begin)
    return least * 1e6


def main():
    hopscope, graph, values = sys.argv[1:4]
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 5
    torch.set_num_threads(1)
    module = module_of(graph)
    known = read_values(values)
    inputs = [known[n.target] for n in module.graph.nodes if n.op == "placeholder"]
    interpreter = torch.fx.Interpreter(module)
    took = {"executor": [], "generated code": [], "Interpreter": []}
    with torch.no_grad():
        module(*inputs)
        for _ in range(rounds):
            done = subprocess.run([hopscope, "run", graph, "--inputs", values, "--repeat", "300", "--json"],
                                  capture_output=True, text=True, check=True)
            report = json.loads(done.stdout)
            took["executor"].append(report["best_ms"] * 1000)
            took["generated code"].append(best(lambda: module(*inputs), 1.0))
            took["Interpreter"].append(best(lambda: interpreter.run(*inputs), 1.0))
    mine = min(took["executor"])
    nodes = len(module.graph.nodes)
    print(f"{nodes} nodes; executor libtorch {report['executor']['libtorch']}, PyTorch {torch.__version__}; one thread, "
          f"best of {rounds} rounds")
    print(f"{'executor':16}{mine:9.0f} µs")
    missed = False
    for name, limit in (("generated code", 0.4), ("Interpreter", 0.15)):
        ratio = mine / min(took[name])
        missed = missed or ratio > limit
        print(f"{name:16}{min(took[name]):9.0f} µs   ratio {ratio:.3f} (limit {limit})")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
