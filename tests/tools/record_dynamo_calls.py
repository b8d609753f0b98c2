#!/usr/bin/env python3
"""Writes tests/data/dynamo_calls.json: statements as Dynamo's graphs have them, and what PyTorch computes for them.

    record_dynamo_calls.py > tests/data/dynamo_calls.json

Needs PyTorch. A statement is Python, a node a line; `out` is its result. Inputs are those of tests/executor/tst_dynamo.cpp.
"""
import json
import math
import operator

import torch
import torch.nn.functional
from torch import device

STATEMENTS = """
out = torch.relu(x)
out = torch.nn.functional.relu(x, inplace = False)
out = torch.nn.functional.gelu(x)
out = torch._C._nn.gelu(x, approximate = 'tanh')
out = torch.nn.functional.silu(x, inplace = True)
out = torch.nn.functional.leaky_relu(x, 0.1)
out = torch.nn.functional.elu(x, alpha = 0.5)
out = torch.nn.functional.hardtanh(x, -1.0, 2.0)
out = torch.nn.functional.softplus(x)
out = torch._C._nn.softplus(x, 2, 20)
out = torch.nn.functional.softmax(x, dim = -1)
out = torch.nn.functional.softmax(x, 0, 3, torch.float64)
out = torch.nn.functional.log_softmax(x, dim = 1)
out = torch.softmax(x, -1)
out = x.softmax(dim = -1)
out = torch.log_softmax(x, 1)
out = torch._C._nn.linear(x, w)
out = torch.nn.functional.linear(x, w, v2)
out = torch.nn.functional.layer_norm(x, (3,), None, None, 1e-05)
out = torch.nn.functional.layer_norm(x, [3], weight = v, bias = v)
out = torch.nn.functional.group_norm(g, 2)
out = torch.nn.functional.batch_norm(x, None, None, None, None, True, 0.1, 1e-05)
out = torch.nn.functional.batch_norm(x, v, v2b, v, None, False)
out = torch.nn.functional.rms_norm(x, (3,), v)
out = torch.nn.functional.normalize(x, dim = 1)
out = torch.nn.functional.embedding(i, w, None, None, 2.0, False, False)
out = torch.nn.functional.embedding(i, w, padding_idx = 0)
out = torch.nn.functional.dropout(x, 0.5, False)
out = torch.nn.functional.dropout(x, p = 0.0, training = True)
out = torch.nn.functional.cross_entropy(x, t)
out = torch.nn.functional.cross_entropy(x, t, reduction = 'sum', label_smoothing = 0.1)
out = torch.nn.functional.nll_loss(x, t, reduction = 'none')
out = torch.nn.functional.mse_loss(x, x2)
out = torch.nn.functional.l1_loss(x, x2, reduction = 'sum')
out = torch.nn.functional.smooth_l1_loss(x, x2, beta = 0.5)
out = torch.nn.functional.binary_cross_entropy_with_logits(x, x2)
out = torch.nn.functional.pad(x, (1, 0))
out = torch.nn.functional.pad(x, [0, 1, 1, 0], 'constant', 2.0)
out = torch.nn.functional.max_pool2d(q, 2)
out = torch.nn.functional.adaptive_avg_pool2d(q, (1, 1))
out = torch._C._nn.avg_pool2d(q, 2, 1)
out = torch.nn.functional.scaled_dot_product_attention(h, h, h)
out = torch._C._nn.scaled_dot_product_attention(h, h, h, attn_mask = None, dropout_p = 0.0, scale = 0.5, is_causal = True)
out = torch.nn.functional.glu(g, 1)
out = torch.cat((x, x2), dim = -1)
out = torch.cat([x, x2])
out = torch.stack((x, x2), 1)
out = torch.where(b, x, x2)
out = torch.where(b, x, 0.5)
out = torch.addmm(v2, x, w2)
out = torch.bmm(h2, h2)
out = torch.matmul(x, w2)
out = torch.functional.einsum('ij,kj->ik', x, x2)
out = torch.einsum('ij,ij->i', x, x2)
out = torch.functional.norm(x, 2, 1)
out = x.norm()
out = x.norm(dim = 0, keepdim = True)
a = torch.functional.split(x, 2, dim = 1) && out = a[1]
out = torch.outer(v, v)
out = torch.maximum(x, x2)
out = torch.clamp(x, min = 0)
out = x.clamp(-1, 1)
out = torch.sum(x, dim = 0)
out = x.sum()
out = x.sum(-1, True)
out = x.sum(dim = (0, 1))
out = x.sum(axis = 1)
out = x.mean(-1, keepdim = True)
out = x.mean()
out = x.var(-1, unbiased = False)
out = x.std()
out = x.max()
a = torch.max(x, 1) && out = a[1]
out = torch.max(x, x2)
out = x.amax(dim = 0)
out = x.argmax(-1)
a = x.topk(2, -1) && out = a[0]
a = torch.sort(x, dim = 1) && out = a[1]
out = x.cumsum(-1)
out = torch.arange(4, device = device(type = 'cpu'))
out = torch.arange(1, 7, 2, dtype = torch.float32)
out = torch.ones(2, 3, dtype = torch.bool)
out = torch.zeros((2,))
out = torch.full((2, 2), 1.5)
out = torch.zeros_like(x)
out = torch.eye(2)
out = torch.tril(x)
out = x.triu(1)
out = torch.gather(x, dim = 1, index = t2)
out = x.scatter(1, t2, 9.0)
out = torch.outer(i, i)
out = x.masked_fill(b, -inf)
out = x.view(3, 2)
out = x.view(-1)
out = x.view((3, -1))
out = x.reshape(6)
out = x.view(torch.Size([3, 2]))
a = torch.functional.meshgrid(v, v2, indexing = 'xy') && out = a[0]
a = torch.functional.meshgrid([v, v2]) && out = a[1]
out = torch.tensor(3)
out = torch.tensor(0.5)
out = torch.tensor([1, 2, 3], dtype = torch.float64)
out = torch.tensor([True, False])
a = max(n, 3) && out = a * x
a = min(n, 3) && out = a * x
out = torch.nn.functional.threshold(x, 0.5, 2.0)
out = torch.nn.functional.celu(x, 0.5)
out = torch.nn.functional.selu(x)
out = torch.nn.functional.mish(x)
out = torch.nn.functional.relu6(x)
out = torch.nn.functional.hardswish(x)
out = torch.nn.functional.hardsigmoid(x)
out = torch.nn.functional.logsigmoid(x)
out = torch.nn.functional.instance_norm(g)
out = torch.nn.functional.kl_div(x, x2, reduction = 'sum')
a = x2 * 0.5 && out = torch.nn.functional.binary_cross_entropy(a, a)
out = torch.nn.functional.cosine_similarity(x, x2)
out = torch.nn.functional.alpha_dropout(x)
a = torch.ones(3, 3, dtype = torch.bool) && c = a.tril() && out = torch._C._nn.scaled_dot_product_attention(h, h, h, attn_mask = c)
a = h[0] && out = torch._C._nn.scaled_dot_product_attention(a, a, a)
out = x.reshape([3, 2])
a = x.transpose(0, 1) && out = a.contiguous()
out = x.permute(1, 0)
out = x.t()
out = x.T
out = x.mT
a = x.unsqueeze(0) && out = a.expand(2, -1, -1)
out = x.repeat(1, 2)
out = x.flatten()
out = x.squeeze()
a = x.chunk(3, 1) && out = a[2]
a = x.split(1) && out = a[1]
a = x.split([1, 2], dim = 1) && out = a[0]
a = x.unbind(0) && out = a[-1]
out = x.flip(0)
out = x.roll(1, 0)
out = x.to(torch.float64)
out = x.to(device(type = 'cpu'))
out = x.to(i)
out = x.to(torch.int64, copy = True)
out = x.to(device(type = 'cpu'), torch.bool)
out = x.float()
out = x.long()
a = i.float() && out = a / 2
out = x.type(torch.int32)
out = x.type_as(i)
out = i.double()
a = x.abs() && out = a.pow(2)
out = x.pow(2.0)
out = torch.pow(2, x)
out = x.new_ones((2,), dtype = torch.int64)
out = x.new_zeros(2, 1)
out = x.clone()
a = x.size(1) && out = a * i
a = x.size() && c = a[0] && out = c + i
a = x.shape && c = a[1] && out = c - i
a = x.dim() && out = a * i
a = x.numel() && out = a * i
a = i[0] && c = a.item() && out = c * x
out = x + x2
out = x + 1
out = 1 + x
out = 1 - x
out = x - x2
out = 2 * x
out = x * 0.5
out = 1 / x2
out = x / 2
out = i / 2
out = i // 2
out = 7 // i2
out = x % 2
out = 5 % i2
out = x ** 2
out = 2 ** i
out = x @ w2
out = -x
out = ~b
out = b & b2
out = b | b2
out = b ^ b2
out = i << 1
out = x == 1
out = x != x2
out = x < x2
out = 1 < x
out = x >= 0
out = i + 1.5
out = n * x
a = n // 2 && out = a + x
out = x[0]
out = x[-1]
out = x[(slice(None, None, None), 0)]
out = x[(Ellipsis, 1)]
out = x[None]
out = x[(slice(None, None, None), None, slice(None, None, None))]
out = x[(0, slice(1, None, None))]
out = x[(slice(None, None, None), slice(None, None, 2))]
out = x[b]
out = x[i]
out = x[[1, 0]]
out = x[(slice(None, None, None), i)]
out = x[(i, i)]
out = x[slice(0, n, None)]
out = x.index_select(1, i)
out = torch.linalg.vector_norm(x, 2, -1)
out = torch.special.expit(x)
a = torch.fft.fft(x) && out = a.real
out = torch._C._nn.one_hot(i, 4)
out = torch.isnan(x)
out = torch.logical_not(b)
out = torch.rsqrt(x2)
out = torch.square(x)
out = torch.diff(x, dim = 1)
out = torch.baddbmm(h2, h2, h2, beta = 0.5)
out = torch.lerp(x, x2, 0.5)
out = torch.addcmul(x, x, x2, value = 2)
out = torch.broadcast_to(v, (2, 3))
out = torch.conv1d(g, k, None, 1, 1)
y = x.clone() && y += 1;  iadd = y && out = y * 1
y = x.clone() && y *= x2;  imul = y && out = y * 1
y = x.clone() && y[0] = 5.0;  setitem = y && out = y * 1
y = x.clone() && y[(slice(None, None, None), 1)] = v2;  setitem = y && out = y * 1
y = x.clone() && y[b] = 0;  setitem = y && out = y * 1
y = x.clone() && z = y.add_(1) && out = y * z
y = x.clone() && z = y.copy_(x2) && out = y + 0
y = x.clone() && c = y.mul_(2) && z = c.view(-1) && out = y + 0
y = x.clone() && z = torch.nn.functional.relu(y, inplace = True) && out = y + 0
c = torch._C._set_grad_enabled(False) && out = x + 0
a = x.sum() && c = torch._assert(True, 'no') && out = a + 0
""".strip().split("\n")


