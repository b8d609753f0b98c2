#!/usr/bin/env python3
"""Builds the three programs from nothing, without the compiler cache, and says what it cost in processor time.

    build_times.py [--build FOLDER] [--jobs N] [--slowest N] [CMAKE-OPTION…]

Prints the processor seconds (user and system, so that a busy machine does not matter) of the whole build and of the
slowest files, and the wall time. What packaging/run.sh does on a fresh checkout, but for installing packages.
"""
import argparse
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

TARGETS = ["hopscope", "hopscope-desktop", "hopscope-executor"]


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def launch(log, command):
    """As the compiler's launcher: runs it, and writes down what it used and what it made."""
    status = subprocess.run(command).returncode
    made = command[command.index("-o") + 1] if "-o" in command else command[-1]
    line = f"{processor_seconds():.3f}\t{made}\n"
    with open(log, "a", encoding="utf-8") as file:  # one short write: lines of parallel launchers do not mix
        file.write(line)
    return status


def readable(made):
    """core/read/CMakeFiles/hopscope_read.dir/text.cpp.o → core/read/text.cpp; a precompiled header by its target."""
    folder, _, rest = made.partition("/CMakeFiles/")
    target, _, file = rest.partition(".dir/")
    if file.startswith("cmake_pch") or file.endswith(".gch"):
        return f"{folder}: headers precompiled for {target}"
    if "_autogen/" in made:
        return f"{folder}: moc's file of {target}"
    return f"{folder}/{file.removesuffix('.o')}"


def main():
    if sys.argv[1:2] == ["--launch"]:
        return launch(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, help="an empty folder; a temporary one unless given")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--slowest", type=int, default=10)
    options, more = parser.parse_known_args()
    root = pathlib.Path(__file__).resolve().parents[2]
    with tempfile.TemporaryDirectory() as temporary:
        build = options.build or pathlib.Path(temporary)
        log = pathlib.Path(temporary) / "times"
        log.touch()
        launcher = f"{sys.executable};{pathlib.Path(__file__).resolve()};--launch;{log}"
        subprocess.run(
            ["cmake", "--preset", "release", "-B", str(build), f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}",
             "-DHOPSCOPE_TESTS=OFF", "-DHOPSCOPE_BENCH=OFF", *more],
            cwd=root, check=True, stdout=subprocess.DEVNULL)
        known = subprocess.run(["ninja", "-C", str(build), "-t", "targets", "all"], check=True, capture_output=True,
                               text=True).stdout
        targets = [t for t in TARGETS if f"\n{t}: phony" in known or known.startswith(f"{t}: ")]
        before, began = processor_seconds(), time.monotonic()
        status = subprocess.run(["ninja", "-C", str(build), f"-j{options.jobs}", *targets], stdout=subprocess.DEVNULL,
                                env={**os.environ, "CCACHE_DISABLE": "1"}).returncode
        total, wall = processor_seconds() - before, time.monotonic() - began
        if status:
            print("the build failed", file=sys.stderr)
            return status
        files = sorted(((float(s), readable(m)) for s, m in (line.split("\t") for line in log.read_text().splitlines())),
                       reverse=True)
    compiled = sum(s for s, _ in files)
    print(f"{', '.join(targets)}: {total:.0f} processor seconds, {compiled:.0f} of them in {len(files)} compiled files; "
          f"{wall:.0f} s by the clock with {options.jobs} jobs")
    folders = {}
    for seconds, name in files:
        folder = "/".join(name.split("/")[:2]).split(":")[0]
        folders[folder] = folders.get(folder, 0) + seconds
    for folder, seconds in sorted(folders.items(), key=lambda f: -f[1])[:options.slowest]:
        print(f"{seconds:8.1f}  {folder}")
    print("slowest files:")
    for seconds, name in files[:options.slowest]:
        print(f"{seconds:8.1f}  {name.strip()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
