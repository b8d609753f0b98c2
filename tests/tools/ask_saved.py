"""Asks PyTorch what the forward of a workload keeps for its backward, to hold `hopscope memory` against it.

    python tests/tools/ask_saved.py FOLDER_OF_WORKLOADS gpt12 gpt12_flat …

The folder holds workloads.py (beside the recorded traces). Of each workload's compiled training step, the hooks of
torch.autograd.graph.saved_tensors_hooks see every tensor that autograd saves; storages of parameters, buffers and inputs
are alive anyway, all others are counted once.
"""
import sys

import torch


class Kept:
    def __init__(self):
        self.alive, self.kept, self.hold = set(), {}, []

    def know(self, tensor):
        self.alive.add(tensor.untyped_storage().data_ptr())
        self.hold.append(tensor)  # an address is not given away again while it is held

    def pack(self, tensor):
        storage = tensor.untyped_storage()
        self.hold.append(tensor)
        if storage.data_ptr() not in self.alive:
            self.kept[storage.data_ptr()] = storage.nbytes()
        return tensor


def tensors_around(fn):
    """Parameters and buffers that a function reaches: through its closure, its defaults and modules."""
    found, seen, todo = [], set(), [fn]
    while todo:
        x = todo.pop()
        if id(x) in seen:
            continue
        seen.add(id(x))
        if isinstance(x, torch.nn.Module):
            found += list(x.parameters()) + list(x.buffers())
            todo += [v for m in x.modules() for v in vars(m).values() if callable(v)]
        elif isinstance(x, torch.Tensor):
            found.append(x)
        elif isinstance(x, (list, tuple)):
            todo += x
        elif callable(x):
            todo += [c.cell_contents for c in (getattr(x, "__closure__", None) or ())]
    return found


def ask(workloads, name):
    kept = Kept()

    def train(rec, fn, *args, **kw):
        for tensor in tensors_around(fn) + [a for a in args if isinstance(a, torch.Tensor)]:
            kept.know(tensor)
        compiled = torch.compile(fn, backend="aot_eager", fullgraph=kw.pop("fullgraph", True), **kw)
        with torch.autograd.graph.saved_tensors_hooks(kept.pack, lambda x: x):
            out = compiled(*args)
        outs = out if isinstance(out, (tuple, list)) else (out,)
        sum(o.float().square().sum() for o in outs if isinstance(o, torch.Tensor) and o.requires_grad).backward()

    workloads.train = train
    torch.manual_seed(0)
    workloads.ALL[name](None)
    print(f"{name}: {sum(kept.kept.values())} bytes in {len(kept.kept)} storages", flush=True)


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    import workloads

    for name in sys.argv[2:]:
        ask(workloads, name)
