#!/usr/bin/env python3
"""Writes the torch.save files of tests/data/pt, with PyTorch itself: `make_pt.py FOLDER`. Not run by the tests.

Beside each NAME.pt stands NAME.json: what torch.load gives back, as the tests compare it.
"""
import collections
import json
import pathlib
import sys

import torch


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
        self.scale = torch.nn.Parameter(torch.tensor([2.0, -1.0]))
        self.scale.note = "kept with the parameter"


class Opaque:
    def __init__(self):
        self.why = "a class of the user's own"


def cases():
    torch.manual_seed(0)
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    yield "views", {
        "whole": base,
        "transposed": base.t(),
        "slice": base[1:3, 2:5],
        "every_other": base[:, ::2],
        "row": base[2],
        "element": base[3, 5],
        "expanded": base[:, :1].expand(4, 3),
        "diagonal": torch.diagonal(base),
        "empty": base[4:],
    }
    numbers = {}
    for dtype in (
        torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
        torch.uint8, torch.bool, torch.complex64,
    ):
        numbers[str(dtype).removeprefix("torch.")] = torch.tensor([0, 1, 2, 100]).to(dtype)
    numbers["float8_e4m3fn"] = torch.tensor([0.0, 1.0, -2.0]).to(torch.float8_e4m3fn)
    numbers["float8_e5m2"] = torch.tensor([0.0, 1.0, -2.0]).to(torch.float8_e5m2)
    yield "dtypes", numbers
    model = Model()
    yield "state_dict", {"model": model.state_dict(), "epoch": 3, "lr": 1e-3, "done": False, "best": None}
    yield "ordered", collections.OrderedDict(x=torch.ones(2, 3), y=torch.zeros(3, dtype=torch.int64))
    yield "list", [8, torch.ones(2, 8), None, torch.arange(3), 2.5, True]
    yield "tuple", (torch.ones(2), (torch.zeros(3), {"k": torch.full((1,), 7)}))
    yield "tensor", torch.arange(6.0).reshape(2, 3)
    yield "parameter", torch.nn.Parameter(torch.ones(2, 2))
    yield "odd", {
        "plain": torch.ones(2),
        "sparse": torch.eye(2).to_sparse(),
        "conjugated": torch.tensor([1 + 2j]).conj(),
        "big": 1 << 80,
        "minus": -5,
        "far": -(1 << 40),
        "text": "words",
        "size": torch.Size([2, 3]),
        "dtype": torch.float32,
        "device": torch.device("cpu"),
        "object": Opaque(),
        "meta": torch.empty(2, device="meta"),
        7: torch.full((1,), 7.0),
    }


def described(value, name=""):
    """Leaves by their dotted paths, in torch.load's order."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from described(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        for i, item in enumerate(value):
            yield from described(item, f"{name}.{i}" if name else str(i))
    elif isinstance(value, torch.Size):
        for i, item in enumerate(value):
            yield {"name": f"{name}.{i}", "python": "int", "value": str(item)}
    elif isinstance(value, torch.Tensor) and value.layout == torch.strided and value.device.type == "cpu" and not value.is_conj():
        plain = value.detach()
        yield {
            "name": name,
            "dtype": str(plain.dtype).removeprefix("torch."),
            "shape": list(plain.shape),
            "stride": list(plain.stride()),
            "bytes": plain.contiguous().view(torch.uint8).numpy().tobytes().hex() if plain.dim() else plain.reshape(1).view(torch.uint8).numpy().tobytes().hex(),
        }
    elif value is None or isinstance(value, (bool, int, float)) and abs(value or 0) < 1 << 63:
        yield {"name": name, "python": type(value).__name__, "value": str(value)}
    else:
        yield {"name": name, "opaque": True}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in cases():
        torch.save(value, folder / f"{name}.pt")
        truth = list(described(torch.load(folder / f"{name}.pt", weights_only=False)))
        (folder / f"{name}.json").write_text(json.dumps(truth, indent=1) + "\n")
    torch.save({"x": torch.ones(2)}, folder / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save({"x": torch.ones(2)}, folder / "protocol4.pt", pickle_protocol=4)
    torch.jit.script(torch.nn.Linear(1, 1)).save(str(folder / "torchscript.pt"))


if __name__ == "__main__":
    main()
