#!/usr/bin/env python3
"""Records small programs of nested compile regions, one for each reason that a cache decision can have.

    record_reasons.py OUT [NAME…]       OUT/NAME/trace/…log.gz, OUT/NAME/torch_logs.txt.gz (all without a NAME)

Each docstring says what the program does, and so what an explanation has to say. Wants PyTorch 2.13. Paths of the
installed PyTorch and of this script are made the same for every machine, and the sums of the payloads anew.
"""
import glob, gzip, hashlib, os, re, shutil, subprocess, sys

LOGS = "+hierarchical_compile,graph_code,aot_graphs,aot_joint_graph,recompiles,graph_breaks"
ALL = {}


def program(fn):
    ALL[fn.__name__] = fn
    return fn


def setup():
    global torch, nn, F, region
    import torch
    from torch import nn
    import torch.nn.functional as F
    from torch.compiler import nested_compile_region as region
    torch.manual_seed(0)
    torch.set_num_threads(1)


def compiled(fn, **kw):
    return torch.compile(fn, backend=kw.pop("backend", "aot_eager"), fullgraph=kw.pop("fullgraph", True), **kw)


def train(fn, *args, **kw):
    out = compiled(fn, **kw)(*args)
    outs = out if isinstance(out, (tuple, list)) else (out,)
    sum(o.float().square().sum() for o in outs if isinstance(o, torch.Tensor) and o.requires_grad).backward()


def leaf(*shape, **kw):
    return torch.randn(*shape, requires_grad=True, **kw)


@program
def dtypes():
    """call 1: float64; call 2: bfloat16, as half of the program does; call 3 as call 0."""
    f = region(lambda x: torch.sin(x) * 2)
    train(lambda a, b: (f(a), f(b), f(a.bfloat16()), f(a + 1)), leaf(4, 8), leaf(4, 8, dtype=torch.float64))


@program
def gradients():
    """call 1: the operand requires no gradient (an input that does not); call 2: detached; both share a body."""
    f = region(lambda x, w: torch.sin(x) * w)
    train(lambda a, b, w: (f(a, w), f(b, w), f(a.detach(), w), f(a + 1, w)), leaf(4, 8), torch.randn(4, 8), leaf(8))


@program
def device():
    """call 1: the operand is on another device (meta)."""
    f = region(lambda x: torch.sin(x) * 2)
    with torch.no_grad():
        compiled(lambda a, b: (f(a), f(b), f(a + 1)), backend="aot_eager")(torch.randn(4, 8), torch.randn(4, 8, device="meta"))


@program
def constants():
    """call 1: the integer is 3, not 2; call 2 hits; call 3: a bool; call 4: a string picks another operator."""
    def body(x, n, flag=False, how="sin"):
        y = torch.sin(x) if how == "sin" else torch.cos(x)
        return y * n + 1 if flag else y * n
    f = region(body)
    train(lambda x: (f(x, 2), f(x, 3), f(x, 2), f(x, 2, True), f(x, 2, False, "cos")), leaf(4, 8))


@program
def kwarg_order():
    """call 1: the keywords in another order; call 2: one of them by position."""
    f = region(lambda x, *, a, b: torch.sin(x) * a + b)
    g = region(lambda x, a: torch.sin(x) * a)
    train(lambda x, a, b: (f(x, a=a, b=b), f(x, b=b, a=a), g(x, a=a), g(x, a)), leaf(4, 8), leaf(8), leaf(8))


@program
def arguments():
    """call 1: a list of three where call 0 had two; call 2: None where a tensor was; call 3: one tensor twice."""
    def body(xs, y):
        return sum(torch.sin(x) for x in xs) if y is None else sum(torch.sin(x) for x in xs) + y
    f = region(body)
    train(lambda a, b: (f([a, b], a), f([a, b, a + 1], a), f([a, b], None), f([a, a], a)), leaf(4, 8), leaf(4, 8))


