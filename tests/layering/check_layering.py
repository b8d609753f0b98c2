#!/usr/bin/env python3
"""Holds the layering that link lines cannot see, and prints the floors.

Three accounts of who knows whom must agree: the table below (what is meant), the include lines (what is done) and the
lists of CMake (what is linked). Floors are counted from the include lines: a folder stands one above the highest that it
includes.
"""
import pathlib
import re
import sys

# What each folder of core may include, besides itself. Whoever changes this table changes the design.
CORE = {
    "base": set(),
    "graph": {"base"},
    "match": {"base", "graph"},
    "repeats": {"base", "graph", "match"},
    "read": {"base", "graph", "match"},
    "regions": {"base", "graph"},
    "explain": {"base", "graph", "match", "regions"},
    "diff": {"base", "graph", "match", "regions"},
    "layout": {"base"},
    "draw": {"base", "graph", "layout"},
    "export": {"base", "graph", "layout", "draw", "regions", "explain", "repeats", "diff", "wire"},
    "session": {"base", "graph", "read", "regions"},
    "tensors": {"base", "graph"},
    "wire": {"base"},
    "worker": {"base", "graph", "tensors", "wire"},
    "run": {"base", "graph", "read", "session", "tensors", "wire", "worker"},
    "proof": {"base", "graph", "read", "regions", "tensors", "worker", "run"},
    "browse": {"base", "graph", "read", "regions", "diff", "explain", "export", "session"},
    "executor": {"base", "graph", "read", "tensors", "wire"},
}
# Of core, a panel may include what it shows: no more than its CMake list says. Of views, base.
PANELS = {
    "bodytext", "canvas", "compare", "diff", "dumptext", "explain", "export", "help", "inspector", "ledger", "outline", "problems",
    "run", "stepper", "values",
}  # fmt: skip
VIEWS = {"base": set(), "shell": {"base"} | PANELS} | {panel: {"base"} for panel in PANELS}
# What may include what: an app stands on top, whatever it is.
TREES = {"core": {"core"}, "views": {"core", "views"}, "app": {"core", "views", "app"}}

# Folders whose names would be too general outside: all of it is hopscope::FOLDER. Of the other folders of core, what a
# person has a word for is hopscope, and what only its neighbours need hopscope::FOLDER (or FOLDER_parts, where a function
# has that name).
OWN_NAMESPACE = {"layout", "draw", "tensors", "wire", "worker", "run", "proof", "executor"}

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def sources(folder):
    return sorted(p for p in folder.rglob("*") if re.search(r"\.(h|hpp|cc|cpp|c)$", p.name))


class Folder:
    """One folder of core or views: which folders it includes, and which its CMake list links."""

    def __init__(self, root, path):
        self.path = path
        self.tree, self.name = path.parent.name, path.name
        self.includes = {}  # "core/graph" -> the first place that includes it
        self.system = []  # (place, header)
        for file in sources(path):
            for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
                found = INCLUDE.match(line)
                if not found:
                    continue
                place = f"{file.relative_to(root)}:{number}"
                own = re.match(r"(core|views|app|tests)/(\w+)/", found[2])
                if own:
                    self.includes.setdefault(f"{own[1]}/{own[2]}", place)
                elif found[1] == "<":
                    self.system.append((place, found[2]))
                else:
                    self.includes.setdefault(found[2], place)
        self.includes.pop(f"{self.tree}/{self.name}", None)
        self.listed = self.cmake()

    def cmake(self):
        """The folders that the CMake list links, None where there is no list."""
        file = self.path / "CMakeLists.txt"
        if not file.exists():
            return None
        text = re.sub(r"#[^\n]*", "", file.read_text())
        listed = set()
        for call in re.finditer(r"hopscope_(core|views)_library\(([^)]*)\)", text):
            keyword = None
            for word in call[2].split()[1:]:
                if word in ("SOURCES", "DEPS", "CORE", "PANELS", "LIBS"):
                    keyword = word
                elif keyword in ("DEPS", "CORE"):
                    listed.add(f"core/{word}")
                elif keyword == "PANELS":
                    listed.add(f"views/{word}")
            if call[1] == "views" and self.name != "base":
                listed.add("views/base")
        return listed


