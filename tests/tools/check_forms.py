#!/usr/bin/env python3
"""Sets the same graphs of one run against each other, through every form that the run was recorded in.

    tests/tools/check_forms.py [--pairs | --no-wrapping] HOPSCOPE RECORDING…

A RECORDING is a folder with trace/ (or torch_trace/), and any of torch_logs.txt, values/NN_….txt (print_readable),
torch_compile_debug/, model.pt2 with exported.txt; or one of NAME.pt2 beside NAME.txt. Files may be gzipped. Each graph
of each form must be one of the trace's, or of the exported text's: names, operators, inputs and order of all nodes of
all bodies, and dtype and shape where both forms tell them. Scripts (fx_graph_runnable.py) have no types inside; bodies
that they lack, before PyTorch 2.14, are those of the graph beside. get_attr nodes of regions have other names in .pt2,
whose JSON does not keep them.
Printed graphs are also wrapped as other programs, terminals and people wrap them (wrappings.py; with --pairs, each two of
them after each other; not at all with --no-wrapping): what does not read equal must be told, as a problem or as exit
status 3. Prints a line for each form of each recording and ends with "N passed, N failed" (graphs).
"""
import gzip
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from wrappings import CONTAINERS, OUTERMOST, WRAPPINGS


def hopscope(program, *words):
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        return None
    return json.loads(done.stdout)


class Forms:
    def __init__(self, program):
        self.program = program
        self.passed = self.failed = 0

    def graphs(self, *paths):
        """[(stage, label, {path: nodes})] of a dump."""
        listed = hopscope(self.program, "graphs", *paths, "--json", "--no-verify")
        out = []
        for compilation in (listed or {}).get("compilations", []):
            for stage in compilation["stages"]:
                bodies = {}
                for body in stage["bodies"]:
                    address = stage["address"] + (":" + body["path"] if body["path"] else "")
                    found = hopscope(self.program, "graph", *paths, "--at", address, "--json", "--no-verify")
                    bodies[body["path"]] = found["nodes"] if found else []
                out.append((stage["stage"], stage["label"], bodies))
        return out

    def compare(self, name, form, found, truth, **how):
        wrong = []
        for stage, label, bodies in found:
            if not any(same(bodies, other, **how) for _, _, other in truth):
                wrong.append(f"{stage} {label}".strip())
        self.passed += len(found) - len(wrong)
        self.failed += len(wrong)
        print(f"{name}: {form}: {len(found) - len(wrong)} of {len(found)} graphs equal" + (f"; not: {', '.join(wrong)}" if wrong else ""))
        if not found:
            self.failed += 1
            print(f"{name}: {form}: no graph was read")


    def wrapped(self, name, text, pairs):
        """The same graph out of every wrapping of a text, or a word about what is missing."""
        def read(data):
            data = data if isinstance(data, bytes) else data.encode()
            listed = subprocess.run([self.program, "graphs", "-", "--json"], input=data, capture_output=True)
            found = []
            for compilation in json.loads(listed.stdout)["compilations"] if listed.returncode == 0 else []:
                for stage in compilation["stages"]:
                    bodies = {}
                    for body in stage["bodies"] if stage["stage"] != "source" else []:
                        address = stage["address"] + (":" + body["path"] if body["path"] else "")
                        one = subprocess.run([self.program, "graph", "-", "--at", address, "--json"], input=data, capture_output=True)
                        bodies[body["path"]] = told(json.loads(one.stdout)["nodes"]) if one.returncode == 0 else []
                    found += [bodies] if bodies else []
            return listed.returncode, found, listed.stderr.decode()

        _, clean, _ = read(text)
        jobs = [(n,) for n in WRAPPINGS]
        if pairs:
            jobs += [(a, b) for a in WRAPPINGS if a not in OUTERMOST + CONTAINERS for b in WRAPPINGS if a != b]
        equal, spoken, silent = 0, 0, []
        for job in jobs:
            data = text
            for n in job:
                data = WRAPPINGS[n](data)
            status, found, said = read(data)
            if found and all(bodies == clean[0] for bodies in found):
                equal += 1
            elif status == 3 or any(line.startswith(("warning", "error", "note")) for line in said.splitlines()):
                spoken += 1
            else:
                silent.append(" < ".join(job))
        self.passed += equal + spoken
        self.failed += len(silent)
        print(f"{name}: wrapped: {equal} of {len(jobs)} equal, {spoken} told, {len(silent)} silent" + (": " + ", ".join(silent) if silent else ""))


def told(nodes, attributes=True):
    """What of each node every form tells."""
    names = {n["name"]: "self." + n["target"] for n in nodes if n["op"] == "get_attr"} if not attributes else {}
    return [(n["name"], n["op"], n["target"], [names.get(i, i) for i in n["inputs"]]) for n in nodes if attributes or n["op"] != "get_attr"]


def types_agree(a, b):
    other = {n["name"]: n["val"] for n in b}
    for n in a:
        x, y = n["val"], other.get(n["name"])
        if isinstance(x, dict) and isinstance(y, dict) and (x.get("dtype"), x.get("shape")) != (y.get("dtype"), y.get("shape")):
            return False
    return True


def same(a, b, attributes=True):
    if set(a) != set(b):
        return False
    return all(told(a[p], attributes) == told(b[p], attributes) and types_agree(a[p], b[p]) for p in a)


def unpacked(folder, into):
    """The folder with no gzipped file in it: scripts and debug folders are known by the names of their files."""
    if not any(folder.rglob("*.gz")):
        return folder
    copy = pathlib.Path(into) / folder.name
    for path in sorted(folder.rglob("*")):
        to = copy / path.relative_to(folder)
        if path.is_dir():
            continue
        to.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".gz":
            to.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        else:
            shutil.copyfile(path, to)
    return copy


def main(program, folders, pairs, wrapping):
    forms = Forms(program)
    scratch = tempfile.TemporaryDirectory()
    for folder in map(pathlib.Path, folders):
        name = folder.name
        folder = unpacked(folder, scratch.name)
        recorded = [folder / n for n in ("trace", "torch_trace") if (folder / n).exists()]
        trace = forms.graphs(recorded[0]) if recorded else []
        if (folder / "torch_logs.txt").exists() and trace:
            forms.compare(name, "text log", forms.graphs(folder / "torch_logs.txt"), trace)
        for printed in sorted(folder.glob("values/*_*.txt")):
            forms.compare(name, printed.name, forms.graphs(printed), trace)
            if wrapping:
                forms.wrapped(name + ": " + printed.name, printed.read_text(), pairs)
        if (folder / "torch_compile_debug").exists():
            forms.compare(name, "debug folder", forms.graphs(folder / "torch_compile_debug"), trace)
        for script in sorted(folder.glob("torch_compile_debug/**/fx_graph_runnable.py")):
            forms.compare(name, script.parent.name + "/" + script.name, forms.graphs(script), trace)
        if (folder / "model.pt2").exists():
            printed = forms.graphs(folder / "exported.txt")
            forms.compare(name, "model.pt2", forms.graphs(folder / "model.pt2"), printed, attributes=False)
        for archive in sorted(folder.glob("*.pt2")):
            text = archive.with_suffix(".txt")
            if text.exists():
                forms.compare(name, archive.name, forms.graphs(archive), forms.graphs(text), attributes=False)
    print(f"{forms.passed} passed, {forms.failed} failed")
    return 1 if forms.failed else 0


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    if len(words) < 2:
        sys.exit(__doc__)
    sys.exit(main(words[0], words[1:], "--pairs" in sys.argv, "--no-wrapping" not in sys.argv))