@program
def kinds():
    """call 1: a number where call 0 had a tensor; call 2: other count of plain arguments."""
    def body(x, y, z=None):
        return torch.sin(x) * y if z is None else torch.sin(x) * y + z
    f = region(body)
    train(lambda a, b: (f(a, b), f(a, 2.0), f(a, b, b + 1)), leaf(4, 8), leaf(4, 8))


@program
def symbols():
    """Sizes are symbols: call 1 takes the other tensor's size; call 2 the same size again."""
    f = region(lambda x, n: torch.sin(x) * n)
    train(lambda a, b: (f(a, a.shape[0]), f(a, b.shape[0]), f(a + 1, a.shape[0])), leaf(4, 8), leaf(6, 8), dynamic=True)


@program
def symbolic_shapes():
    """Sizes are symbols: call 1's tensor has another symbol, call 2's the same as call 0's, call 3's a sum of two."""
    f = region(lambda x: torch.sin(x) * 2)
    train(lambda a, b: (f(a), f(b), f(a * 2), f(torch.cat([a, b]))), leaf(4, 8), leaf(6, 8), dynamic=True)


@program
def module_attribute():
    """Layer 2 has another constant attribute (scale 3 where the others have 2), layer 3 no bias."""
    class Layer(nn.Module):
        def __init__(self, scale, bias=True):
            super().__init__()
            self.lin, self.scale = nn.Linear(8, 8, bias=bias), scale
        def forward(self, x):
            return torch.tanh(self.lin(x)) * self.scale
    layers = nn.ModuleList([Layer(2), Layer(2), Layer(3), Layer(2, bias=False), Layer(2)])
    f = region(lambda m, x: m(x))
    def model(x):
        for m in layers:
            x = f(m, x)
        return x
    train(model, leaf(4, 8))


@program
def module_training():
    """Layer 1 is in eval mode, the others train: dropout does nothing there."""
    layers = nn.ModuleList(nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.5)) for _ in range(3))
    layers[1].eval()
    f = region(lambda m, x: torch.tanh(m(x)))
    def model(x):
        for m in layers:
            x = f(m, x)
        return x
    train(model, leaf(4, 8))


@program
def module_sizes():
    """Layer 2 is wider inside: its weights have another shape, the operand x the same."""
    class Layer(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.up, self.down = nn.Linear(8, inner), nn.Linear(inner, 8)
        def forward(self, x):
            return self.down(torch.relu(self.up(x)))
    layers = nn.ModuleList([Layer(16), Layer(16), Layer(32), Layer(16)])
    f = region(lambda m, x: m(x))
    def model(x):
        for m in layers:
            x = f(m, x)
        return x
    train(model, leaf(4, 8))


@program
def frozen_layer():
    """Layer 1's weights require no gradient (it is frozen), those of the others do."""
    layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(4))
    layers[1].requires_grad_(False)
    f = region(lambda m, x: torch.tanh(m(x)))
    def model(x):
        for m in layers:
            x = f(m, x)
        return x
    train(model, leaf(4, 8))


@program
def mutated_source():
    """Between call 1 and call 2 the program writes the attribute that the region reads."""
    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin, self.scale = nn.Linear(8, 8), 2.0
        def forward(self, x):
            return torch.tanh(self.lin(x)) * self.scale
    m = Layer()
    f = region(lambda m, x: m(x))
    def model(x):
        x = f(m, x)
        x = f(m, x)
        m.scale = 3.0
        x = f(m, x)
        return f(m, x)
    train(model, leaf(4, 8))


@program
def side_effect():
    """The region appends to a list of the program's: no call is eligible for reuse, the bodies are equal."""
    seen = []
    def body(x):
        seen.append(1)
        return torch.sin(x) * 2
    f = region(body)
    train(lambda x: f(f(f(x))), leaf(4, 8))


@program
def dict_output():
    """The region returns a dict: no call is eligible for reuse, the bodies are equal."""
    f = region(lambda x: {"a": torch.sin(x), "b": x * 2})
    def model(x):
        d = f(x)
        e = f(d["a"] + d["b"])
        return e["a"] + e["b"]
    train(model, leaf(4, 8))


