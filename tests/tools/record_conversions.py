#!/usr/bin/env python3
"""Writes how PyTorch converts numbers to float8 and back, as a graph with its values, for tst_values.

    record_conversions.py FOLDER

FOLDER gets 00_inference.txt and .safetensors: every float32 whose low half is zero or a single bit below it, which has
all ties, all overflows, both zeros, infinities and NaN.
"""
import json
import pathlib
import struct
import sys

import torch

TYPES = {"float8_e4m3fn": ("f8e4m3fn", "F8_E4M3"), "float8_e5m2": ("f8e5m2", "F8_E5M2"),
         "float8_e4m3fnuz": ("f8e4m3fnuz", "F8_E4M3FNUZ"), "float8_e5m2fnuz": ("f8e5m2fnuz", "F8_E5M2FNUZ")}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    high = torch.arange(65536, dtype=torch.int64) << 16
    bits = torch.cat([high, (high[::4] | 1)])
    bits = torch.where(bits >= 1 << 31, bits - (1 << 32), bits).to(torch.int32)
    x = bits.view(torch.float32)
    n = x.numel()
    tensors = {"x": ("F32", "float32", x)}
    lines = ["class GraphModule(torch.nn.Module):", f'    def forward(self, x: "f32[{n}][1]cpu"):']
    results = []
    for i, (name, (short, file_name)) in enumerate(TYPES.items()):
        narrow = x.to(getattr(torch, name))
        a, b = f"narrow_{i}", f"wide_{i}"
        tensors[a] = (file_name, name, narrow.view(torch.uint8))
        tensors[b] = ("F32", "float32", narrow.to(torch.float32))
        lines.append(f'        {a}: "{short}[{n}][1]cpu" = '
                     f"torch.ops.aten._to_copy.default(x, dtype = torch.{name})")
        lines.append(f'        {b}: "f32[{n}][1]cpu" = '
                     f"torch.ops.aten._to_copy.default({a}, dtype = torch.float32)")
        results += [a, b]
    lines.append(f"        return ({', '.join(results)})")
    (folder / "00_inference.txt").write_text("\n".join(lines) + "\n")
    header, described, data = {}, {}, b""
    for name, (file_name, dtype, tensor) in tensors.items():
        raw = tensor.numpy().tobytes()
        header[name] = {"dtype": file_name, "shape": [n], "data_offsets": [len(data), len(data) + len(raw)]}
        described[name] = {"dtype": dtype, "shape": [str(n)], "stride": ["1"], "device": "cpu"}
        data += raw
    header["__metadata__"] = {"values": json.dumps(described)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / "00_inference.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    main()
