#!/usr/bin/env python3
"""Runs made variants of the operators that hopscope-executor composes against PyTorch, and prints a table.

    attack_ops.py EXECUTOR [--only WORD] [--seed N] [--verbose]

EXECUTOR is hopscope-executor. Needs PyTorch 2.13 (CPU). For operators that PyTorch has for GPUs only (attention, grouped
and scaled products, RMS norm, ...) the right values are made here: attention by its definition in float64, with autograd's
gradients; others by PyTorch's own decompositions or by plain loops. Each variant is a graph of one operator; the executor
judges what it computes against the right values by the noise floor.

Printed: for each family how many variants agree, how many differ, are refused or end the executor; then those that do not
agree. Exit status 1 if any differs, is refused or dies.
"""
import argparse
import collections
import itertools
import math
import sys
import tempfile
import warnings

import torch
from torch import fx

from check_opdb import CODES, Died, Executor, tensor_file

warnings.filterwarnings("ignore")
aten, prims = torch.ops.aten, torch.ops.prims
CODES.update({torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2", torch.float8_e4m3fnuz: "F8_E4M3FNUZ",
              torch.float8_e5m2fnuz: "F8_E5M2FNUZ", torch.uint16: "U16", torch.uint32: "U32", torch.uint64: "U64"})
HALVES = (torch.bfloat16, torch.float16)


class Case:
    """One operator's call: named inputs, and what is right for those of its results that are compared."""

    def __init__(self, name, target, inputs, args, right, kwargs=None):
        self.name, self.target, self.inputs, self.args = name, target, inputs, args
        self.kwargs, self.right = kwargs or {}, right  # right: a tensor, or a list with None for what is not compared

    def text_and_values(self):
        graph, values, nodes = fx.Graph(), {}, {}
        for name, value in self.inputs.items():
            nodes[name] = graph.placeholder(name)
            nodes[name].meta["val"] = value
            values[name] = value
        named = lambda a: nodes[a[1:]] if isinstance(a, str) and a.startswith("$") else \
            [named(x) for x in a] if isinstance(a, list) else a
        node = graph.call_function(self.target, tuple(named(a) for a in self.args), {k: named(v) for k, v in self.kwargs.items()})
        if isinstance(self.right, torch.Tensor):
            node.meta["val"] = values[node.name] = self.right
            outputs = [node]
        else:
            values[node.name] = list(self.right)
            outputs = []
            for i, item in enumerate(self.right):
                if item is None:
                    continue
                got = graph.call_function(__import__("operator").getitem, (node, i))
                got.meta["val"] = item
                values[f"{node.name}#{i}"] = item
                values[got.name] = item
                outputs.append(got)
        graph.output(tuple(outputs))
        module = fx.GraphModule(torch.nn.Module(), graph)
        return module.print_readable(print_output=False, include_stride=True, include_device=True), values


def judge(executor, case):
    text, values = case.text_and_values()
    try:
        loaded = executor.call("load", text=text)
        if loaded["unsupported"]:
            return "refused", loaded["unsupported"][0]["reason"]
        executor.bind("inputs", values)
        executor.bind("reference", values)
        answer = executor.call("compare", alone=True)
    except RuntimeError as e:
        return "refused", str(e)
    except Died as e:
        return "died", str(e)
    if answer.get("failure"):
        return "refused", answer["failure"]["message"].split("\n")[0]
    bad = [row for row in answer["rows"] if not row["equal"]]
    strides = [row for row in answer["rows"] if row["strides"]]
    if bad:
        row = bad[0]
        return "differs", f"{row['name']} {row['verdict']} {row['reason']} {row['times']:.3g} floors at {row['worst']}: found " \
                          f"{row['found']}, expected {row['expected']}, exact {row['exact']}"
    compared = [row for row in answer["rows"] if row["verdict"] in ("same", "within_rounding")]
    if not compared:
        return "differs", "nothing was compared"
    if strides:
        return "strides", strides[0]["name"] + ": " + strides[0]["strides"]
    return "agrees", ""


# --- attention

def like(values, layout):
    """Of the same sizes and strides order as `layout`."""
    if values.shape == layout.shape:
        return torch.empty_like(layout).copy_(values)
    order = sorted(range(layout.dim()), key=lambda d: -layout.stride(d))
    made = torch.empty([values.size(d) for d in order], dtype=layout.dtype)
    back = [0] * len(order)
    for i, d in enumerate(order):
        back[d] = i
    return made.permute(back).copy_(values)


