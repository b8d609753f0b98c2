#!/usr/bin/env python3
"""Sets what hopscope reads of recordings against what PyTorch itself held in memory (truth.json).

    tests/tools/check_truth.py HOPSCOPE RECORDING…

A RECORDING is a folder with trace/, torch_logs.txt and values/truth.json (or rankN/values/truth.json). Every node of
every Dynamo, forward, backward and inference body is compared: names, operators, targets, inputs, users, dtype, shape,
stride, device, call_id, body and identifier; and of the ledger, reused and traced counts with the text log, and pairs
with call_id. PyTorch logs Dynamo's graph before it puts regions inline that are used once and truth.json has it after:
such graphs are counted apart. Ends with "N passed, N failed".
"""
import json
import pathlib
import re
import subprocess
import sys

STAGES = ("dynamo", "forward", "backward", "inference")


def hopscope(program, *words):
    done = subprocess.run([program, *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: exit {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def plain_target(target):
    """The name in Python's repr of a function: '<built-in function add>', '<function silu at 0x…>'."""
    found = re.match(r"<(?:built-in )?(?:function|method) (\w+)", target)
    return found.group(1) if found else None


def same_target(ours, truth):
    name = plain_target(truth)
    return ours == truth if name is None else ours.rsplit(".", 1)[-1].rstrip("_") == name.rstrip("_")


def node_differences(ours, truth):
    for key in ("name", "op"):
        if ours[key] != truth[key]:
            yield f"{key} {ours[key]!r}, truth {truth[key]!r}"
    if not same_target(ours["target"], truth["target"]):
        yield f"target {ours['target']!r}, truth {truth['target']!r}"
    if ours["inputs"] != truth["inputs"]:
        yield f"inputs {ours['inputs']}, truth {truth['inputs']}"
    # PyTorch's order of users is the order in which passes added them; the text cannot tell it.
    if sorted(ours["users"]) != sorted(truth["users"]):
        yield f"users {ours['users']}, truth {truth['users']}"
    val = truth.get("val")
    if isinstance(val, dict) and "dtype" in val and ours["val"] != val:
        yield f"val {ours['val']}, truth {val}"
    if truth.get("call_id") is not None and ours["op"] not in ("placeholder", "output") and ours["call_id"] != truth["call_id"]:
        yield f"call_id {ours['call_id']}, truth {truth['call_id']}"
    for key in ("identifier", "body"):
        if key in truth and truth["op"] == "call_function" and ours[key] != truth[key]:
            yield f"{key} {ours[key]!r}, truth {truth[key]!r}"


def body_differences(ours, truth):
    names = [n["name"] for n in ours], [n["name"] for n in truth]
    if names[0] != names[1]:
        yield f"{len(ours)} nodes, truth {len(truth)}: {sorted(set(names[0]) ^ set(names[1]))[:6]}"
        return
    for a, b in zip(ours, truth):
        for difference in node_differences(a, b):
            yield f"{a['name']}: {difference}"


class Recording:
    def __init__(self, program, folder, rank, truth_file):
        self.program, self.folder, self.rank = program, folder, rank
        self.trace = str(folder / "trace")
        self.truth = json.loads(truth_file.read_text())
        self.nodes = self.inlined = 0

    def bodies(self, address, stage):
        for body in stage["bodies"]:
            at = address + (":" + body["path"] if body["path"] else "")
            yield body["path"], hopscope(self.program, "graph", self.trace, "--at", at, "--json")["nodes"]

    def graphs(self):
        for compilation in hopscope(self.program, "graphs", self.trace, "--json")["compilations"]:
            if compilation["rank"] in (None, self.rank):
                for stage in compilation["stages"]:
                    if stage["stage"] in STAGES and not stage["label"]:
                        yield stage["stage"], dict(self.bodies(stage["address"], stage))

    def check(self):
        ours = list(self.graphs())
        wanted = [s for s in self.truth["stages"] if s["stage"] in STAGES]
        for stage in wanted:
            candidates = [g for g in ours if g[0] == stage["stage"]]
            if not candidates:
                yield f"no {stage['stage']} graph"
                continue
            # Several frames may log graphs of the same names: take the one that differs least.
            root = stage["bodies"][0]["nodes"]
            best = min(candidates, key=lambda g: len(list(body_differences(g[1][""], root))))
            ours.remove(best)
            if stage["stage"] == "dynamo" and self.is_inlined(best[1], stage):
                self.inlined += 1
                continue
            for body in stage["bodies"]:
                if body["path"] not in best[1]:
                    yield f"{stage['stage']}: no body {body['path']!r}"
                    continue
                self.nodes += len(body["nodes"])
                for difference in body_differences(best[1][body["path"]], body["nodes"]):
                    yield f"{stage['stage']}:{body['path']} {difference}"

    @staticmethod
    def is_inlined(ours, stage):
        called = [n["identifier"] for body in ours.values() for n in body if n["identifier"]]
        once = {i for i in called if called.count(i) == 1}
        left = {n.get("identifier") for body in stage["bodies"] for n in body["nodes"]}
        return bool(once - left)


def ledger_differences(program, folder):
    """Counts of the ledger, from the trace alone, against the lines of the text log; pairs against call_id."""
    log = (folder / "torch_logs.txt").read_text(errors="replace") if (folder / "torch_logs.txt").exists() else ""
    ledger = hopscope(program, "regions", str(folder / "trace"), "--json", "--attempts")
    totals = [c["totals"] for c in ledger["compilations"]]
    reused = len(re.findall(r"subgraph_reuse: (?:cache hit|hash key \S+ hit) ", log))
    traced = len(re.findall(r"\] Number of guards \d|subgraph_reuse: not eligible --", log))
    old = "Installing subgraph" in log and not traced  # before the reuse cache every call was traced
    if log and sum(t["reused"] for t in totals) != reused:
        yield f"ledger: {sum(t['reused'] for t in totals)} reused, text log {reused}"
    if log and not old and sum(t["traced"] for t in totals) != traced:
        yield f"ledger: {sum(t['traced'] for t in totals)} traced, text log {traced}"
    truth = [s for f in sorted(folder.glob("**/values/truth.json")) for s in json.loads(f.read_text())["stages"]]
    ids = {}
    for stage in truth:
        if stage["stage"] in ("forward", "backward"):
            for node in stage["bodies"][0]["nodes"]:
                if node.get("identifier") and node.get("call_id") is not None:
                    ids.setdefault(stage["stage"], {}).setdefault(node["name"], set()).add(node["call_id"])
    for compilation in ledger["compilations"]:
        for region in compilation["regions"]:
            for call in region["invocations"]:
                forward, backward = (call["nodes"].get(s) for s in ("forward", "backward"))
                if call["parent"] is None and forward in ids.get("forward", {}) and backward in ids.get("backward", {}):
                    if not ids["forward"][forward] & ids["backward"][backward]:
                        yield f"ledger: {forward} is paired with {backward}, their call_ids differ"


def main():
    program, folders = sys.argv[1], [pathlib.Path(f) for f in sys.argv[2:]]
    passed = failed = nodes = inlined = 0
    for folder in folders:
        truths = [(None, folder / "values/truth.json")]
        ranks = sorted(folder.glob("rank*/values/truth.json"))
        truths = [(int(re.search(r"rank(\d+)", str(f)).group(1)), f) for f in ranks] or truths
        differences = []
        for rank, truth in truths:
            recording = Recording(program, folder, rank, truth)
            differences += list(recording.check())
            nodes += recording.nodes
            inlined += recording.inlined
        differences += list(ledger_differences(program, folder))
        for difference in differences[:10]:
            print(f"{folder.name}: {difference}")
        passed, failed = passed + (not differences), failed + bool(differences)
    print(f"{nodes} nodes compared; {inlined} Dynamo graphs apart, logged before regions used once were put inline")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
