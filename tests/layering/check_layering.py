#!/usr/bin/env python3
"""Holds the layering that link lines cannot see: which folder may include which, and no Qt in core."""
import pathlib
import re
import sys

# What each folder of core may include, besides itself.
ALLOWED = {
    "base": set(),
    "graph": {"base"},
    "read": {"base", "graph"},
    "regions": {"base", "graph"},
    "layout": {"base"},
    "draw": {"base", "graph", "layout"},
    "export": {"base", "graph", "layout", "draw", "regions"},
    "session": {"base", "graph", "read", "regions"},
    "tensors": {"base", "graph"},
    "wire": {"base"},
    "worker": {"base", "graph", "tensors", "wire"},
    "run": {"base", "graph", "read", "session", "tensors", "wire", "worker"},
    "proof": {"base", "graph", "read", "regions", "tensors", "worker", "run"},
    "executor": {"base", "graph", "read", "tensors", "wire"},
}


def violations(root):
    for path in sorted(root.glob("core/*/*.[ch]*")):
        folder = path.parent.name
        for number, line in enumerate(path.read_text().splitlines(), 1):
            own = re.match(r'#include "(core|views|app)/(\w+)/', line)
            if own and (own[1] != "core" or own[2] != folder and own[2] not in ALLOWED[folder]):
                yield f"{path.relative_to(root)}:{number}: core/{folder} may not include {own[1]}/{own[2]}"
            if re.match(r"#include <Q[A-Z]", line):
                yield f"{path.relative_to(root)}:{number}: core has no Qt"
    for path in sorted(root.glob("views/**/*.[ch]*")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.match(r'#include "app/', line):
                yield f"{path.relative_to(root)}:{number}: views may not include app"


def main():
    found = list(violations(pathlib.Path(sys.argv[1])))
    print("\n".join(found) or "every include keeps the layering")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