def attention(q, k, v, bias, causal, scale, empty):
    """Output, log-sum-exp and a function to gradients, in float64. causal: 'first', 'last' or None."""
    q, k, v = (t.double().detach().requires_grad_() for t in (q, k, v))
    b = bias.double().detach().requires_grad_() if bias is not None and bias.dtype != torch.bool else bias
    group = q.size(1) // k.size(1)
    scores = q @ k.repeat_interleave(group, 1).transpose(-2, -1) * (1 / math.sqrt(q.size(-1)) if scale is None else scale)
    hidden = torch.zeros(q.size(2), k.size(2), dtype=torch.bool)
    if causal:
        hidden = torch.ones_like(hidden).triu(1 + (k.size(2) - q.size(2) if causal == "last" else 0))
    if b is not None and b.dtype == torch.bool:
        hidden = hidden | ~b
    elif b is not None:
        scores = scores + b
    scores = scores.masked_fill(hidden, -math.inf)
    none = (scores == -math.inf).all(-1, keepdim=True)
    weights = torch.softmax(scores.masked_fill(none, 0), -1).masked_fill(none, 0)
    sums = torch.logsumexp(scores.masked_fill(none, 0), -1).masked_fill(none.squeeze(-1), empty)
    out = weights @ v.repeat_interleave(group, 1)

    def gradients(g):
        wanted = [q, k, v] + ([b] if b is not None and b.dtype != torch.bool else [])
        return torch.autograd.grad(out, wanted, g.double())

    return out.detach(), sums.detach(), gradients


def laid(tensor, layout):
    """(B, H, L, D) laid out as (B, L, H, D), or with a head dimension that is a part of a longer one."""
    if layout == "bshd":
        return tensor.transpose(1, 2).contiguous().transpose(1, 2)
    if layout == "packed":
        whole = torch.cat([tensor, tensor], -1)
        return whole[..., :tensor.size(-1)]
    return tensor


def attention_cases():
    shapes = [(1, 2, 2, 5, 5, 16, 16), (2, 4, 2, 7, 13, 32, 32), (2, 4, 1, 13, 7, 64, 64), (1, 8, 8, 1, 33, 128, 128),
              (1, 2, 2, 9, 9, 256, 256), (2, 3, 3, 40, 40, 24, 40)]
    masks = [None, "full", "rows", "columns", "heads", "batch", "one", "bool", "bool columns", "bool empty row"]
    for dtype, (i, shape), layout in itertools.product((torch.float32, torch.bfloat16, torch.float16), enumerate(shapes),
                                                        ("bhsd", "bshd", "packed")):
        b, h, hk, m, n, e, ev = shape
        q, k, v = (laid(torch.randn(*s).to(dtype), layout) for s in ((b, h, m, e), (b, hk, n, e), (b, hk, n, ev)))
        grad = laid(torch.randn(b, h, m, ev).to(dtype), layout)
        for scale, causal in ((None, False), (0.3, True)):
            label = f"{dtype} {shape} {layout} causal={causal} scale={scale}"
            for operator, align, empty in (("flash", "last", math.inf), ("cudnn", "first", -math.inf),
                                           ("efficient", "first", 0), ("fused_attention_overrideable", "first", -math.inf),
                                           ("flash_for_cpu", "first", 0)):
                if operator == "flash" and e != ev:
                    continue
                yield from attention_pair(operator, label, q, k, v, grad, None, causal and align, scale, empty)
    for mask, dtype in itertools.product(masks[1:], (torch.float32, torch.bfloat16)):
        b, h, m, n, e = 2, 4, 6, 10, 16
        q, k, v, grad = (torch.randn(*s).to(dtype) for s in ((b, h, m, e), (b, h, n, e), (b, h, n, e), (b, h, m, e)))
        size = {"full": (b, h, m, n), "rows": (b, h, m, 1), "columns": (1, 1, 1, n), "heads": (1, h, 1, n), "batch": (b, 1, 1, n),
                "one": (1, 1, 1, 1), "bool": (b, h, m, n), "bool columns": (b, 1, 1, n), "bool empty row": (1, 1, m, n)}[mask]
        bias = torch.rand(size) > 0.3 if mask.startswith("bool") else torch.randn(size).to(dtype)
        if mask == "bool":
            bias[..., 0] = True
        if mask == "bool columns":
            bias[..., 0] = True
        if mask == "bool empty row":
            bias[..., 2, :] = False
        for operator, empty in (("cudnn", -math.inf), ("efficient", 0), ("fused_attention_overrideable", -math.inf), ("flash_for_cpu", 0)):
            if operator in ("efficient",) and bias.dtype == torch.bool:
                continue
            yield from attention_pair(operator, f"{dtype} mask {mask}", q, k, v, grad, bias, None, None, empty)