@program
def nested_output():
    """The region returns a tuple in a tuple: not eligible."""
    f = region(lambda x: (torch.sin(x), (x * 2, x + 1)))
    def model(x):
        a, (b, c) = f(x)
        d, (e, g) = f(a + b + c)
        return d + e + g
    train(model, leaf(4, 8))


@program
def unknown_argument():
    """A slice is an argument: its type takes no part in reuse, so that no call is eligible."""
    f = region(lambda x, s: torch.sin(x)[s])
    train(lambda x: (f(x, slice(0, 2)), f(x + 1, slice(0, 2)), f(x, slice(1, 3))), leaf(4, 8))


@program
def guard_limit():
    """Nine layers with nine values of an attribute: the ninth body is one too many."""
    class Layer(nn.Module):
        def __init__(self, scale):
            super().__init__()
            self.lin, self.scale = nn.Linear(8, 8), scale
        def forward(self, x):
            return torch.tanh(self.lin(x)) * self.scale
    layers = nn.ModuleList(Layer(float(i)) for i in range(10))
    f = region(lambda m, x: m(x))
    def model(x):
        for m in layers:
            x = f(m, x)
        return x
    train(model, leaf(4, 8))


@program
def two_entries():
    """The function's limit is two bodies (max_reuse_entries): the third shape is one too many."""
    f = region(lambda x: torch.sin(x) * 2, max_reuse_entries=2)
    train(lambda a, b, c: (f(a), f(b), f(c)), leaf(2, 8), leaf(3, 8), leaf(4, 8))


@program
def tangent_none():
    """Two outputs; of call 1 only one is used: its other tangent is not there."""
    f = region(lambda x, w: (torch.tanh(x @ w), torch.sin(x)))
    def model(x, w):
        a, b = f(x, w)
        c, _ = f(a, w)
        return (c * b).cos()
    train(model, leaf(4, 4), leaf(4, 4))


@program
def tangent_alias():
    """Two outputs; call 0's are added (one gradient for both), call 1's weighed apart: aliasing alone differs."""
    f = region(lambda x, w: (torch.tanh(x @ w), torch.sin(x @ w)))
    def model(x, y, w):
        a, b = f(x, w)
        c, d = f(y, w)
        return (a + b).cos(), (c * 2 + d * 3).cos()
    train(model, leaf(4, 4), leaf(4, 4), leaf(4, 4))


@program
def tangent_dtype():
    """The tangent of call 1 comes from a product in another layout: transposed strides."""
    f = region(lambda x, w: torch.tanh(x @ w))
    train(lambda x, y, w: (f(x, w).cos(), f(y, w).t().contiguous().cos(), f(x + 1, w).sum()), leaf(4, 6), leaf(4, 6), leaf(6, 6))


@program
def tangent_views():
    """Three layouts of one tangent: dense, expanded from a sum over rows, a slice of a wider gradient."""
    f = region(lambda x, w: torch.tanh(x @ w))
    def model(x, w):
        a, b, c = f(x, w), f(x + 1, w), f(x + 2, w)
        return a.cos(), b.sum(0), torch.cat([c, x], 1).cos()
    train(model, leaf(4, 6), leaf(6, 6))


@program
def hash_key():
    """The user's hash function: keys 1, 2, 1."""
    f = region(lambda x, n: torch.sin(x) * n, reuse_hash_fn=lambda x, n: n)
    train(lambda x: (f(x, 1), f(x, 2), f(x + 1, 1)), leaf(4, 8))


@program
def hash_too_coarse():
    """The user's hash function gives one key for all; call 1 has another constant and gets call 0's body."""
    f = region(lambda x, n: torch.sin(x) * n, reuse_hash_fn=lambda x, n: 7)
    train(lambda x: (f(x, 1), f(x, 5), f(x + 1, 1)), leaf(4, 8))


@program
def hash_other_shape():
    """One key for all, but the tensors have other shapes: the call gets a body of another shape."""
    f = region(lambda x: torch.sin(x) * 2, reuse_hash_fn=lambda x: 7)
    with torch.no_grad():
        compiled(lambda a, b: (f(a), f(b)))(torch.randn(4, 8), torch.randn(6, 8))


