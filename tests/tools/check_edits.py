#!/usr/bin/env python3
"""Seeds single edits into recorded graphs and says whether a comparison by verdict finds each, and where.

    check_edits.py HOPSCOPE [--every N] RECORDING…

HOPSCOPE is the command line's program, RECORDING a folder with values/NN_STAGE.txt and .safetensors beside it (or .gz of both). One
statement is changed at a time, as tests/proof/faults.h does it: another operator, a constant, operands in another
order, a flag, an index. The edited graph is rerun against the recorded values; it is found if the first suspicious
value is one of the edited node or of one of its users (of a graph that flex_attention runs: of that node), or if that
node refuses. Set aside, with the reason:

 - edits after which the node gives what the unedited one gives, bit for bit (provably equal on these values),
 - edits whose change is smaller than the noise floor (below rounding),
 - edits of nodes that are not compared, or that the unedited graph does not reach.

Every Nth edit is made (--every). Exit status 1 if less than 95 % of those that count are found.
"""
import collections
import gzip
import json
import pathlib
import re
import subprocess
import sys
import tempfile

OPERATORS = [("aten.add.Tensor", "aten.sub.Tensor"), ("aten.mul.Tensor", "aten.add.Tensor"),
             ("aten.sub.Tensor", "aten.add.Tensor"), ("aten.div.Tensor", "aten.mul.Tensor"),
             ("aten.gelu.default", "aten.silu.default"), ("aten.tanh.default", "aten.sigmoid.default"),
             ("aten.sin.default", "aten.cos.default"), ("aten.cos.default", "aten.sin.default"),
             ("aten.sum.dim_IntList", "aten.mean.dim"), ("aten.mean.dim", "aten.sum.dim_IntList"),
             ("aten.sigmoid_backward", "aten.tanh_backward"), ("aten.tanh_backward", "aten.sigmoid_backward"),
             ("aten.neg.default", "aten.abs.default"), ("aten.silu.default", "aten.relu.default"),
             ("aten.relu.default", "aten.silu.default"), ("aten.rsqrt.default", "aten.sqrt.default"),
             ("aten.sigmoid.default", "aten.tanh.default"), ("aten.exp.default", "aten.sin.default"),
             ("aten._softmax.default", "aten._log_softmax.default"), ("aten.amax.default", "aten.amin.default"),
             ("aten.ge.Tensor", "aten.gt.Tensor"), ("aten.lt.Tensor", "aten.gt.Tensor")]
REAL = re.compile(r"(?<=[(, ])(\d+\.\d*(?:e-?\d+)?|\d+e-\d+)(?=[,)])")
FLAG = re.compile(r"\bTrue\b")
OPERANDS = re.compile(r"((?:sub|div|mm|bmm|_backward|_backward_data|addmm)\.\w+)\((\w+), ([a-z]\w*)")
NUMBER = re.compile(r"(?<=, )(\d+)(?=\)$)")
STATEMENT = re.compile(r"^\s+(\w+)(?:: \"[^\"]*\")? = (torch\.ops\..*?)(?:;  (?:\w+ = )+None)?(\s*#.*)?$")


def edits(line):
    """Every way in which one statement is changed: (kind, line)."""
    match = STATEMENT.match(line)
    if not match or "higher_order" in line:
        return
    begin, end = match.span(2)
    call = match.group(2)

    def changed(new):
        return line[:begin] + new + line[end:]

    for old, new in OPERATORS:
        if f"torch.ops.{old}" in call:
            yield "operator", changed(call.replace(old, new))
    if found := REAL.search(call):
        yield "constant", changed(call[:found.start()] + repr(float(found.group()) * 3 + 0.001) + call[found.end():])
    if found := FLAG.search(call):
        yield "flag", changed(call[:found.start()] + "False" + call[found.end():])
    if (found := OPERANDS.search(call)) and found.group(2) != found.group(3):
        yield "order", changed(call[:found.start()] + f"{found.group(1)}({found.group(3)}, {found.group(2)}" + call[found.end():])
    if found := NUMBER.search(call):
        yield "index", changed(call[:found.start()] + str(int(found.group()) + 1) + call[found.end():])


