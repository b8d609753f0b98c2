"""make_pt2.py FOLDER

Writes the archives of tests/data/pt2 with torch.export, and beside each NAME.txt, the text that PyTorch prints of it:
the same graph in another form. `old` is in the layout from before PyTorch 2.8."""
import io, sys, zipfile
import torch
from torch import nn
from torch.export import Dim, export, save
from torch._export.serde.serialize import serialize


class Dynamic(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(8, 4)
        self.register_buffer("n", torch.ones(4))
        self.register_buffer("m", torch.full((4,), 0.5), persistent=False)
        self.c = torch.arange(4.0)

    def forward(self, x, k: int, *, y=None):
        h = self.l(x) * self.n + self.m + self.c
        a, b = torch.split(h, 2, dim=1)
        v, i = torch.max(a, dim=1)
        z = torch.zeros(x.shape[0] * 2, dtype=torch.int64)
        return {"o": h.view(-1)[: x.shape[0] + 1], "v": v, "z": z + k, "b": b.reshape(2 * x.shape[0]), "y": y * 2}


class Mutating(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("n", torch.zeros(3))
        self.w = nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))
        self.t = self.w

    def forward(self, x):
        self.n.add_(1)
        return x + self.n * self.w + self.t


class Branches(nn.Module):
    def forward(self, x):
        t = lambda x: x.sin() + 1
        f = lambda x: x.cos() - float("inf")
        y = torch.cond(x.sum() > 0, t, f, (x,))
        z = torch.cond(x.sum() < 0, t, f, (y,))
        n = x.max().to(torch.int64).item()
        torch._check(n >= 0)
        return z, torch.zeros(n)


class Arguments(nn.Module):
    def forward(self, x):
        a = torch.full((2, 3), 1e-7, dtype=torch.bfloat16)
        b = torch.full((2,), float("-inf"))
        c = x.to(torch.float16).contiguous(memory_format=torch.channels_last)
        d = torch.clamp(x, min=None, max=1e16)
        e = torch.nn.functional.gelu(x, approximate="tanh")
        f = x[:, 0, 1:, ::2]
        g = torch.einsum("abcd,abce->de", x, x)
        h = x[torch.tensor([0]), :, torch.tensor([1])]
        k = torch.topk(x, 2, dim=-1)
        l = torch.zeros(2, dtype=torch.complex64) * 1j
        return a, b, c, d, e, f, g, h, k[0], l


class Loops(nn.Module):
    def forward(self, x):
        i, y = torch._higher_order_ops.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), (torch.tensor(0), x))
        carry, ys = torch._higher_order_ops.scan(lambda c, x: (c + x, c * x), x[0], x)
        return y, carry, ys


def put(folder, name, program):
    save(program, f"{folder}/{name}.pt2")
    open(f"{folder}/{name}.txt", "w").write(str(program))


def main(folder):
    torch.manual_seed(0)
    dynamic = export(
        Dynamic(), (torch.randn(6, 8), 3), {"y": torch.randn(3)},
        dynamic_shapes={"x": {0: Dim("bs", min=2, max=64)}, "k": None, "y": {0: Dim.AUTO}})
    put(folder, "dynamic", dynamic)
    put(folder, "mutating", export(Mutating(), (torch.randn(3),)))
    put(folder, "branches", export(Branches(), (torch.randn(5),)))
    put(folder, "arguments", export(Arguments(), (torch.randn(2, 3, 4, 4),)))
    put(folder, "loops", export(Loops(), (torch.randn(4, 3),)))
    parts = serialize(dynamic)
    with zipfile.ZipFile(f"{folder}/old.pt2", "w") as z:
        z.writestr("version", "8.6")
        z.writestr("serialized_exported_program.json", parts.exported_program)
        z.writestr("serialized_state_dict.pt", parts.state_dict)
        z.writestr("serialized_constants.pt", parts.constants)
        z.writestr("serialized_example_inputs.pt", parts.example_inputs)


main(sys.argv[1])