def added(file):
    """The folders that a CMake list adds, by add_subdirectory or a foreach over names."""
    text = re.sub(r"#[^\n]*", "", file.read_text())
    names = set(re.findall(r"add_subdirectory\((\w+)\)", text))
    for variable, words in re.findall(r"foreach\((\w+) (?!IN\b)([^)]*)\)", text):
        if f"add_subdirectory(${{{variable}}})" in text:
            names |= set(words.split())
    return names


def reachable(start, folders):
    seen, todo = set(), list(start)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += (folders[name].listed or ()) if name in folders else ()
    return seen


def violations(root, folders):
    for key, folder in sorted(folders.items()):
        table = CORE if folder.tree == "core" else VIEWS
        if folder.name not in table:
            yield f"{key}: is in no table of tests/layering: say what it may include"
            continue
        for other, place in sorted(folder.includes.items()):
            tree, _, name = other.partition("/")
            if tree not in TREES[folder.tree]:
                yield f"{place}: {key} may not include {other}"
            elif tree == folder.tree and name not in table[folder.name]:
                yield f"{place}: {key} may not include {other}"
        for place, header in folder.system:
            if folder.tree == "core" and re.match(r"Q[A-Z]|Qt[A-Z]", header):
                yield f"{place}: core has no Qt"
            if re.match(r"(torch|ATen|c10)/", header) and key != "core/executor":
                yield f"{place}: only core/executor knows libtorch"
        if folder.listed is None:
            yield f"{key}: has no CMakeLists.txt"
            continue
        linked = reachable(folder.listed, folders)
        for other, place in sorted(folder.includes.items()):
            if other in folders and other not in linked:
                yield f"{place}: {key} includes {other}, which its CMakeLists.txt does not link"
        for other in sorted(folder.listed):
            if other not in folders:
                yield f"{key}/CMakeLists.txt: links {other}, which is no folder"
            elif other not in folder.includes and other != "views/base":
                yield f"{key}/CMakeLists.txt: links {other}, which nothing there includes"
    for tree in ("core", "views"):
        lists = root / tree / "CMakeLists.txt"
        if not lists.exists():
            continue
        names = {f.name for f in folders.values() if f.tree == tree}
        for name in sorted(names - added(lists)):
            yield f"{tree}/CMakeLists.txt: does not add {tree}/{name}"
        for name in sorted(added(lists) - names):
            yield f"{tree}/CMakeLists.txt: adds {tree}/{name}, which is no folder"


def wanted_namespaces(tree, name):
    if tree == "views":
        return {"hopscope"}
    if tree == "app":
        return {f"hopscope::{name}"}
    own = {f"hopscope::{name}", f"hopscope::{name}::detail"}
    return own if name in OWN_NAMESPACE else own | {"hopscope", f"hopscope::{name}_parts"}


def namespace_violations(root, path):
    """A header declares in one namespace, which its folder says. Forward declarations of others' types are none."""
    tree, name = path.parent.name, path.name
    wanted = wanted_namespaces(tree, name)
    for file in sorted(path.rglob("*.h")):
        open_, found = [], {}
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
            line = line.split("//")[0].rstrip()
            begun = re.match(r"(?:inline )?namespace ([\w:]+) \{(.*)", line)
            if begun:
                if not begun[2].rstrip().endswith("}"):
                    open_.append(begun[1])
            elif line == "}" and open_:
                open_.pop()
            elif open_ and re.match(r"(?!(?:class|struct|enum(?: class)?) [\w:]+(?: : \w+)?;)[A-Za-z\[]", line):
                found.setdefault("::".join(open_), number)
        for space, number in found.items():
            # What is within its own (theme's metrics, ordered sets of names) is no further one.
            if not any(space == w or (tree == "views" and space.startswith(w + "::")) for w in wanted):
                yield f"{file.relative_to(root)}:{number}: {tree}/{name} declares in {space}, not in {min(wanted)}"