def attention_pair(operator, label, q, k, v, grad, bias, causal, scale, empty):
    out, sums, gradients = attention(q, k, v, bias, causal, scale, empty)
    dq, dk, dv, *db = gradients(grad)
    dtype, inputs = q.dtype, {"q": q, "k": k, "v": v}
    given = None
    if bias is not None:
        inputs["bias"] = bias
        given = "$bias"
    saved = {"out": out.to(dtype), "sums": sums if dtype == torch.float64 else sums.float(), "grad": grad}
    keep = {"scale": scale} if scale is not None else {}
    heads_inside = lambda t: t.transpose(1, 2).contiguous().transpose(1, 2)
    family = f"attention {operator}"
    seeds = {"seed": torch.zeros((), dtype=torch.int64), "offset": torch.zeros((), dtype=torch.int64)}
    m, n = q.size(2), k.size(2)
    if operator == "flash":
        if bias is not None:
            return
        op = aten._scaled_dot_product_flash_attention
        yield Case(f"{family}: {label}", op.default, inputs, ["$q", "$k", "$v", 0.0, bool(causal), False],
                   [like(out, q).to(dtype), saved["sums"]], keep)
        yield Case(f"{family} backward: {label}", aten._scaled_dot_product_flash_attention_backward.default, {**inputs, **saved, **seeds},
                   ["$grad", "$q", "$k", "$v", "$out", "$sums", None, None, m, n, 0.0, bool(causal), "$seed", "$offset"],
                   [like(dq, q), like(dk, k), like(dv, v)], keep)
    elif operator == "cudnn":
        sums4 = saved["sums"].unsqueeze(-1)
        yield Case(f"{family}: {label}", aten._scaled_dot_product_cudnn_attention.default, inputs,
                   ["$q", "$k", "$v", given, True, 0.0, bool(causal), False], [like(out, q), sums4], keep)
        if bias is None or bias.dtype != torch.bool:
            yield Case(f"{family} backward: {label}", aten._scaled_dot_product_cudnn_attention_backward.default,
                       {**inputs, **saved, "sums": sums4, **seeds},
                       ["$grad", "$q", "$k", "$v", "$out", "$sums", "$seed", "$offset", given, None, None, m, n, 0.0, bool(causal)],
                       [like(dq, q), like(dk, k), like(dv, v)], keep)
    elif operator == "efficient":
        padded = torch.full((*sums.shape[:2], (m + 31) // 32 * 32), math.inf)
        padded[..., :m] = sums
        yield Case(f"{family}: {label}", aten._scaled_dot_product_efficient_attention.default, inputs,
                   ["$q", "$k", "$v", given, True, 0.0, bool(causal)], [heads_inside(out.to(dtype)), padded], keep)
        yield Case(f"{family} backward: {label}", aten._scaled_dot_product_efficient_attention_backward.default,
                   {**inputs, **saved, "sums": padded, **seeds},
                   ["$grad", "$q", "$k", "$v", given, "$out", "$sums", "$seed", "$offset", 0.0, [True, True, True, bool(db)], bool(causal)],
                   [heads_inside(t.to(dtype)) for t in (dq, dk, dv)] + ([padded_gradient(db[0], bias)] if db else []), keep)
    elif operator == "fused_attention_overrideable":
        yield Case(f"{family}: {label}", aten._scaled_dot_product_fused_attention_overrideable.default, inputs,
                   ["$q", "$k", "$v", given, 0.0, bool(causal), False], [like(out, q), saved["sums"]], keep)
        yield Case(f"{family} backward: {label}", aten._scaled_dot_product_fused_attention_overrideable_backward.default,
                   {**inputs, **saved, **seeds},
                   ["$grad", "$q", "$k", "$v", given, [True, True, True, bool(db)], "$out", "$sums", None, None, m, n, 0.0, bool(causal),
                    "$seed", "$offset"], [like(dq, q), like(dk, k), like(dv, v)] + ([like(db[0], bias)] if db else []), keep)
    else:
        if q.size(1) != k.size(1):
            return
        mask = {"attn_mask": given} if given else {}
        yield Case(f"{family}: {label}", aten._scaled_dot_product_flash_attention_for_cpu.default, inputs,
                   ["$q", "$k", "$v", 0.0, bool(causal)], [like(out, q), heads_inside(saved["sums"])], {**mask, **keep})
        yield Case(f"{family} backward: {label}", aten._scaled_dot_product_flash_attention_for_cpu_backward.default, {**inputs, **saved},
                   ["$grad", "$q", "$k", "$v", "$out", "$sums", 0.0, bool(causal)],
                   [heads_inside(t.to(dtype)) for t in (dq, dk, dv)], {**mask, **keep})


def padded_gradient(gradient, bias):
    sizes = list(bias.shape)
    sizes[-1] = (sizes[-1] + 15) // 16 * 16
    return torch.zeros(sizes, dtype=bias.dtype).narrow(-1, 0, bias.size(-1)).copy_(gradient)


def varlen_cases():
    for dtype, ends, causal, heads, window in itertools.product((torch.bfloat16, torch.float32), ([0, 3, 3, 10], [0, 5, 12]),
                                                                (False, True), ((4, 4), (4, 2)), (None, (2, 0))):
        h, hk = heads
        total, e, most = ends[-1], 16, max(b - a for a, b in zip(ends, ends[1:]))
        q, k, v, grad = (torch.randn(total, x, e).to(dtype) for x in (h, hk, hk, h))
        outs, sums, gq, gk, gv = [], [], [], [], []
        for a, b in zip(ends, ends[1:]):
            parts = [t[a:b].transpose(0, 1).unsqueeze(0) for t in (q, k, v, grad)]
            bias = None
            if window:
                i, j = torch.arange(b - a).unsqueeze(1), torch.arange(b - a)
                bias = ((j >= i - window[0]) & (j <= i + window[1])).view(1, 1, b - a, b - a)
            o, s, gradients = attention(*parts[:3], bias, "last" if causal else None, None, math.inf)
            d = gradients(parts[3])
            for to, t in zip((outs, gq, gk, gv), (o, *d[:3])):
                to.append(t[0].transpose(0, 1))
            sums.append(s[0])
        cum = torch.tensor(ends, dtype=torch.int32)
        out, lse = torch.cat(outs).to(dtype), torch.cat(sums, 1).float()
        inputs = {"q": q, "k": k, "v": v, "cum": cum}
        keep = {"window_size_left": window[0], "window_size_right": window[1]} if window else {}
        label = f"{dtype} {ends} causal={causal} heads={heads} window={window}"
        yield Case(f"varlen flash: {label}", aten._flash_attention_forward.default, inputs,
                   ["$q", "$k", "$v", "$cum", "$cum", most, most, 0.0, causal, False], [out, lse], keep)
        state = {"seed": torch.zeros(2, dtype=torch.int64), "offset": torch.zeros((), dtype=torch.int64)}
        yield Case(f"varlen flash backward: {label}", aten._flash_attention_backward.default,
                   {**inputs, "grad": grad, "out": out, "lse": lse, **state},
                   ["$grad", "$q", "$k", "$v", "$out", "$lse", "$cum", "$cum", most, most, 0.0, causal, "$seed", "$offset"],
                   [torch.cat(t).to(dtype) for t in (gq, gk, gv)], keep)


# --- products

def grouped_cases():
    def padded(values, dtype):
        row = (values.size(-1) * dtype.itemsize + 15) // 16 * 16 // dtype.itemsize
        whole = torch.zeros(*values.shape[:-1], row, dtype=dtype)
        return whole.narrow(-1, 0, values.size(-1)).copy_(values)

    for dtype, ends, columns in itertools.product((torch.bfloat16, torch.float32), ([4, 4, 9, 16], [0, 0, 16], [16], [3, 7, 12]), (8, 24)):
        g, total, inner = len(ends), 16, 16
        begins = [0] + ends[:-1]
        offs = torch.tensor(ends, dtype=torch.int32)
        label = f"{dtype} ends={ends} n={columns}"
        a, b = torch.randn(total, inner).to(dtype), torch.randn(g, inner, columns).to(dtype)
        right = torch.zeros(total, columns, dtype=torch.float64)
        for i, (x, y) in enumerate(zip(begins, ends)):
            right[x:y] = a[x:y].double() @ b[i].double()
        by_column = b.transpose(-2, -1).contiguous().transpose(-2, -1)
        for name, other in (("rows", b), ("columns", by_column)):
            yield Case(f"_grouped_mm 2d x 3d: {label} {name}", aten._grouped_mm.default, {"a": a, "b": other, "offs": offs},
                       ["$a", "$b", "$offs"], padded(right, dtype))
        c, d = torch.randn(g, 8, inner).to(dtype), torch.randn(inner, total).to(dtype)
        right = torch.zeros(8, total, dtype=torch.float64)
        for i, (x, y) in enumerate(zip(begins, ends)):
            right[:, x:y] = c[i].double() @ d[:, x:y].double()
        yield Case(f"_grouped_mm 3d x 2d: {label}", aten._grouped_mm.default, {"a": c, "b": d, "offs": offs}, ["$a", "$b", "$offs"],
                   padded(right, dtype))
        s, t = torch.randn(8, total).to(dtype), torch.randn(total, columns).to(dtype)
        right = torch.stack([s[:, x:y].double() @ t[x:y].double() for x, y in zip(begins, ends)])
        yield Case(f"_grouped_mm 2d x 2d: {label}", aten._grouped_mm.default, {"a": s, "b": t, "offs": offs}, ["$a", "$b", "$offs"],
                   padded(right, dtype))
        yield Case(f"_grouped_mm 3d x 3d: {label}", aten._grouped_mm.default, {"a": c, "b": b}, ["$a", "$b"],
                   padded(c.double() @ b.double(), dtype))


def scaled_cases():
    kinds = (torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz)
    for kind, out, rows, bias, fast in itertools.product(kinds, (torch.bfloat16, torch.float32, torch.float16, torch.float8_e4m3fn),
                                                         (False, True), (False, True), (False, True)):
        m, k, n = 16, 32, 24
        a, b = torch.randn(m, k).to(kind), torch.randn(n, k).to(kind).t()
        sa, sb = (torch.rand(m, 1) + 0.5, torch.rand(1, n) + 0.5) if rows else (torch.tensor(0.7), torch.tensor(1.3))
        inputs = {"a": a, "b": b, "sa": sa, "sb": sb}
        right = (a.double() @ b.double()) * sa.double() * sb.double()
        args = ["$a", "$b", "$sa", "$sb"]
        if bias:
            inputs["bias"] = torch.randn(n).bfloat16()
            args.append("$bias")
            right = right + inputs["bias"].double()
        yield Case(f"_scaled_mm: {kind} to {out} rows={rows} bias={bias} fast={fast}", aten._scaled_mm.default, inputs, args,
                   right.float().to(out), {"out_dtype": out, "use_fast_accum": fast})


# --- norms, softmax, pooling and others

def decomposed(target, *args, **kwargs):
    return torch._decomp.decomposition_table[target](*args, **kwargs)


def norm_cases():
    for dtype, weight, eps, width in itertools.product((torch.float32, torch.bfloat16, torch.float16, torch.float64), (None, "same", "f32"),
                                                       (None, 1e-6), ([32], [4, 8])):
        if weight == "f32" and dtype == torch.float32:
            continue
        x = torch.randn(3, 5, *width).to(dtype)
        w = None if weight is None else torch.randn(width).to(torch.float32 if weight == "f32" else dtype)
        wide = x.double()
        small = torch.finfo(torch.float64 if dtype == torch.float64 else torch.float32).eps if eps is None else eps
        rstd = (wide.pow(2).mean([-1 - d for d in range(len(width))], keepdim=True) + small).rsqrt()
        out = wide * rstd * (1 if w is None else w.double())
        inputs = {"x": x, **({} if w is None else {"w": w})}
        g_w = None if w is None else "$w"
        label = f"{dtype} weight={weight} eps={eps} over {width}"
        kept = rstd.to(torch.float64 if dtype == torch.float64 else torch.float32)
        yield Case(f"_fused_rms_norm: {label}", aten._fused_rms_norm.default, inputs, ["$x", width, g_w, eps], [out.to(dtype), kept])
        g = torch.randn_like(x)
        xx = wide.detach().requires_grad_()
        ww = w.double().detach().requires_grad_() if w is not None else None
        y = xx * (xx.pow(2).mean([-1 - d for d in range(len(width))], keepdim=True) + small).rsqrt() * (1 if ww is None else ww)
        found = torch.autograd.grad(y, [xx] + ([ww] if ww is not None else []), g.double())
        yield Case(f"_fused_rms_norm_backward: {label}", aten._fused_rms_norm_backward.default, {**inputs, "g": g, "r": kept},
                   ["$g", "$x", width, "$r", g_w, [True, w is not None]], [found[0].to(dtype)] + ([found[1].to(w.dtype)] if w is not None else []))
    for dtype, stats in itertools.product(HALVES, (torch.float32,)):
        x, w, b = torch.randn(4, 6, 16).to(dtype) + 3, torch.randn(16).to(dtype), torch.randn(16).to(dtype)
        mean = x.double().mean(-1, keepdim=True)
        rstd = (x.double().var(-1, keepdim=True, unbiased=False) + 1e-5).rsqrt()
        out = (x.double() - mean) * rstd * w.double() + b.double()
        yield Case(f"native_layer_norm: {dtype} float32 statistics", aten.native_layer_norm.default, {"x": x, "w": w, "b": b},
                   ["$x", [16], "$w", "$b", 1e-5], [out.to(dtype), mean.to(stats), rstd.to(stats)])
        g = torch.randn_like(x)
        leaves = [t.double().requires_grad_() for t in (x, w, b)]
        grads = torch.autograd.grad(torch.layer_norm(leaves[0], [16], leaves[1], leaves[2], 1e-5), leaves, g.double())
        yield Case(f"native_layer_norm_backward: {dtype}", aten.native_layer_norm_backward.default,
                   {"g": g, "x": x, "m": mean.to(stats), "r": rstd.to(stats), "w": w, "b": b},
                   ["$g", "$x", [16], "$m", "$r", "$w", "$b", [True, True, True]], [t.to(dtype) for t in grads])
        x = torch.randn(2, 8, 5).to(dtype) + 1
        w, b = torch.randn(8).to(dtype), torch.randn(8).to(dtype)
        split = x.double().view(2, 4, -1)
        mean, rstd = split.mean(-1), (split.var(-1, unbiased=False) + 1e-5).rsqrt()
        leaves = [t.double().requires_grad_() for t in (x, w, b)]
        out = torch.group_norm(leaves[0], 4, leaves[1], leaves[2], 1e-5)
        g = torch.randn_like(x)
        yield Case(f"native_group_norm: {dtype}", aten.native_group_norm.default, {"x": x, "w": w, "b": b},
                   ["$x", "$w", "$b", 2, 8, 5, 4, 1e-5], [out.detach().to(dtype), mean.to(stats), rstd.to(stats)])
        grads = torch.autograd.grad(out, leaves, g.double())
        yield Case(f"native_group_norm_backward: {dtype}", aten.native_group_norm_backward.default,
                   {"g": g, "x": x, "m": mean.to(stats), "r": rstd.to(stats), "w": w},
                   ["$g", "$x", "$m", "$r", "$w", 2, 8, 5, 4, [True, True, True]], [t.to(dtype) for t in grads])
    for dtype, training in itertools.product((*HALVES, torch.float32), (True, False)):
        x, w, b = torch.randn(4, 6, 5).to(dtype) + 1, torch.randn(6), torch.randn(6)
        rm, rv = torch.randn(6), torch.rand(6) + 0.5
        mean, var = (x.double().mean((0, 2)), x.double().var((0, 2), unbiased=False)) if training else (rm.double(), rv.double())
        rstd = (var + 1e-5).rsqrt()
        out = (x.double() - mean.view(1, -1, 1)) * (rstd * w.double()).view(1, -1, 1) + b.double().view(1, -1, 1)
        if not training:
            yield Case(f"_native_batch_norm_legit_no_training: {dtype}", aten._native_batch_norm_legit_no_training.default,
                       {"x": x, "w": w, "b": b, "rm": rm, "rv": rv}, ["$x", "$w", "$b", "$rm", "$rv", 0.1, 1e-5], [out.to(dtype)])
            continue
        n = x.numel() // 6
        new = [(0.9 * rm.double() + 0.1 * mean).float(), (0.9 * rv.double() + 0.1 * var * n / (n - 1)).float()]
        yield Case(f"_native_batch_norm_legit_functional: {dtype}", aten._native_batch_norm_legit_functional.default,
                   {"x": x, "w": w, "b": b, "rm": rm, "rv": rv}, ["$x", "$w", "$b", "$rm", "$rv", True, 0.1, 1e-5],
                   [out.to(dtype), mean.float(), rstd.float(), *new])


def softmax_cases():
    for dtype, dim, shape in itertools.product(HALVES, (-1, 0, 1), ((4, 7, 9), (1, 1, 3))):
        x = (torch.randn(shape) * 4).to(dtype)
        for name, log in (("_softmax", False), ("_log_softmax", True)):
            f = torch.log_softmax if log else torch.softmax
            y = f(x.double(), dim)
            label = f"{dtype} {shape} dim={dim}"
            yield Case(f"{name} half_to_float: {label}", getattr(aten, name).default, {"x": x}, ["$x", dim, True], y.float())
            leaf = x.double().requires_grad_()
            g = torch.randn(shape)
            right = torch.autograd.grad(f(leaf, dim), leaf, g.double())[0]
            yield Case(f"{name}_backward_data half_to_float: {label}", getattr(aten, name + "_backward_data").default,
                       {"g": g, "y": y.float()}, ["$g", "$y", dim, dtype], right.to(dtype))


def other_cases():
    import torch._inductor.inductor_prims  # noqa: F401  (registers its prims)
    for dtype, k, s, p, d in itertools.product((torch.float32, torch.bfloat16), ([3, 3], [2, 2]), ([1, 1], [2, 2], [2, 1]), ([0, 0], [1, 1]),
                                               ([1, 1], [2, 2])):
        for ceil in (False, True):
            x = torch.randn(2, 3, 9, 8).to(dtype)
            try:
                out, index = torch.nn.functional.max_pool2d(x, k, s, p, d, ceil, return_indices=True)
                right = prims._low_memory_max_pool_with_offsets.default(x, k, s, p, d, ceil)
            except Exception:
                continue
            label = f"{dtype} kernel={k} stride={s} padding={p} dilation={d} ceil={ceil}"
            yield Case(f"low memory max pool: {label}", prims._low_memory_max_pool_with_offsets.default, {"x": x}, ["$x", k, s, p, d, ceil],
                       list(right))
            yield Case(f"low memory max pool, indices: {label}", prims._low_memory_max_pool_offsets_to_indices.default, {"o": right[1]},
                       ["$o", k, [9, 8], s, p, d], index)
    a, b = torch.tensor(-1.5), torch.tensor(3.25)
    for op, steps, dtype in itertools.product((aten.linspace, aten.logspace), (1, 2, 7), (torch.float32, torch.float64, torch.int64)):
        for overload, args, inputs in (("Tensor_Tensor", ["$a", "$b", steps], {"a": a, "b": b}), ("Tensor_Scalar", ["$a", 3.25, steps], {"a": a}),
                                       ("Scalar_Tensor", [-1.5, "$b", steps], {"b": b})):
            plain = [inputs.get(x[1:]) if isinstance(x, str) else x for x in args]
            target = getattr(op, overload)
            yield Case(f"{op} {overload}: {steps} {dtype}", target, inputs, args, target(*plain, dtype=dtype), {"dtype": dtype})
    for dim, chunks in itertools.product((0, 1), (2, 3, 4)):
        tensors = [torch.randn(5, 4), torch.randn(5, 6), torch.randn(5, 3)] if dim == 1 else [torch.randn(5, 4), torch.randn(2, 4), torch.randn(3, 4)]
        try:
            right = aten._chunk_cat.default(tensors, dim, chunks)
        except RuntimeError:
            continue
        yield Case(f"_chunk_cat: dim={dim} chunks={chunks}", aten._chunk_cat.default, {f"t{i}": t for i, t in enumerate(tensors)},
                   [[f"$t{i}" for i in range(3)], dim, chunks], right)


def dtype_cases():
    bits = torch.arange(256, dtype=torch.uint8)
    special = [0.0, -0.0, math.inf, -math.inf, math.nan, 448.0, 449.0, 464.0, 465.0, 480.0, 57344.0, 61440.0, 61441.0, 65536.0, 240.0, 241.0,
               1e-9, 2.0 ** -10, 3 * 2.0 ** -10, 2.0 ** -17, 3 * 2.0 ** -18, -1e30, 1e30]
    for kind in (torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz):
        stored = bits.view(kind)
        for wide in (torch.float32, torch.bfloat16, torch.float16, torch.float64):
            yield Case(f"float8 widened: {kind} to {wide}", prims.convert_element_type.default, {"x": stored}, ["$x", wide], stored.to(wide))
        finite = stored.float()
        finite = finite[finite.isfinite()].sort().values
        between = torch.cat([(finite[1:] + finite[:-1]) / 2, finite, torch.tensor(special)])
        near = torch.cat([between, torch.nextafter(between, torch.tensor(math.inf)), torch.nextafter(between, torch.tensor(-math.inf))])
        for wide in (torch.float32, torch.bfloat16, torch.float16, torch.float64):
            x = near.to(wide)
            for name, target, args, keep in (("convert_element_type", prims.convert_element_type.default, ["$x", kind], {}),
                                             ("_to_copy", aten._to_copy.default, ["$x"], {"dtype": kind})):
                yield Case(f"float8 rounded: {wide} to {kind} by {name}", target, {"x": x}, args, x.to(kind), keep)
    for kind in (torch.uint16, torch.uint32, torch.uint64):
        top = torch.iinfo(kind).max
        x = torch.tensor([0, 1, 2, 255, 256, 65535, min(top, 2 ** 31), min(top, 2 ** 32 - 1), min(top, 2 ** 63 - 1)], dtype=torch.int64)
        yield Case(f"unsigned from int64: {kind}", aten._to_copy.default, {"x": x}, ["$x"], x.to(kind), {"dtype": kind})
        yield Case(f"unsigned to int64: {kind}", aten._to_copy.default, {"x": x.to(kind)}, ["$x"], x.to(kind).to(torch.int64), {"dtype": torch.int64})
        yield Case(f"unsigned to float64: {kind}", aten._to_copy.default, {"x": x.to(kind)}, ["$x"], x.to(kind).to(torch.float64), {"dtype": torch.float64})
        yield Case(f"unsigned view: {kind}", aten.view.default, {"x": x.to(kind)}, ["$x", [3, 3]], x.to(kind).view(3, 3))
        if kind == torch.uint64:
            big = torch.tensor([-1, -2 ** 63, 2 ** 63 - 1]).view(torch.uint64)
            yield Case(f"unsigned above int64 to float64: {kind}", aten._to_copy.default, {"x": big}, ["$x"], big.to(torch.float64),
                       {"dtype": torch.float64})
            yield Case(f"unsigned above int64 viewed: {kind}", aten.view.default, {"x": big}, ["$x", [3, 1]], big.view(3, 1))


def tf32_cases():
    def cut(x, nearest):
        bits = x.contiguous().view(torch.int32)
        if nearest:
            bits = bits + ((bits >> 13) & 1) + 0xFFF
        return (bits & ~0x1FFF).view(torch.float32)

    for nearest, size in itertools.product((True, False), (8, 64, 512)):
        a, b, c = torch.randn(16, size), torch.randn(size, 24), torch.randn(16, 24)
        right = cut(a, nearest).double() @ cut(b, nearest).double()
        how = "rounded" if nearest else "cut"
        yield Case(f"TF32 mm {how}: {size}", aten.mm.default, {"a": a, "b": b}, ["$a", "$b"], right.float())
        yield Case(f"TF32 addmm {how}: {size}", aten.addmm.default, {"c": c, "a": a, "b": b}, ["$c", "$a", "$b"], (right + c.double()).float())
        x, y = torch.randn(3, 16, size), torch.randn(3, size, 8)
        yield Case(f"TF32 bmm {how}: {size}", aten.bmm.default, {"a": x, "b": y}, ["$a", "$b"],
                   (cut(x, nearest).double() @ cut(y, nearest).double()).float())


FAMILIES = (attention_cases, varlen_cases, grouped_cases, scaled_cases, norm_cases, softmax_cases, other_cases, dtype_cases, tf32_cases)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executor")
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    table, bad = collections.defaultdict(collections.Counter), []
    with tempfile.TemporaryDirectory() as folder:
        executor = Executor(options.executor, folder)
        facts = executor.start()
        for family in FAMILIES:
            torch.manual_seed(options.seed)
            for case in family():
                if options.only not in case.name:
                    continue
                try:
                    what, why = judge(executor, case)
                except Exception as e:
                    what, why = "broken", f"{type(e).__name__}: {e}"
                table[case.name.split(":")[0]][what] += 1
                if what != "agrees":
                    bad.append(f"{what}: {case.name}: {why}")
                    if options.verbose:
                        print(bad[-1][:400], flush=True)
        executor.stop()
    columns = ("agrees", "strides", "differs", "refused", "died", "broken")
    print(f"libtorch {facts['libtorch']}, PyTorch {torch.__version__}")
    print("| family | variants | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 2))
    for name, counts in table.items():
        print(f"| {name} | {sum(counts.values())} | " + " | ".join(str(counts[c]) for c in columns) + " |")
    for line in bad:
        print(line[:300])
    return 1 if any(counts[c] for counts in table.values() for c in columns[2:]) else 0


if __name__ == "__main__":
    sys.exit(main())
