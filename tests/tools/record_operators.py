#!/usr/bin/env python3
"""Records what PyTorch computes for the operators that hopscope-executor composes where its libtorch lacks them.

    record_operators.py FOLDER

Needs PyTorch 2.13. Writes FOLDER/operators.txt.gz (a graph with a node for each case) and operators.safetensors.gz (the
values of all its nodes), and gradients.txt.gz and gradients.safetensors.gz: a forward body, its inputs, tangents
(`tangents_N`) and the gradients that autograd gives (`gradient/NAME`). Keys and metadata as in the recordings of whole
models. The same seed gives the same files on one machine.
"""
import gzip
import json
import operator
import pathlib
import struct
import sys

import torch
import torch._decomp
import torch._inductor.inductor_prims  # registers its prims
from torch import fx

aten, prims = torch.ops.aten, torch.ops.prims
DTYPES = {torch.float32: "F32", torch.float64: "F64", torch.bfloat16: "BF16", torch.float16: "F16", torch.int64: "I64",
          torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}


def write(path, values):
    header, meta, data = {}, {}, b""
    for name, value in values.items():
        if isinstance(value, (tuple, list)):
            meta[name] = {"items": len(value)}
            continue
        if not isinstance(value, torch.Tensor):
            meta[name] = {"python": type(value).__name__, "value": str(value)}
            continue
        dense = value.detach().contiguous()
        raw = dense.view(-1).view(torch.uint8).numpy().tobytes() if dense.numel() else b""
        header[name] = {"dtype": DTYPES[value.dtype], "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        meta[name] = {"dtype": str(value.dtype).removeprefix("torch."), "shape": [str(s) for s in value.shape],
                      "stride": [str(s) for s in value.stride()], "device": "cpu"}
        data += raw
    header["__metadata__"] = {"values": json.dumps(meta)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    compressed(path, struct.pack("<Q", len(text)) + text + data)


def compressed(path, data):
    with open(path, "wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        packed.write(data)


def rms_norm(input, shape, weight, eps):
    wide = input.float() if input.dtype in (torch.bfloat16, torch.float16) else input
    eps = torch.finfo(wide.dtype).eps if eps is None else eps
    scale = torch.rsqrt(wide.pow(2).mean([-1 - d for d in range(len(shape))], keepdim=True) + eps)
    normal = wide * scale
    return (normal if weight is None else normal * weight).to(input.dtype), scale


# PyTorch has no CPU kernel for these; its compiler puts other operators in their place.
BY_DECOMPOSITION = {
    aten._fused_rms_norm_backward.default: torch._decomp.decomposition_table[aten._fused_rms_norm_backward.default],
    aten._fused_rms_norm.default: rms_norm,
}


class Recorder:
    """A graph that is run while it is made."""

    def __init__(self):
        self.graph, self.values, self.outputs = fx.Graph(), {}, []
        self.last_placeholder = None

    def input(self, name, value):
        with self.graph.inserting_after(self.last_placeholder) if self.last_placeholder else self.graph.inserting_before():
            node = self.graph.placeholder(name)
        self.last_placeholder = node
        node.meta["val"] = value
        self.values[node.name] = value
        return node

    def call(self, target, *args, **kwargs):
        node = self.graph.call_function(target, args, kwargs)
        plain = fx.node.map_arg((args, kwargs), lambda n: self.values[n.name])
        value = BY_DECOMPOSITION.get(target, target)(*plain[0], **plain[1])
        self.values[node.name] = value
        if isinstance(value, torch.Tensor):
            node.meta["val"] = value
            self.outputs.append(node)
        elif isinstance(value, (tuple, list)):
            for i, item in enumerate(value):
                self.values[f"{node.name}#{i}"] = item
                if isinstance(item, torch.Tensor):
                    got = self.graph.call_function(operator.getitem, (node, i))
                    got.meta["val"] = self.values[got.name] = item
                    self.outputs.append(got)
        return node

    def text(self):
        if not any(n.op == "output" for n in self.graph.nodes):
            self.graph.output(tuple(self.outputs))
        module = fx.GraphModule(torch.nn.Module(), self.graph)
        return module.print_readable(print_output=False, include_stride=True, include_device=True)


def operators():
    r = Recorder()
    torch.manual_seed(1)
    f = lambda *s, **k: torch.randn(*s, **k)
    x = r.input("x", f(3, 4, 5))
    y = r.input("y", f(3, 4, 5))
    z = r.input("z", f(3, 4, 5).double())
    unit = r.input("unit", torch.rand(3, 4) * 1.8 - 0.9)
    positive = r.input("positive", torch.rand(3, 4) + 0.5)
    above = r.input("above", torch.rand(3, 4) + 1.5)
    b16 = r.input("b16", f(3, 4, 8).bfloat16())
    whole = r.input("whole", torch.randint(-9, 10, (3, 4)))
    nonzero = r.input("nonzero", torch.randint(1, 5, (3, 4)))
    small = r.input("small", torch.randint(-4, 5, (3, 4), dtype=torch.int8))
    flags = r.input("flags", torch.rand(3, 4, 5) > 0.4)
    rows = r.input("rows", torch.tensor([2, 0, 1, 2]))
    wild = r.input("wild", torch.tensor([2, 9, -8, 1]))
    inside = r.input("inside", torch.tensor([True, False, False, True]))
    four = r.input("four", f(4, 4, 5))
    image = r.input("image", f(2, 3, 4, 4))
    w3, b3 = r.input("w3", f(3)), r.input("b3", f(3))
    mean3, var3 = r.input("mean3", f(3)), r.input("var3", torch.rand(3) + 0.5)
    w5 = r.input("w5", f(5))
    w8 = r.input("w8", f(8).bfloat16())
    ones = r.input("ones", f(3, 1, 4, 1))
    q, k, v = (r.input(n, f(2, 3, 6, 8)) for n in ("q", "k", "v"))
    k1, v1 = r.input("k1", f(2, 1, 6, 8)), r.input("v1", f(2, 1, 6, 8))
    mask = r.input("mask", torch.rand(2, 1, 6, 6) > 0.3)
    left, right = (r.input(n, torch.randint(-9, 9, s, dtype=torch.int8)) for n, s in (("left", (17, 8)), ("right", (8, 16))))
    c = r.call

    # attention
    out = c(aten._scaled_dot_product_flash_attention_for_cpu.default, q, k, v, 0.0, True, scale=0.3)
    c(aten._scaled_dot_product_flash_attention_for_cpu.default, q, k, v)
    c(aten.scaled_dot_product_attention.default, q, k, v, mask)
    c(aten.scaled_dot_product_attention.default, q, k1, v1, None, 0.0, True, enable_gqa=True)
    parts = [n for n in r.graph.nodes if n.op == "call_function" and n.args[0] is out]
    c(aten._scaled_dot_product_flash_attention_for_cpu_backward.default, v, q, k, v, parts[0], parts[1], 0.0, True, scale=0.3)
    c(aten._safe_softmax.default, x, -1)
    # norms
    for args in ((x, [5], w5, 1e-5), (x, [4, 5], None, None), (b16, [8], w8, 1e-6), (z, [5], None, None)):
        done = c(aten._fused_rms_norm.default, *args)
        scale = [n for n in r.graph.nodes if n.op == "call_function" and n.args[0] is done][1]
        c(aten._fused_rms_norm_backward.default, args[0], args[0], args[1], scale, args[2], [True, args[2] is not None])
    c(aten.rms_norm.default, x, [5], w5)
    c(aten._native_batch_norm_legit_functional.default, image, w3, b3, mean3, var3, True, 0.1, 1e-5)
    c(aten._native_batch_norm_legit.no_stats, image, w3, b3, True, 0.1, 1e-5)
    c(aten._native_batch_norm_legit_no_training.default, image, w3, b3, mean3, var3, 0.1, 1e-5)
    c(aten._batch_norm_with_update_functional.default, image, w3, b3, mean3, var3, 0.1, 1e-5)
    no = c(aten._batch_norm_no_update.default, image, w3, b3, mean3, var3, 0.1, 1e-5)
    items = [n for n in r.graph.nodes if n.op == "call_function" and n.args[0] is no]
    c(aten.batch_norm_backward.default, image, image, w3, mean3, var3, items[1], items[2], False, 1e-5, [True, True, True], items[3])
    # indices
    c(aten._unsafe_index.Tensor, x, [None, rows])
    c(aten._unsafe_index_put.default, x, [None, rows], four_rows(r, x), True)
    c(aten._unsafe_index_put.default, x, [rows], four)
    c(aten._unsafe_masked_index.default, unit, inside, [wild], 7)
    c(aten._unsafe_masked_index.default, unit, inside, [None, wild], 0)
    c(aten._unsafe_masked_index_put_accumulate.default, unit, inside, [None, wild], positive)
    c(aten.masked_scatter_backward.default, x, flags, [4, 20])
    c(aten.nonzero_static.default, whole, size=15, fill_value=-3)
    c(aten.nonzero_static.default, whole, size=4)
    # others
    for over in (None, [0], [0, -1]):
        c(aten.any.dims, flags, over)
        c(aten.all.dims, flags, over, True)
    c(aten._is_all_true.default, flags)
    c(aten._is_any_true.default, flags)
    c(aten.squeeze.dims, ones, [1, 3, 0])
    c(aten.squeeze_copy.dims, ones, [-1])
    c(aten._reshape_copy.default, x, [4, 15])
    c(aten._prelu_kernel.default, unit, positive)
    c(aten._prelu_kernel_backward.default, above, unit, positive)
    c(aten._int_mm.default, left, right)
    # prims
    for name in ("abs", "asinh", "atan", "ceil", "cos", "cosh", "digamma", "erf", "erfc", "exp", "exp2", "expm1",
                 "floor", "isfinite", "lgamma", "neg", "reciprocal", "round", "sign", "signbit", "sin", "sinh", "tan", "tanh", "trunc",
                 "bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e", "bessel_j0", "bessel_j1", "erfcx", "cbrt"):
        c(getattr(prims, name).default, x)
    for name in ("acos", "asin", "atanh", "erf_inv", "ndtri"):
        c(getattr(prims, name).default, unit)
    for name in ("log", "log10", "log1p", "log2", "rsqrt", "sqrt"):
        c(getattr(prims, name).default, positive)
    c(prims.acosh.default, above)
    c(prims.bitwise_not.default, whole)
    for name in ("add", "sub", "mul", "atan2", "eq", "ne", "lt", "le", "gt", "ge", "fmax", "fmin", "fmod", "hypot", "maximum", "minimum",
                 "remainder", "div", "nextafter"):
        c(getattr(prims, name).default, x, y)
    for name in ("bitwise_and", "bitwise_or", "bitwise_xor", "gcd", "div"):
        c(getattr(prims, name).default, whole, nonzero)
    for name in ("igamma", "igammac", "pow"):
        c(getattr(prims, name).default, positive, above)
    c(prims.zeta.default, above, positive)
    c(prims.shift_left.default, whole, nonzero)
    c(prims.shift_right_arithmetic.default, whole, nonzero)
    c(prims.where.default, flags, x, y)
    c(prims.cat.default, [x, y], 1)
    c(prims.transpose.default, x, [2, 0, 1])
    c(prims.clone.default, x)
    c(prims.view_of.default, x)
    c(prims.rev.default, x, [0, 2])
    c(prims.reshape.default, x, [6, 10])
    c(prims.collapse.default, x, 0, 1)
    c(prims.collapse_view.default, x, 1, 2)
    c(prims.split_dim.default, x, 1, 2)
    c(prims.squeeze.default, ones, [1, 3])
    c(prims.broadcast_in_dim.default, w5, [2, 5, 3], [1])
    c(prims.convert_element_type.default, x, torch.bfloat16)
    c(prims.convert_element_type.default, x, torch.int32)
    c(prims.device_put.default, x, torch.device("cpu"))
    c(prims.iota.default, 5, start=2, step=3, dtype=torch.int32, device=torch.device("cpu"), requires_grad=False)
    c(prims.full.default, [2, 3], 1.5, dtype=torch.float64, device=torch.device("cpu"), requires_grad=False)
    c(prims.full_like.default, x, 2, dtype=torch.int64, device=torch.device("cpu"), requires_grad=False)
    c(prims.scalar_tensor.default, 3, dtype=torch.float32, device=torch.device("cpu"))
    c(prims.fill.default, x, 2.5)
    for over in ([0, 1, 2], [0, 2]):
        c(prims.sum.default, x, over)
        c(prims.prod.default, x, over)
        c(prims.amax.default, x, over)
        c(prims.amin.default, x, over)
        c(prims.var.default, x, over, 1.0)
    c(prims.var.default, x, [1], 0.0)
    c(prims.fma.default, x, y, x)
    c(prims.prepare_softmax_online.default, x, 1)
    c(prims.inductor_force_stride_order.default, x, [1, 15, 3])
    c(prims.inductor_lookup_seed.default, rows, 2)
    # Changed schemas: the correction is a number of any kind, the dimension may be left out.
    c(aten.var.correction, x, [1], correction=0)
    c(aten.var.correction, x, correction=1.0)
    c(aten.std.correction, x, [0, 1], correction=2.0, keepdim=True)
    c(aten.var_mean.correction, x, [2], correction=0, keepdim=True)
    c(aten.std_mean.correction, x, [2])
    return r


def four_rows(r, x):
    return r.call(aten.index_select.default, x, 1, r.graph_input("rows"))


Recorder.graph_input = lambda self, name: next(n for n in self.graph.nodes if n.name == name)


def gradients():
    r = Recorder()
    torch.manual_seed(2)
    f = lambda *s, **k: torch.randn(*s, **k).requires_grad_()
    q, k, v = (r.input(n, f(2, 3, 6, 8)) for n in ("q", "k", "v"))
    mask = r.input("mask", torch.rand(2, 1, 6, 6) > 0.3)
    x, w = r.input("x", f(3, 4, 5)), r.input("w", f(5))
    plain = r.input("plain", f(3, 4, 5))
    masked = r.input("masked", f(3, 5))
    image, w3, b3 = r.input("image", f(2, 3, 4, 4)), r.input("w3", f(3)), r.input("b3", f(3))
    mean3, var3 = r.input("mean3", torch.randn(3)), r.input("var3", torch.rand(3) + 0.5)
    unit, slope = r.input("unit", f(3, 4)), r.input("slope", f(3, 4))
    rows, wild = r.input("rows", torch.tensor([2, 0, 1, 2])), r.input("wild", torch.tensor([2, 9, -8, 1]))
    inside = r.input("inside", torch.tensor([True, False, False, True]))
    table, held = r.input("table", f(3, 6)), r.input("held", f(4, 6))
    cells = r.input("cells", f(4, 3))
    thin = r.input("thin", f(3, 1, 4, 1))
    a, b, cc = (r.input(n, f(3, 4)) for n in ("a", "b", "cc"))
    hidden = torch.zeros(3, 5)
    hidden[1] = float("-inf")
    hide = r.input("hide", hidden)
    c, chosen = r.call, []

    def keep(node, *items):
        chosen.extend([n for n in r.graph.nodes if n.op == "call_function" and n.args and n.args[0] is node][i] for i in items) if items else chosen.append(node)

    keep(c(aten._scaled_dot_product_flash_attention_for_cpu.default, q, k, v, 0.0, True), 0)
    keep(c(aten.scaled_dot_product_attention.default, q, k, v, mask))
    keep(c(aten._fused_rms_norm.default, x, [5], w, 1e-5), 0)
    keep(c(aten._fused_rms_norm.default, plain, [4, 5], None, None), 0)
    keep(c(aten._safe_softmax.default, c(aten.add.Tensor, masked, hide), -1))
    keep(c(aten._native_batch_norm_legit_functional.default, image, w3, b3, mean3, var3, True, 0.1, 1e-5), 0)
    keep(c(aten._prelu_kernel.default, unit, slope))
    keep(c(aten._unsafe_index.Tensor, table, [rows]))
    keep(c(aten._unsafe_index_put.default, table, [rows], held, True))
    keep(c(aten._unsafe_masked_index.default, cells, inside, [None, wild], 0))
    keep(c(aten.squeeze.dims, thin, [1, 3]))
    keep(c(prims.fma.default, a, b, cc))
    r.outputs = chosen
    text = r.text()
    outputs = [r.values[n.name] for n in chosen]
    tangents = [torch.randn_like(o) for o in outputs]
    inputs = [n for n in r.graph.nodes if n.op == "placeholder"]
    wanted = [n for n in inputs if r.values[n.name].requires_grad]
    found = torch.autograd.grad(outputs, [r.values[n.name] for n in wanted], tangents)
    values = {n.name: r.values[n.name] for n in inputs}
    values |= {f"tangents_{i}": t for i, t in enumerate(tangents)}
    values |= {f"gradient/{n.name}": g for n, g in zip(wanted, found)}
    return text, values


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    with torch.no_grad():
        recorded = operators()
    compressed(folder / "operators.txt.gz", recorded.text().encode())
    write(folder / "operators.safetensors.gz", recorded.values)
    text, values = gradients()
    compressed(folder / "gradients.txt.gz", text.encode())
    write(folder / "gradients.safetensors.gz", values)
    print(f"{len(recorded.values)} values, {sum(k.startswith('gradient/') for k in values)} gradients")


if __name__ == "__main__":
    main()