# A string with an option inside of a sentence; one that begins with it is a word of somebody's command line.
FLAG = re.compile(r'"[^"]*[^"\\]--[a-z][^"]*"')


def flag_violations(root, path):
    """Core does not know how its caller takes things (Error::remedy)."""
    for file in sources(path):
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
            if FLAG.search(re.split(r"(?:^|\s)//", line)[0]):
                yield f"{file.relative_to(root)}:{number}: core names an option of the command line"


# Where -1 is a number of the system's own: file descriptors and processes that are not there.
SYSTEM_NUMBERS = {
    "core/base/child.h": {"pid_", "in_", "out_", "err_"},
    "core/executor/server.h": {"in", "out", "to_worker", "from_worker"},
    "core/worker/exchange.h": {"to_worker_", "from_worker_"},
}  # fmt: skip
LIMITS = {("child.h", "limit")}  # no limit is the largest number
SENTINEL = re.compile(r"\b(\w+)\s*(?:=\s*|\{)(?:-1\b|U?INT(?:8|16|32|64)_MAX|SIZE_MAX|std::string(?:_view)?::npos)\s*[;,)}]")


def absence_violations(root, path):
    """A number that is not there is std::optional, an id the empty id: no member or parameter defaults to -1."""
    for file in sorted(path.rglob("*.h")):
        name = str(file.relative_to(root))
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
            code = line.split("//")[0]
            if "constexpr" in code or re.match(r"\s*(?:return|if|for|while)\b", code):
                continue  # a constant has a name that says what it is
            for found in SENTINEL.finditer(code):
                if found[1] not in SYSTEM_NUMBERS.get(name, ()) and (file.name, found[1]) not in LIMITS:
                    yield f"{name}:{number}: '{found[1]}' is a number where it means none: std::optional says so"


# What is named in a text for people must be there. `name.cpp` alone: beside the text, or in a folder that the same line
# or list item names.
MENTION = re.compile(r"`([^`\s]+)`|\]\(([^)#\s]+)\)")
TOP = ("app/", "core/", "views/", "tests/", "resources/", "packaging/", "cmake/")
FILE = re.compile(r"[\w*-]+(?:/[\w*-]+)*\.(?:h|cpp|py|md|sh|txt|json|in)")


def mention_violations(root, text):
    folder, near, row, of_torch = text.parent, [], False, False
    for number, line in enumerate(text.read_text(errors="replace").splitlines(), 1):
        # A Python file without a folder may be PyTorch's, where the paragraph is about that.
        of_torch = bool(line.strip()) and (of_torch or "torch/" in line or "PyTorch" in line)
        begins = not line.startswith(" ") or line.lstrip()[:2] in ("- ", "* ")
        if begins and not (row and line.startswith("|")):
            near = []
        row = line.startswith("|")
        words = [(a or b).rstrip("/") for a, b in MENTION.findall(line)]
        for word in words:
            for base in (root, folder):
                path = base / word
                if (word + "/").startswith(TOP) or path.is_dir():
                    near.append(path if path.is_dir() else path.parent)
        for word in words:
            if re.search(r"[:$<{]", word) or word.startswith("torch/"):
                continue
            if of_torch and word.endswith(".py") and "/" not in word:
                continue
            if not ((word + "/").startswith(TOP) or FILE.fullmatch(word)):
                continue
            # A test program is named without its ending.
            names = [word] if "." in word else [word, word + ".cpp"]
            if not any(next(place.glob(n), None) for place in [root, folder, *near] if place.is_dir() for n in names):
                yield f"{text.relative_to(root)}:{number}: names {word}, which is not there"


def unrolled(text):
    """A CMake list with each foreach over names written out."""
    def each(loop):
        return "".join(loop[3].replace(f"${{{loop[1]}}}", name) for name in loop[2].split())

    return re.sub(r"foreach\((\w+) (?!IN\b)([^)]*)\)(.*?)endforeach\(\)", each, text, flags=re.S)