def users(lines, at, name):
    """The nodes of the same body that take `name`."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    found = set()
    for line in lines[at + 1:]:
        if line.lstrip().startswith(("class ", "def ")):
            break
        if (match := re.match(r"^\s+(\w+)(?:: \"[^\"]*\")? = (.*)$", line)) and word.search(match.group(2).split(";  ")[0]):
            found.add(match.group(1))
    return found


def runners(lines, at):
    """The nodes that run the body which line `at` is in, where its values are nobody's: flex_attention's graphs."""
    for line in reversed(lines[:at]):
        if match := re.match(r"\s*class (\w+)\(", line):
            word = re.compile(rf"\b{re.escape(match.group(1))}\b")
            return {node.group(1) for text in lines if "higher_order.flex_attention" in text and word.search(text)
                    and (node := re.match(r"^\s+(\w+)(?:: \"[^\"]*\")? = ", text))}
    return set()


def last(path):
    return path.split("/")[-1].split("#")[0]


def compare(hopscope, text, values):
    done = subprocess.run([hopscope, "run", str(text), "--inputs", str(values), "--compare", str(values), "--json"],
                          capture_output=True, text=True, timeout=600)
    try:
        return json.loads(done.stdout), done.stderr
    except json.JSONDecodeError:
        return None, done.stderr


def figures(report, name):
    return [(row["path"], row["verdict"], row["found"], row["expected"], row["max_abs_error"], row["worst"])
            for row in report["values"] if last(row["path"]) == name]


def outcome(report, errors, name, followers, healthy):
    if report is None:
        return "found", "refused: " + (errors.strip().splitlines() or ["?"])[-1]
    refused = report.get("failure") or (report["unsupported"] or [None])[0]
    if refused and refused["node"] in followers | {name}:
        return "found", "refused: " + refused.get("message", refused.get("reason", ""))
    if refused and healthy.get("failure"):
        return "aside", f"the unedited graph stops at {refused['node']}, too"
    if refused:
        return "elsewhere", f"refused at {refused['node']}"
    first = report["first_suspicious"]
    if first:
        where = last(first["path"])
        return ("found" if where in followers | {name} else "elsewhere"), f"{first['path']}: {first['verdict']} {first['times_floor']}"
    rows = [row for row in report["values"] if last(row["path"]) == name]
    if any(row["verdict"] == "not_compared" for row in rows) or not rows:
        return "aside", "its value is not compared"
    if figures(report, name) == figures(healthy, name):
        return "aside", "provably equal: no bit of the value changes"
    if any(row["strides"] for row in rows):
        return "found", "strides"
    changed = [row for row in rows if row["verdict"] != "same"]
    if all(row["times_floor"] <= 1 for row in changed):
        return "aside", "below rounding: " + ", ".join(f"{row['times_floor']:.2g} floors" for row in changed[:2])
    return "missed", "; ".join(f"{row['path']} {row['verdict']} {row['times_floor']}" for row in changed[:2])


def main():
    words = sys.argv[1:]
    every = 1
    if "--every" in words:
        at = words.index("--every")
        every = int(words[at + 1])
        del words[at:at + 2]
    hopscope, folders = words[0], map(pathlib.Path, words[1:])
    counts, kinds, number = collections.Counter(), collections.Counter(), 0
    for folder in folders:
        for text in sorted([*folder.glob("values/*.txt"), *folder.glob("values/*.txt.gz")]):
            values = text.parent / text.name.replace(".txt", ".safetensors")
            if not values.exists():
                continue
            lines = (gzip.open(text, "rt") if text.suffix == ".gz" else text.open()).read().splitlines()
            healthy, _ = compare(hopscope, text, values)
            for at, line in enumerate(lines):
                for kind, new in edits(line):
                    number += 1
                    if (number - 1) % every:
                        continue
                    name = STATEMENT.match(line).group(1)
                    with tempfile.TemporaryDirectory() as scratch:
                        copy = pathlib.Path(scratch) / "edited.txt"
                        copy.write_text("\n".join(lines[:at] + [new] + lines[at + 1:]) + "\n")
                        report, errors = compare(hopscope, copy, values)
                    what, why = outcome(report, errors, name, users(lines, at, name) | runners(lines, at), healthy)
                    counts[what] += 1
                    kinds[kind, what] += 1
                    if what != "found":
                        print(f"{what}: {folder.name}/{text.stem}: {line.strip().split(';')[0]}  BECOMES  {new.strip().split(';')[0]}: {why}", flush=True)
    for (kind, what), count in sorted(kinds.items()):
        print(f"{kind:10} {what:10} {count}")
    made = sum(counts.values())
    counted = made - counts["aside"]
    print(f"{made} edits, {counts['aside']} set aside; {counts['found']} of {counted} found"
          f" ({100 * counts['found'] / max(counted, 1):.1f} %), {counts['elsewhere']} elsewhere, {counts['missed']} missed")
    return 1 if counts["found"] < 0.95 * counted else 0


if __name__ == "__main__":
    sys.exit(main())