@program
def hash_same_body():
    """The hash function tells apart what is one body: keys 1 and 2, equal bodies."""
    f = region(lambda x, n: torch.sin(x) * 2, reuse_hash_fn=lambda x, n: n)
    train(lambda x: (f(x, 1), f(x, 2), f(x + 1, 1)), leaf(4, 8))


@program
def nested_miss():
    """A region in a region: the inner one misses on a shape inside the outer's first body; the outer's second
    call has another dtype, so that all is traced again."""
    inner = region(lambda x: torch.sin(x) * 2)
    def body(x):
        return inner(x).sum() + inner(x[:2]).sum() + inner(x + 1).sum()
    outer = region(body)
    train(lambda a, b: (outer(a), outer(b), outer(a + 1)), leaf(4, 8), leaf(4, 8, dtype=torch.float64))


@program
def recompiled_miss():
    """Compiled twice for another size; in each compilation one call misses on strides."""
    f = region(lambda x: torch.sin(x) * 2)
    fn = compiled(lambda x: (f(x), f(x.t()), f(x + 1)), dynamic=False)
    for n in (4, 5):
        sum(y.sum() for y in fn(leaf(n, 8))).backward()


@program
def mutated_input():
    """The region writes into its operand, without gradients."""
    f = region(lambda x: x.add_(1).sin())
    with torch.no_grad():
        compiled(lambda a: (f(a), f(a)))(torch.randn(4, 8))


@program
def mutated_input_train():
    """The region writes into its operand while training: AOTAutograd refuses."""
    f = region(lambda x, y: y.add_(1) * x)
    train(lambda x, y: f(f(x, y), y), leaf(4, 8), torch.randn(4, 8))


@program
def view_output():
    """The region returns a view of its operand."""
    f = region(lambda x: x.view(8, 4))
    train(lambda x: f(x * 2) + f(x * 3), leaf(4, 8))


@program
def break_inside():
    """A graph break in the region."""
    def body(x):
        torch._dynamo.graph_break()
        return torch.sin(x) * 2
    f = region(body)
    train(lambda x: f(f(x)), leaf(4, 8), fullgraph=False)


@program
def data_dependent():
    """The region's number of rows depends on its data: .nonzero()."""
    f = region(lambda x: torch.sin(x[x[:, 0] > 0]))
    train(lambda x: f(x).sum() + f(x + 1).sum(), leaf(4, 8))


@program
def global_constant():
    """The region reads a global; between two compilations it changes."""
    global SCALE
    SCALE = 2.0
    f = region(lambda x: torch.sin(x) * SCALE)
    fn = compiled(lambda x: f(f(x)))
    fn(leaf(4, 8)).sum().backward()
    SCALE = 3.0
    fn(leaf(4, 8)).sum().backward()


@program
def export_strict():
    """torch.export in strict mode of three calls."""
    f = region(lambda x: torch.sin(x) * 2)
    class M(nn.Module):
        def forward(self, x):
            return f(f(f(x)))
    torch.export.export(M(), (torch.randn(4, 8),), strict=True)


@program
def export_not_strict():
    """torch.export in non-strict mode of three calls, single-use regions kept."""
    torch._dynamo.config.inline_single_use_invoke_subgraph = False
    f = region(lambda x: torch.sin(x) * 2)
    class M(nn.Module):
        def forward(self, x):
            return f(f(f(x)))
    torch.export.export(M(), (torch.randn(4, 8),), strict=False)


@program
def cache_bypass():
    """Inductor with an operator that AOTAutograd's cache does not take (an autograd function of the user's)."""
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2
        @staticmethod
        def backward(ctx, g):
            return g * 2
    f = region(lambda x: torch.sin(x) * 2)
    def model(x):
        y = f(f(x))
        return torch.ops.higher_order.cond(y.sum() > 0, lambda z: z.sin(), lambda z: z.cos(), (y,)) if False else Twice.apply(y)
    train(model, leaf(4, 8), backend="inductor")