def test_violations(root, folders):
    """A test includes what its line in CMake links, from folders that it names or that these link."""
    for file in sorted((root / "tests").glob("*/CMakeLists.txt")):
        text = unrolled(re.sub(r"#[^\n]*", "", file.read_text()))
        for call in re.finditer(r"hopscope_test\(([^)]*)\)", text):
            words = {"DEPS": [], "SOURCES": []}
            name, keyword = call[1].split()[0], None
            for word in call[1].split()[1:]:
                if word in ("SOURCES", "DEPS", "LIBS", "GUI"):
                    keyword = word
                elif keyword in words:
                    words[keyword].append(word)
            deps = {f"views/{d[6:]}" if d.startswith("views_") else f"core/{d}" for d in words["DEPS"]}
            # A library of the tests' own brings what it links.
            for own in words["DEPS"]:
                linked = re.search(r"target_link_libraries\(hopscope_%s [^)]*\)" % re.escape(own), text)
                deps |= {f"core/{d}" for d in re.findall(r"hopscope_(\w+)", linked[0])} if linked else set()
            linked = reachable(deps, folders)
            for source in words["SOURCES"] or [f"{name}.cpp"]:
                if not (file.parent / source).exists():
                    yield f"tests/{file.parent.name}/CMakeLists.txt: {name} has no {source}"
                    continue
                for number, line in enumerate((file.parent / source).read_text(errors="replace").splitlines(), 1):
                    found = re.match(r'#include "((?:core|views)/\w+)/', line)
                    if found and found[1] in folders and found[1] not in linked:
                        yield f"tests/{file.parent.name}/{source}:{number}: {name} includes {found[1]}, which it does not link"


def floors(folders, tree):
    """Floor of each folder of a tree; the names in a circle where include lines form one."""
    inside = {k: {i for i in f.includes if i in folders and folders[i].tree == tree}
              for k, f in folders.items() if f.tree == tree}  # fmt: skip
    floor = {}
    while len(floor) < len(inside):
        ready = [k for k, below in inside.items() if k not in floor and below <= floor.keys()]
        if not ready:
            return floor, sorted(inside.keys() - floor.keys())
        # One floor at a time: what stands on this one is not yet counted.
        floor |= {k: 1 + max((floor[b] for b in inside[k]), default=-1) for k in ready}
    return floor, []


def check(root):
    """The lines to print, and whether all is well."""
    folders = {}
    for tree in ("core", "views"):
        for path in sorted(p for p in (root / tree).glob("*") if p.is_dir() and sources(p)):
            folders[f"{tree}/{path.name}"] = Folder(root, path)
    lines, bad = [], list(violations(root, folders)) + list(test_violations(root, folders))
    for tree in ("core", "views", "app"):
        for path in sorted(p for p in (root / tree).glob("*") if p.is_dir()):
            bad += namespace_violations(root, path)
            bad += absence_violations(root, path)
            if tree == "core":
                bad += flag_violations(root, path)
    for path in sorted(p for p in (root / "app").glob("*") if p.is_dir()):
        folder = Folder(root, path)
        if path.name == "cli":
            bad += [f"{place}: the command line may not include {other}"
                    for other, place in sorted(folder.includes.items()) if other.startswith("views/")]  # fmt: skip
    for text in sorted(root.glob("*.md")) + sorted(t for top in TOP for t in (root / top).rglob("*.md")):
        # The help and the data's page name what PyTorch writes.
        if text.name != "CHANGELOG.md" and not re.match("resources/help|tests/data", str(text.relative_to(root))):
            bad += mention_violations(root, text)
    for tree in ("core", "views"):
        floor, circle = floors(folders, tree)
        if circle:
            bad.append("these include each other in a circle: " + ", ".join(circle))
        lines.append(f"floors of {tree}")
        for level in sorted(set(floor.values()), reverse=True):
            names = sorted(k.partition("/")[2] for k in floor if floor[k] == level)
            lines.append(f"  {level}  {'  '.join(names)}")
    return lines + (bad or ["every include keeps the layering"]), not bad


def main():
    lines, well = check(pathlib.Path(sys.argv[1]))
    print("\n".join(lines))
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
