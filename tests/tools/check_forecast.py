#!/usr/bin/env python3
"""Holds what is told of bodies before they run against what happens when they do, and prints a table.

    check_forecast.py HOPSCOPE [--regions] [--seconds N] DUMP…

Each graph of each dump is forecast (hopscope executors) and then run on made inputs (--seed 1); with --regions the bodies of
regions by themselves too. A run that stops for another reason than what can be known beforehand (no input can be made, a
value is refused) is counted aside. Exit status 1 if a body stopped that was told to run to its end, or the other way round,
or if it stopped at another node than was told.
"""
import collections
import json
import subprocess
import sys
import time


def ask(*words):
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, timeout=900)
    try:
        return json.loads(done.stdout), done.stderr
    except json.JSONDecodeError:
        return None, done.stderr


def main():
    words = sys.argv[1:]
    regions = "--regions" in words
    seconds = int(words[words.index("--seconds") + 1]) if "--seconds" in words else 10**9
    words = [word for i, word in enumerate(words) if word not in ("--regions", "--seconds") and words[i - 1] != "--seconds"]
    hopscope, dumps = words[0], words[1:]
    table, wrong, aside, skipped = collections.Counter(), [], collections.Counter(), 0
    widened = collections.Counter()
    begin = time.monotonic()
    for dump in dumps:
        if time.monotonic() - begin > seconds:
            skipped += 1
            continue
        told, errors = ask(hopscope, "executors", dump, "--json")
        if told is None:
            aside[(errors.strip().splitlines() or ["no answer"])[-1][-120:]] += 1
            continue
        for body in told["bodies"]:
            address = body["address"]
            stage = address.split(":")[-1 if address.count(":") == 1 else 1].split("#")[0]
            if stage == "source" or (not regions and address.count(":") > 1):
                continue
            if time.monotonic() - begin > seconds:
                skipped += 1
                continue
            report, errors = ask(hopscope, "run", dump, "--at", address, "--seed", "1", "--json")
            if report is None:
                aside["not run: " + (errors.strip().splitlines() or ["?"])[-1].split(": ")[-1][:80]] += 1
                continue
            failure = report.get("failure")
            happened = "stops" if failure else "runs"
            expected = "runs" if body["runs"] else "stops"
            # What an operator says of its values, nobody can know before.
            if failure and not failure["unsupported"] and expected == "runs" and body["unsure"] == 0 \
                    and not any(word in failure["message"] for word in ("not implemented", "Could not run", "dtype", "scalar type", "support")):
                aside["values: " + failure["target"] + ": " + failure["message"][:60]] += 1
                continue
            table[expected, happened] += 1
            if not failure:
                widened["told" if body["widened"] else "not told", "computed" if report["widened"] else "not computed"] += 1
            if expected != happened:
                wrong.append(f"{dump} {address}: told {expected}, {happened}: {failure and failure['node']} {failure and failure['message'][:150]} {body['stops']}")
            elif failure and not body["stops"]["perhaps"] and failure["node"] != body["stops"]["node"]:
                wrong.append(f"{dump} {address}: told to stop at {body['stops']['node']}, stopped at {failure['node']}")
    for expected in ("runs", "stops"):
        print(f"told {expected}: {table[expected, 'runs']} ran to the end, {table[expected, 'stops']} stopped")
    print("wider types:", ", ".join(f"{told}, {done}: {n}" for (told, done), n in sorted(widened.items())))
    for why, n in aside.most_common():
        print(f"aside, {n}: {why}")
    if skipped:
        print(f"{skipped} bodies or dumps not tried for want of time")
    for line in wrong:
        print("WRONG", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
