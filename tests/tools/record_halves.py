"""Record which backward node is the derivative of which forward one, as autograd knows it.

    TORCH_TRACE=OUT python record_halves.py OUT [NAME …]     (one process: PyTorch with a trace folder)
    python record_halves.py --check HOPSCOPE OUT              compares `hopscope halves` with the truth

Truth is the sequence number that autograd gives an operator and that FX keeps on the nodes of the joint graph
(torch/fx/traceback.py, node.meta["seq_nr"]); the backward node of the same number is its derivative. It is
read behind the partitioner, from the forward and the backward graph as they are written to the trace. No trace
has it: print_readable does not print it.
"""
import collections
import json
import subprocess
import sys
from pathlib import Path


def bodies(gm, path=""):
    yield path, gm
    for name, child in gm.named_children():
        if hasattr(child, "graph"):
            yield from bodies(child, f"{path}.{name}" if path else name)


def numbers(gm):
    out = {}
    for path, body in bodies(gm):
        out[path] = {n.name: n.meta.get("seq_nr") for n in body.graph.nodes if n.op in ("call_function", "call_method")}
    return out


def record(out, wanted):
    import torch
    from torch import nn
    import torch.nn.functional as F
    from torch._dynamo.backends.common import aot_autograd
    from torch._functorch.partitioners import default_partition, min_cut_rematerialization_partition

    truth = []

    class Block(nn.Module):
        def __init__(self, d=32, heads=4):
            super().__init__()
            self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
            self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
            self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)
            self.heads = heads

        def forward(self, x):
            b, t, d = x.shape
            q, k, v = (y.view(b, t, self.heads, d // self.heads).transpose(1, 2)
                       for y in self.qkv(self.n1(x)).split(d, dim=2))
            a = (q @ k.transpose(-2, -1)) * (d // self.heads) ** -0.5
            a = a.masked_fill(torch.ones(t, t, dtype=torch.bool).triu(1), float("-inf")).softmax(-1)
            x = x + self.proj((a @ v).transpose(1, 2).reshape(b, t, d))
            return x + self.down(F.gelu(self.up(self.n2(x))))

    class RMS(nn.Module):
        def __init__(self, d):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(d))

        def norm(self, x):
            return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)

        def forward(self, x):
            return (self.norm(x.float()) * (1.0 + self.weight.float())).type_as(x)

    class Gated(nn.Module):
        def __init__(self, d=32):
            super().__init__()
            self.norm, self.gate, self.up, self.down = RMS(d), nn.Linear(d, 64, False), nn.Linear(d, 64, False), nn.Linear(64, d, False)

        def forward(self, x):
            y = self.norm(x)
            return x + self.down(F.silu(self.gate(y)) * self.up(y))

    class Rotary(nn.Module):
        def __init__(self, d=32, heads=4):
            super().__init__()
            self.q, self.k, self.v, self.o = (nn.Linear(d, d, False) for _ in range(4))
            self.heads = heads

        def forward(self, x):
            b, t, d = x.shape
            q, k, v = (p(x).view(b, t, self.heads, -1).transpose(1, 2) for p in (self.q, self.k, self.v))
            pos = torch.arange(t, dtype=torch.float32)[:, None] * torch.arange(1, d // self.heads + 1)[None]
            cos, sin = pos.cos(), pos.sin()

            def turned(y):
                h = y.shape[-1] // 2
                return torch.cat((-y[..., h:], y[..., :h]), dim=-1)
            q, k = q * cos + turned(q) * sin, k * cos + turned(k) * sin
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            return x + self.o(y.transpose(1, 2).reshape(b, t, d))

    class Conv(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.bn, self.head = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Linear(8, 10)

        def forward(self, x):
            y = F.max_pool2d(F.relu(self.bn(self.conv(x))), 2)
            return F.log_softmax(self.head(y.mean((2, 3))), -1)

    class Odds(nn.Module):  # broadcasting, indexing, concatenation, a value used three times
        def __init__(self, d=16):
            super().__init__()
            self.table, self.a, self.b = nn.Embedding(20, d), nn.Parameter(torch.ones(1, d)), nn.Parameter(torch.ones(d, 1))

        def forward(self, ids, x):
            e = self.table(ids)
            y = torch.cat((e * self.a, torch.tanh(e) / (1 + x.abs())), -1)
            z = torch.where(y > 0, y, y.exp() - 1).unsqueeze(1).squeeze(1)
            w = torch.stack((z, z * 2, z.sigmoid()))
            return (w.sum(0)[:, :4] @ self.b[:4]).sqrt().clamp(min=0.1), w.amax(-1)

    x = torch.randn(2, 8, 32, requires_grad=True)
    programs = {
        "block": (Block(), (x,)),
        "two_blocks": (nn.Sequential(Block(), Block()), (x,)),
        "gated": (Gated(), (x,)),
        "gated_bf16": (Gated().bfloat16(), (x.detach().bfloat16().requires_grad_(),)),
        "rotary": (Rotary(), (x,)),
        "conv": (Conv(), (torch.randn(2, 3, 8, 8, requires_grad=True),)),
        "odds": (Odds(), (torch.randint(0, 20, (6,)), torch.randn(6, 16, requires_grad=True))),
        "region": None,
    }
    region = torch.compiler.nested_compile_region(lambda m, y: m(y))

    class Regions(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList(Block() for _ in range(3))

        def forward(self, y):
            for block in self.blocks:
                y = region(block, y)
            return y
    programs["region"] = (Regions(), (x,))

    for partition in (default_partition, min_cut_rematerialization_partition):
        for name, (model, args) in programs.items():
            if wanted and name not in wanted:
                continue
            torch._dynamo.reset()
            torch.manual_seed(0)

            def split(joint, *a, **k):
                forward, backward = partition(joint, *a, **k)
                truth.append({"name": f"{name}/{partition.__name__}", "forward": numbers(forward), "backward": numbers(backward)})
                return forward, backward
            backend = aot_autograd(fw_compiler=lambda gm, _: gm, partition_fn=split)
            result = torch.compile(model, backend=backend, fullgraph=True)(*args)
            results = result if isinstance(result, tuple) else (result,)
            sum(r.float().square().sum() for r in results).backward()
    Path(out, "truth_halves.json").write_text(json.dumps(truth))


def check(hopscope, out):
    truth = json.loads(Path(out, "truth_halves.json").read_text())
    found = json.loads(subprocess.run([hopscope, "graphs", out, "--json"], capture_output=True, check=True).stdout)
    backward_addresses = [a for a in addresses(found) if ":backward" in a]
    total = collections.Counter()
    for case in truth:
        for body, back in case["backward"].items():
            address = find(hopscope, out, backward_addresses, back)
            if not address:
                continue
            fw_body = body.replace("partitioned_bw", "partitioned_fw")
            forward = case["forward"].get(fw_body, {})
            answer = json.loads(subprocess.run([hopscope, "halves", out, "--at", address, "--json"], capture_output=True, check=True).stdout)
            by_number = collections.defaultdict(set)
            for name, number in forward.items():
                by_number[number].add(name)
            links = collections.defaultdict(list)
            for link in answer["links"]:
                links[link["backward"]].append(link)
            row = collections.Counter()
            for name, number in back.items():
                true = by_number.get(number, set())
                told = links.get(name, [])
                names = {link["forward"] for link in told}
                by = told[0]["by"] if told else "none"
                if name in forward:
                    kind = "again" if name in names else "again, not told" if not told else "again, told otherwise"
                elif not told:
                    kind = "none told"
                elif names & true:
                    kind = "right" if len(names) == 1 else "among several"
                elif not true:
                    kind = "no truth"
                else:
                    kind = "wrong"
                    if "-v" in sys.argv:
                        print("   ", case["name"], name, "told", sorted(names), "by", by, "truth", sorted(true))
                if kind == "none told" and "-v" in sys.argv:
                    print("   ", case["name"], name, "none; truth", sorted(true))
                row[kind] += 1
                total[kind, by] += 1
            print(f"{case['name'] + ' ' + body:50} {address:45} {sum(row.values()):4} nodes: " + ", ".join(f"{v} {k}" for k, v in sorted(row.items())))
    print("\nby what the link rests on:")
    for (kind, by), count in sorted(total.items()):
        print(f"  {kind:24} {by:40} {count}")


def addresses(value):
    if isinstance(value, dict):
        if isinstance(value.get("address"), str):
            yield value["address"]
        for v in value.values():
            yield from addresses(v)
    elif isinstance(value, list):
        for v in value:
            yield from addresses(v)


KNOWN = {}


def find(hopscope, out, candidates, back):
    """The body with these nodes; each is taken once."""
    for address in candidates:
        if address not in KNOWN:
            text = json.loads(subprocess.run([hopscope, "graph", out, "--at", address, "--json"], capture_output=True, check=True).stdout)
            KNOWN[address] = {n["name"] for n in text["nodes"] if n["op"] in ("call_function", "call_method")}
        if KNOWN[address] == set(back) and back:
            KNOWN[address] = set()
            return address
    return None


if sys.argv[1] == "--check":
    check(sys.argv[2], sys.argv[3])
else:
    record(sys.argv[1], sys.argv[2:])