@program
def cache_bypass_tensor_subclass():
    """Inductor and a backend option that its cache refuses: custom passes without a uuid."""
    import torch._inductor.config as config
    config.post_grad_custom_post_pass = lambda graph: None
    f = region(lambda x: torch.sin(x) * 2)
    train(lambda x: f(f(x)), leaf(4, 8), backend="inductor")


@program
def no_gradient_inference():
    """Inference: the layers after a miss on dtype; an inference graph."""
    f = region(lambda x: torch.sin(x) * 2)
    with torch.no_grad():
        compiled(lambda a, b: (f(a), f(b.half()), f(a + 1)))(torch.randn(4, 8), torch.randn(4, 8))


@program
def method_region():
    """The region is the forward of a module class (a method), called by four layers; layer 3 is transposed."""
    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(8, 8)
        @region
        def forward(self, x):
            return torch.tanh(self.lin(x))
    layers = nn.ModuleList(Layer() for _ in range(4))
    def model(x):
        for i, m in enumerate(layers):
            x = m(x.t().contiguous().t() if i == 3 else x)
        return x
    train(model, leaf(4, 8))


@program
def region_twice():
    """Two regions of which one calls the same module's code by two functions: near misses of one class."""
    def gelu_block(x, w): return F.gelu(x @ w)
    def tanh_block(x, w): return F.gelu(x @ w, approximate="tanh")
    f, g = region(gelu_block), region(tanh_block)
    train(lambda x, w: g(f(g(f(x, w), w), w), w), leaf(8, 8), leaf(8, 8))


def with_plain_paths(text, folder):
    packages = os.path.dirname(os.path.dirname(subprocess.run(
        [sys.executable, "-c", "import torch; print(torch.__file__)"], stdout=subprocess.PIPE, text=True).stdout.strip()))
    for path, plain in ((packages, "/usr/lib/python3/site-packages"),
                        (os.path.dirname(os.path.abspath(__file__)), "/home/dev/regions"),
                        (os.path.abspath(folder), "/home/dev/regions")):
        text = text.replace(path, plain)
    return text


def with_new_sums(trace):
    """The md5 of each record's payload: its lines without the leading tab."""
    out, payload = [], []

    def close():
        if payload and out:
            digest = hashlib.md5("\n".join(payload).encode()).hexdigest()
            out[-1] = re.sub(r'"has_payload": "[0-9a-f]{32}"', f'"has_payload": "{digest}"', out[-1])
        out.extend("\t" + line for line in payload)
        payload.clear()

    for line in trace.split("\n"):
        if line.startswith("\t"):
            payload.append(line[1:])
        else:
            close()
            out.append(line)
    close()
    return "\n".join(out)


def pack(path, folder, is_trace):
    with open(path) as f:
        text = with_plain_paths(f.read(), folder)
    with open(path + ".gz", "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as f:
        f.write((with_new_sums(text) if is_trace else text).encode())
    os.remove(path)


def record(out, name):
    folder = os.path.join(out, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "trace"))
    environment = dict(os.environ, TORCH_TRACE=os.path.join(folder, "trace"), TORCH_LOGS=LOGS,
                       TORCHINDUCTOR_FORCE_DISABLE_CACHES="0" if name.startswith("cache") else "1",
                       TORCHINDUCTOR_CACHE_DIR=os.path.join(folder, "cache"))
    with open(os.path.join(folder, "torch_logs.txt"), "w") as log:
        done = subprocess.run([sys.executable, __file__, "--run", name], env=environment, stderr=log, stdout=subprocess.PIPE, text=True)
    shutil.rmtree(os.path.join(folder, "cache"), ignore_errors=True)
    pack(os.path.join(folder, "torch_logs.txt"), folder, False)
    for path in glob.glob(os.path.join(folder, "trace", "*.log")):
        pack(path, folder, True)
    print(name, done.stdout.strip()[:200], flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "--run":
        setup()
        try:
            ALL[sys.argv[2]]()
            print("ok")
        except Exception as e:
            print(type(e).__name__, str(e)[:160].replace("\n", " "))
    else:
        for name in sys.argv[2:] or ALL:
            record(sys.argv[1], name)
