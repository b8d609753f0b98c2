#!/usr/bin/env python3
"""Times reading a large TORCH_LOGS text, whole processes: megabytes per second of processor time.

    tests/bench/text_log.py HOPSCOPE LOG.txt… [--megabytes 200] [--runs 5] [--keep FILE]

The text is made of the logs given, over and over, with the frames of every copy counted on, so that no two
compilations have one id. Beside it stands `grep -c` for one word on the same file: what one pass over the bytes costs
on this machine in the same run. Limit: 150 MB a processor second.
"""
import argparse
import os
import re
import sys
import tempfile


def write_log(logs, megabytes, file):
    compile_id = re.compile(rb"\[(\d+)/(\d+)(_\d+)?\]")
    texts = []
    for path in logs:
        with open(path, "rb") as log:
            texts.append(log.read())
    size = 0
    frame = 0
    while size < megabytes * 1_000_000:
        for text in texts:
            first = frame

            def counted_on(found):
                nonlocal frame
                number = int(found[1]) + first
                frame = max(frame, number + 1)
                return b"[%d/%b%b]" % (number, found[2], found[3] or b"")

            text = compile_id.sub(counted_on, text)
            file.write(text)
            size += len(text)
            if size >= megabytes * 1_000_000:
                break
    file.flush()
    return size


def processor_seconds(words, output=os.devnull):
    quiet = [(os.POSIX_SPAWN_OPEN, n, path, os.O_WRONLY, 0) for n, path in ((1, output), (2, os.devnull))]
    pid = os.posix_spawnp(words[0], words, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(words)} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hopscope")
    parser.add_argument("logs", nargs="+")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--keep", help="write the text here and leave it")
    given = parser.parse_args()
    with open(given.keep, "wb") if given.keep else tempfile.NamedTemporaryFile(suffix=".txt") as file:
        size = write_log(given.logs, given.megabytes, file)
        ours, scan, memory = [], [], 0
        counts = tempfile.NamedTemporaryFile()  # grep stops at the first word where nobody reads its output
        for _ in range(given.runs):
            seconds, peak = processor_seconds([os.path.abspath(given.hopscope), "regions", file.name])
            ours.append(seconds)
            memory = max(memory, peak)
            scan.append(processor_seconds(["grep", "-c", "torch", file.name], counts.name)[0])
        rate = size / 1e6 / min(ours)
        print(f"{size / 1e6:.0f} MB of {len(given.logs)} logs, the least of {given.runs} runs")
        print(f"hopscope regions  {min(ours):6.2f} s of processor time: {rate:.0f} MB a second (limit 150)")
        print(f"grep -c torch     {min(scan):6.2f} s: {min(ours) / min(scan):.1f} times that")
        print(f"peak memory {memory / size:.1f} x the file")
    return 0 if rate >= 150 else 1


if __name__ == "__main__":
    sys.exit(main())
