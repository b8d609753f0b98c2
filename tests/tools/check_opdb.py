#!/usr/bin/env python3
"""Runs PyTorch's own operator database through the executor and prints a table.

    check_opdb.py EXECUTOR [--every N] [--samples N] [--ops WORD] [--dtypes f32,i64,bool,bf16,c64,f64,f16]
                           [--joint] [--verbose]

EXECUTOR is hopscope-executor. Needs PyTorch 2.13 with expecttest (its testing package asks for it), on the CPU. For each
operator of torch.testing._internal.common_methods_invocations.op_db and each dtype the first samples (--samples, 2) are
traced with make_fx into aten graphs; all values are PyTorch's own. The executor is spoken to by its protocol, so that one
process runs many graphs, and compares each node on PyTorch's operands against the noise floor. Every Nth operator is
taken (--every).

--joint: the joint graph of each graph's forward is derived instead (f32 and f64, operators that PyTorch differentiates), and
run on the same inputs and tangents of ones; its gradients are held against those of PyTorch's autograd, within 1e-3 (float32) or
1e-7 (float64) of the largest. Exit status 1 if one differs.

Printed: for each dtype how many graphs ran to their end, how many have a value that is suspicious or of a wrong dtype or
shape, the reasons of refusals by how often they occur, crashes. Exit status 1 if a dtype stays below its aim: 98 % of
graphs run, 97 % of float16.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import select
import struct
import subprocess
import sys
import tempfile
import time
import warnings

import torch
from torch import fx
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils import _pytree as pytree

warnings.filterwarnings("ignore")
DTYPES = {"f32": torch.float32, "i64": torch.int64, "bool": torch.bool, "bf16": torch.bfloat16, "c64": torch.complex64,
          "f64": torch.float64, "f16": torch.float16, "i32": torch.int32, "i16": torch.int16, "i8": torch.int8,
          "u8": torch.uint8, "c128": torch.complex128}
USUAL = "f32,i64,bool,bf16,c64,f64,f16"
CODES = {torch.float32: "F32", torch.float64: "F64", torch.bfloat16: "BF16", torch.float16: "F16", torch.int64: "I64",
         torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
         torch.complex64: "C64", torch.complex128: "C128"}
AIM = collections.defaultdict(lambda: 0.98, f16=0.97)


class Unwritable(Exception):
    pass


def tensor_file(values):
    header, meta, data = {}, {}, []
    at = 0
    for name, value in values.items():
        if isinstance(value, (tuple, list)):
            meta[name] = {"items": len(value)}
            continue
        if not isinstance(value, torch.Tensor):
            meta[name] = {"python": type(value).__name__, "value": str(value)}
            continue
        if value.dtype not in CODES or value.layout != torch.strided:
            raise Unwritable(str(value.dtype if value.layout == torch.strided else value.layout))
        dense = value.detach().resolve_conj().resolve_neg().reshape(-1).clone(memory_format=torch.contiguous_format)
        raw = dense.view(torch.uint8).numpy().tobytes() if dense.numel() else b""
        header[name] = {"dtype": CODES[value.dtype], "shape": list(value.shape), "data_offsets": [at, at + len(raw)]}
        meta[name] = {"dtype": str(value.dtype).removeprefix("torch."), "shape": [str(s) for s in value.shape],
                      "stride": [str(s) for s in value.stride()], "device": "cpu"}
        data.append(raw)
        at += len(raw)
    header["__metadata__"] = {"values": json.dumps(meta)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(data)


class Recorder(fx.Interpreter):
    """Every value, as it was when it was computed."""

    def __init__(self, module):
        super().__init__(module)
        self.values = {}

    def run_node(self, node):
        result = super().run_node(node)
        if node.op != "output":
            self.keep(node.name, result)
        return result

    def keep(self, name, value):
        if isinstance(value, torch.Tensor):
            strided = value.layout == torch.strided
            self.values[name] = value.clone(memory_format=torch.preserve_format) if strided else value
            if strided and self.values[name].stride() != value.stride():
                self.values[name] = torch.empty_strided(value.shape, value.stride(), dtype=value.dtype) \
                    if 0 not in value.stride() else value
                if 0 not in value.stride():
                    self.values[name].copy_(value)
        elif isinstance(value, (tuple, list)):
            self.values[name] = list(value)
            for i, item in enumerate(value):
                self.keep(f"{name}#{i}", item)
        else:
            self.values[name] = value


class Died(Exception):
    pass


class Executor:
    def __init__(self, program, folder):
        self.program, self.folder, self.process, self.number = program, pathlib.Path(folder), None, 0

    def start(self):
        self.process = subprocess.Popen([self.program, "--exchange", str(self.folder), "--memory", str(4 << 30)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.buffer = b""
        return self.call("initialize", protocol=PROTOCOL, timeout=120)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None

    def more(self, until):
        left = until - time.monotonic()
        if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
            self.stop()
            raise Died("no answer in time")
        found = os.read(self.process.stdout.fileno(), 1 << 20)
        if not found:
            status = self.process.wait()
            self.process = None
            raise Died(f"ended with {status}")
        self.buffer += found

    def call(self, method, timeout=30, **params):
        if not self.process:
            self.start()
        self.number += 1
        message = json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}).encode()
        try:
            self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(message) + message)
            self.process.stdin.flush()
        except BrokenPipeError:
            self.stop()
            raise Died("ended") from None
        until = time.monotonic() + timeout
        while b"\r\n\r\n" not in self.buffer:
            self.more(until)
        head, _, rest = self.buffer.partition(b"\r\n\r\n")
        size = int(head.split(b":")[1])
        self.buffer = rest
        while len(self.buffer) < size:
            self.more(until)
        answer, self.buffer = json.loads(self.buffer[:size]), self.buffer[size:]
        if "error" in answer:
            raise RuntimeError(answer["error"]["message"])
        return answer["result"]

    def bind(self, kind, values):
        # Written in place: the worker opened the file once.
        with open(self.folder / "to_worker.safetensors", "r+b") as file:
            file.truncate(0)
            file.write(tensor_file(values))
        self.call("bind", **{"as": kind})


def graph_of(op, sample):
    leaves, spec = pytree.tree_flatten((sample.input, sample.args, sample.kwargs))
    places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor)]

    def call(*tensors):
        given = list(leaves)
        for place, tensor in zip(places, tensors):
            given[place] = tensor
        first, args, kwargs = pytree.tree_unflatten(given, spec)
        return op(first, *args, **kwargs)

    tensors = [leaves[i].detach().clone() for i in places]
    torch.manual_seed(0)
    module = make_fx(call)(*tensors)
    text = module.print_readable(print_output=False, include_stride=True, include_device=True)
    constants = {name: value for name, value in vars(module).items() if isinstance(value, torch.Tensor)}
    constants.update({name: value for name, value in module.named_buffers()})
    recorder = Recorder(module)
    torch.manual_seed(0)
    recorder.run(*[tensor.clone() for tensor in tensors])
    recorder.values.update(constants)
    return text, recorder.values


def judge(executor, text, values):
    """(class, detail): ran, differs, refused, broken."""
    try:
        loaded = executor.call("load", text=text)
    except RuntimeError as e:
        return "refused", f"load: {e}"
    if loaded["unsupported"]:
        first = loaded["unsupported"][0]
        return "refused", f"{first['target']}: {first['reason']}"
    try:
        executor.bind("inputs", values)
        executor.bind("reference", values)
        answer = executor.call("compare", alone=True)
    except RuntimeError as e:
        return "refused", str(e)
    if answer.get("failure"):
        return "refused", f"{answer['failure']['target']}: {answer['failure']['message']}"
    bad = [row for row in answer["rows"] if not row["equal"]]
    if bad:
        row = bad[0]
        return "differs", f"{row['name']} {row['dtype']} {row['verdict']} {row['reason']} {row['times']} floors: " \
                          f"found {row['found']}, expected {row['expected']}, exact {row['exact']}"
    return "ran", ""


class Tensors:
    """What the executor saved: the tensors by name."""

    def __init__(self, path):
        data = pathlib.Path(path).read_bytes()
        size = struct.unpack("<Q", data[:8])[0]
        self.header = json.loads(data[8:8 + size])
        self.told = json.loads(self.header.pop("__metadata__")["values"])
        self.data = bytearray(data[8 + size:])

    def __getitem__(self, name):
        entry = self.header[name]
        begin, end = entry["data_offsets"]
        dtype = {code: dtype for dtype, code in CODES.items()}[entry["dtype"]]
        if begin == end:
            return torch.empty(entry["shape"], dtype=dtype)
        return torch.frombuffer(self.data, dtype=dtype, offset=begin, count=(end - begin) // dtype.itemsize).reshape(entry["shape"])


def joint_text(answer):
    typed = lambda p: f"{p['name']}: \"{p['type']}\"" if p["type"] else p["name"]
    signature = "".join(", " + typed(p) for p in answer["placeholders"] if not p["attribute"])
    lines = ["class GraphModule(torch.nn.Module):", f"    def forward(self{signature}):"]
    lines += ["        " + node["text"] for node in answer["nodes"]]
    return "\n".join(lines + ["        return " + answer["returned"], ""])


def draws(text):
    """Whether a graph draws random numbers: another generator gives other ones."""
    for name, overload in set(re.findall(r"torch\.ops\.aten\.(\w+)\.(\w+)", text)):
        if torch.Tag.nondeterministic_seeded in getattr(getattr(torch.ops.aten, name), overload).tags:
            return True
    return False


def judge_joint(executor, op, sample, text, values):
    """As judge(): of the joint graph, against autograd."""
    if draws(text):
        return "none", ""
    leaves, spec = pytree.tree_flatten((sample.input, sample.args, sample.kwargs))
    places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor)]
    tensors = [leaves[i].detach().clone() for i in places]
    for tensor in tensors:
        tensor.requires_grad_(tensor.is_floating_point())
    given = list(leaves)
    for place, tensor in zip(places, tensors):
        given[place] = tensor
    first, args, kwargs = pytree.tree_unflatten(given, spec)
    torch.manual_seed(0)
    wanted = [t for t in tensors if t.requires_grad]
    try:
        outputs = [o for o in pytree.tree_leaves(op(first, *args, **kwargs)) if isinstance(o, torch.Tensor) and o.requires_grad]
        if not outputs or not wanted:
            return "none", ""
        right = iter(torch.autograd.grad(outputs, wanted, [torch.ones_like(o) for o in outputs], allow_unused=True))
    except RuntimeError:  # PyTorch does not differentiate it by all of its inputs, or writes into one
        return "none", ""
    right = [next(right) if t.requires_grad else None for t in tensors]
    try:
        loaded = executor.call("load", text=text)
        if loaded["unsupported"]:
            return "refused", loaded["unsupported"][0]["reason"]
        executor.bind("inputs", values)
        joint = executor.call("joint")
        if joint.get("failure"):
            return "refused", joint["failure"]["message"]
        text = joint_text(joint)
        loaded = executor.call("load", text=text)
        if loaded["unsupported"]:
            return "differs", "its graph does not run: " + loaded["unsupported"][0]["target"] + ": " + loaded["unsupported"][0]["reason"]
        inputs = {}
        tangents = iter(outputs)
        for i, placeholder in enumerate(p["name"] for p in joint["placeholders"]):
            inputs[placeholder] = tensors[i].detach() if i < len(tensors) else torch.ones_like(next(tangents))
        executor.bind("inputs", inputs)
        ran = executor.call("run", keep=True)
        if ran.get("failure"):
            return "differs", "its graph does not run: " + ran["failure"]["message"]
        executor.call("save")
        found = Tensors(executor.folder / "from_worker.safetensors")
    except StopIteration:
        return "refused", f"{len(joint['placeholders']) - len(tensors)} tangents for {len(outputs)} results that need a gradient"
    except RuntimeError as e:
        return "refused", str(e)
    returned = [item.strip() for item in joint["returned"].strip("()").split(",") if item.strip()]
    for i, expected in enumerate(right):
        if expected is None or returned[i] == "None":
            if expected is not None and expected.any():
                return "differs", f"gradient {i} is None"
            continue
        gradient = inputs[returned[i]] if returned[i] in inputs else found[returned[i]]
        if gradient.shape != expected.shape or gradient.dtype != expected.dtype:
            return "differs", f"gradient {i}: {gradient.dtype} {tuple(gradient.shape)}, PyTorch {expected.dtype} {tuple(expected.shape)}"
        if not expected.numel():
            continue
        a, b = gradient.double(), expected.detach().double()
        # What is zero by mathematics is rounding noise of tangents of ones.
        single = expected.dtype == torch.float32
        largest = b[b.isfinite()].abs().max().item() if b.isfinite().any() else 1
        bound = (1e-3 if single else 1e-7) * largest + (1e-6 if single else 1e-14)
        wrong = ~(((a - b).abs() <= bound) | (a == b) | (a.isnan() & b.isnan()))
        if wrong.any():
            return "differs", f"gradient {i}: {a[wrong][0].item()}, PyTorch {b[wrong][0].item()}"
    return "ran", ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executor")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--samples", type=int, default=2)
    parser.add_argument("--ops", default="")
    parser.add_argument("--dtypes", default=USUAL)
    parser.add_argument("--joint", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if options.joint and options.dtypes == USUAL:
        options.dtypes = "f32,f64"
    from torch.testing._internal.common_methods_invocations import op_db
    torch.set_num_threads(1)
    table = {name: collections.Counter() for name in options.dtypes.split(",")}
    reasons, untraced = collections.Counter(), collections.Counter()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        executor = Executor(options.executor, folder)
        facts = executor.start()
        for op in [op for op in op_db if options.ops in op.name][::options.every]:
            for name, counts in table.items():
                dtype = DTYPES[name]
                if dtype not in (op.supported_backward_dtypes("cpu") if options.joint else op.supported_dtypes("cpu")):
                    continue
                if options.joint and not op.supports_autograd:
                    continue
                try:
                    torch.manual_seed(0)
                    samples = []
                    for sample in op.sample_inputs("cpu", dtype, requires_grad=False):
                        samples.append(sample)
                        if len(samples) == options.samples:
                            break
                except Exception as e:  # a sample that needs what is not here (scipy)
                    untraced[f"samples: {type(e).__name__}"] += 1
                    continue
                for sample in samples:
                    try:
                        text, values = graph_of(op, sample)
                        tensor_file(values)
                    except Unwritable as e:
                        untraced[f"a value of {e}"] += 1
                        continue
                    except Exception as e:
                        untraced[f"make_fx: {type(e).__name__}"] += 1
                        continue
                    try:
                        what, why = judge_joint(executor, op, sample, text, values) if options.joint else judge(executor, text, values)
                        if what == "none":
                            continue
                    except Died as e:
                        what, why = "died", str(e)
                    counts[what] += 1
                    if what != "ran":
                        reasons[what, why.split("\n")[0][:150] if what == "refused" else f"{op.name}: {why[:150]}"] += 1
                        if options.verbose:
                            print(f"{what}: {op.name} {op.variant_test_name} {name}: {why[:300]}", flush=True)
        executor.stop()
    print(f"libtorch {facts['libtorch']}, {time.monotonic() - begin:.0f} s; not traced: {dict(untraced)}")
    print("| dtype | graphs | run | | suspicious or wrong | refused | died |\n|---|---|---|---|---|---|---|")
    short = False
    for name, counts in table.items():
        total = sum(counts.values())
        run = counts["ran"] + counts["differs"]
        short = short or counts["died"] or (counts["differs"] if options.joint else run < AIM[name] * total)
        print(f"| {name} | {total} | {run} | {100 * run / max(total, 1):.1f} % | {counts['differs']} | {counts['refused']} | {counts['died']} |")
    for (what, why), count in sorted(reasons.items(), key=lambda row: (row[0][0], -row[1], row[0][1])):
        print(f"{count:5} {what}: {why}")
    return 1 if short else 0


PROTOCOL = int(re.search(r"kProtocol = (\d+)", (pathlib.Path(__file__).parents[2] / "core/wire/protocol.h").read_text()).group(1))
if __name__ == "__main__":
    sys.exit(main())
