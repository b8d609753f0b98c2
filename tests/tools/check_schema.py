#!/usr/bin/env python3
"""Compares the schema of every recorded region call with the text that PyTorch's own gen_schema wrote.

    check_schema.py HOPSCOPE RECORDING…

HOPSCOPE is the command line's program, RECORDING a folder with values/NN_STAGE.txt and .safetensors beside it, whose
metadata key `schemas` holds PyTorch's texts by call. Exit status 1 if any differs.
"""
import json
import pathlib
import struct
import subprocess
import sys


def recorded(path):
    with path.open("rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        metadata = json.loads(file.read(size)).get("__metadata__", {})
    return json.loads(metadata.get("schemas", "{}"))


def bodies(hopscope, text):
    """The body that holds each call, by the call's key: "outer/inner" lies in the body that outer calls."""
    graphs = json.loads(subprocess.run([hopscope, "graphs", text, "--json"], capture_output=True, text=True).stdout)
    called = {}
    for body in graphs["compilations"][0]["stages"][0]["bodies"]:
        address = "-:graph" + (":" + body["path"] if body["path"] else "")
        nodes = json.loads(subprocess.run([hopscope, "graph", text, "--at", address, "--json"], capture_output=True,
                                          text=True).stdout)["nodes"]
        for node in nodes:
            if node.get("body"):
                called[(body["path"], node["name"])] = (body["path"] + "." if body["path"] else "") + node["body"]
    return called


def main():
    hopscope, calls, bad = sys.argv[1], 0, 0
    for folder in map(pathlib.Path, sys.argv[2:]):
        for text in sorted(folder.glob("values/*.txt")):
            values = text.with_suffix(".safetensors")
            schemas = recorded(values) if values.exists() else {}
            called = bodies(hopscope, text) if schemas else {}
            runs = {}  # body -> keys of its runs, in the order in which they are counted
            wrong, seen = [], set()
            for key, wanted in schemas.items():
                *outer, call = key.split("/")
                body = ""
                for step in outer:
                    body = called[(body, step)]
                run = runs.setdefault(body, [])
                prefix = "/".join(outer)
                if prefix not in run:
                    run.append(prefix)
                # Calls of one body from one body with one schema are the same question.
                if (body, wanted, called[(body, call)]) in seen:
                    continue
                seen.add((body, wanted, called[(body, call)]))
                words = [hopscope, "schema", text, "--at", f"-:graph{':' + body if body else ''}@{call}", "--inputs", values]
                if body:
                    words += ["--invocation", str(run.index(prefix))]
                done = subprocess.run(words, capture_output=True, text=True, timeout=600)
                calls += 1
                if done.stdout.strip() != wanted:
                    wrong.append(f"{key}: {done.stdout.strip() or done.stderr.strip()}, PyTorch wrote {wanted}")
            bad += len(wrong)
            if schemas:
                print(f"{folder.name}/{text.stem}: {len(schemas)} schemas, {len(seen)} different asked: {'; '.join(wrong) or 'equal'}")
    print(f"{calls} schemas asked, {bad} differ from PyTorch's text")
    return 1 if bad or not calls else 0


if __name__ == "__main__":
    sys.exit(main())