def inputs():
    return {
        "x": torch.tensor([[0.5, -1.25, 2.0], [1.0, 0.75, -0.5]]),
        "x2": torch.tensor([[1.5, 0.25, 0.5], [1.0, 2.0, 0.125]]),
        "w": torch.tensor([[0.5, 1.0, -1.0], [2.0, 0.25, 0.0]]),
        "w2": torch.tensor([[0.5, 1.0], [-1.0, 2.0], [0.25, 0.0]]),
        "v": torch.tensor([1.0, 0.5, 2.0]), "v2": torch.tensor([3.0, -1.0]), "v2b": torch.tensor([1.0, 2.0, 4.0]),
        "g": torch.arange(8.0).reshape(1, 4, 2) / 4, "k": torch.arange(12.0).reshape(1, 4, 3) / 8,
        "q": torch.arange(16.0).reshape(1, 1, 4, 4), "h": torch.arange(12.0).reshape(1, 2, 3, 2) / 8,
        "h2": torch.arange(8.0).reshape(2, 2, 2) / 4,
        "i": torch.tensor([1, 0]), "i2": torch.tensor([2, 3]), "t": torch.tensor([2, 0]), "t2": torch.tensor([[2], [0]]),
        "b": torch.tensor([[True, False, True], [False, True, False]]),
        "b2": torch.tensor([[True, True, False], [False, True, True]]), "n": 1,
    }


def numbers(value):
    if isinstance(value, torch.Tensor):
        return [float(v) for v in value.flatten().tolist()]
    return [float(value)]


def main():
    rows = []
    for statement in STATEMENTS:
        statement = statement.replace(" && ", "\n")
        scope = dict(inputs(), torch=torch, device=device, inf=math.inf, operator=operator)
        exec(statement, scope)
        out = scope["out"]
        dtype = str(out.dtype).removeprefix("torch.") if isinstance(out, torch.Tensor) else type(out).__name__
        shape = list(out.shape) if isinstance(out, torch.Tensor) else []
        rows.append({"statement": statement, "dtype": dtype, "shape": shape,
                     "values": [v if math.isfinite(v) else str(v) for v in numbers(out)]})
    print(json.dumps({"torch": torch.__version__, "calls": rows}, indent=0))


if __name__ == "__main__":
    main()
