"""What happens to a printed graph on its way to a report: other programs' prefixes, terminals, editors, mail, browsers.

Each wrapping is a function of a text that gives a text (or, those of OUTERMOST, bytes). check_forms.py uses them.
"""
import html
import json
import re


def lines_of(text):
    return text.rstrip("\n").split("\n")


def each(before, behind=""):
    def wrap(text):
        out = []
        for n, line in enumerate(lines_of(text)):
            prefix = before(n, line) if callable(before) else before
            out.append((prefix + line + behind))
        return "\n".join(out) + "\n"
    return wrap


GLOG = "I0521 09:32:52.155000 2240152 torch/_functorch/_aot_autograd/graph_compile.py:1581] [0/0] [__aot_graphs] "


def clock(n):
    return f"{9 + n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}"


def first_line_only(text):
    return "[2023-04-10 12:28:11,630] torch._functorch.aot_autograd.__aot_graphs: [INFO] TRACED GRAPH\n ===== Forward graph 0 =====\n" + text


def titled(text):
    head, _, rest = text.partition("\n")
    return each(GLOG)("TRACED GRAPH\n ===== Forward graph 0 =====\n <eval_with_key>.8 " + head + "\n" + rest)


def docker(text):
    return "".join(json.dumps({"log": line + "\n", "stream": "stderr", "time": f"2026-03-01T{clock(n)}.123456789Z"}) + "\n"
                   for n, line in enumerate(lines_of(text)))


def kubernetes(text):
    return "".join(json.dumps({"severity": "ERROR", "message": line, "pod": "train-0"}) + "\n" for line in lines_of(text))


def fenced(text):
    return "### Bug\n\nI compile this, and then it is wrong:\n\n```python\nclass Net(torch.nn.Module):\n    def forward(self, x):\n        return x + 1\n```\n\nThe graph is:\n\n```\n" + text + "```\n\nAny idea? Thanks.\n"


def details(text):
    return "<details>\n<summary>graph</summary>\n\n```python\n" + text + "\n```\n\n</details>\n"


def pre(text):
    return "<!DOCTYPE html><html><body><p>See:</p><pre><code>" + html.escape(text) + "</code></pre></body></html>\n"


def bare_pre(text):
    return "<pre>\n" + html.escape(text, quote=False) + "</pre>\n"


def nbsp(text):
    return re.sub(r"^ +", lambda m: "\u00a0" * len(m[0]), text, flags=re.M)


def nbsp_pairs(text):
    return text.replace("  ", "\u00a0 ")


def smart(text):
    out, opened = [], False
    for c in text:
        if c == '"':
            out.append("\u201d" if opened else "\u201c")
            opened = not opened
        elif c == "'":
            out.append("\u2019")
        else:
            out.append(c)
    return "".join(out)


def tabs(text):
    return re.sub(r"^(    )+", lambda m: "\t" * (len(m[0]) // 4), text, flags=re.M)


def ansi(text):
    text = re.sub(r'"(\w+)\[', '"\x1b[31m\\1\x1b[0m[', text)
    return re.sub(r"(;  .* = None)$", "\x1b[2m\\1\x1b[0m", text, flags=re.M)


def ansi_line(text):
    return each("\x1b[1m\x1b[31m", "\x1b[0m")(text)


def wrapped(width):
    def wrap(text):
        out = []
        for line in lines_of(text):
            while len(line) > width:
                out.append(line[:width])
                line = line[width:]
            out.append(line)
        return "\n".join(out) + "\n"
    return wrap


def wrapped_at_blanks(width):
    def wrap(text):
        out = []
        for line in lines_of(text):
            while len(line) > width:
                blank = line.rfind(" ", len(line) - len(line.lstrip()) + 8, width)
                if blank < 0:
                    break
                out.append(line[:blank])
                line = line[blank + 1:]
            out.append(line)
        return "\n".join(out) + "\n"
    return wrap


def padded(text):
    return "\n".join(line.ljust(160) for line in lines_of(text)) + "\n"


def boxed(text):
    width = max(map(len, lines_of(text)))
    return "+" + "-" * (width + 2) + "+\n" + "".join(f"| {line.ljust(width)} |\n" for line in lines_of(text)) + "+" + "-" * (width + 2) + "+\n"


def no_indent(text):
    return "\n".join(line.lstrip() for line in lines_of(text)) + "\n"


def deeper(text):
    return each("            ")(text)


def no_blank_lines(text):
    return "\n".join(line for line in lines_of(text) if line.strip()) + "\n"


def double_spaced(text):
    return "\n\n".join(lines_of(text)) + "\n"


def tqdm(text):
    out = []
    for n, line in enumerate(lines_of(text)):
        out.append(line)
        if n % 7 == 3:
            out.append(f"\r {n % 100}%|###       | {n}/100 [00:0{n % 10}<00:12,  7.31it/s]")
    return "\n".join(out) + "\n"


def warnings_between(text):
    out = []
    for n, line in enumerate(lines_of(text)):
        out.append(GLOG + line)
        if n % 9 == 5:
            out.append("/usr/lib/python3/site-packages/torch/utils/_pytree.py:12: UserWarning: something is deprecated")
            out.append("  warnings.warn(")
    return "\n".join(out) + "\n"


def two_processes(text):
    a = each(lambda n, line: f"[rank0]:I0521 09:32:52.155000 11 torch/_functorch/x.py:1581] [0/0] [__aot_graphs] ")(text).splitlines()
    b = each(lambda n, line: f"[rank1]:I0521 09:32:52.158000 12 torch/_functorch/x.py:1581] [0/0] [__aot_graphs] ")(text).splitlines()
    out, i, j, n = [], 0, 0, 0
    while i < len(a) or j < len(b):
        for _ in range(1 + n % 3):
            if i < len(a):
                out.append(a[i]); i += 1
        for _ in range(1 + n % 2):
            if j < len(b):
                out.append(b[j]); j += 1
        n += 1
    return "\n".join(out) + "\n"


def docstring(text):
    return 'import torch\n\n"""\nWhat the log says:\n\n' + text + '"""\n\n\ndef test():\n    pass\n'


def literal(text):
    return "expected = " + repr(text) + "\nassert expected\n"


def notebook(text):
    cell = {"cell_type": "code", "source": ["f(x)\n"], "metadata": {}, "execution_count": 1,
            "outputs": [{"output_type": "stream", "name": "stderr", "text": [line + "\n" for line in lines_of(text)]}]}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def diff_added(text):
    return "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -0,0 +1,%d @@\n" % len(lines_of(text)) + each("+")(text)


WRAPPINGS = {
    "glog on all lines": each(GLOG),
    "glog with titles": titled,
    "2023, first line only": first_line_only,
    "2024 logger": each("[2024-03-05 12:00:00,123] [0/0] torch._functorch.aot_autograd.__aot_graphs: [INFO] "),
    "2.14 format": each("[rank0]:I0521 09:32:52.155000 2240152 .venv/lib/python3.12/site-packages/torch/_functorch/_aot_autograd/graph_compile.py:1581] [0/0] [__aot_graphs] "),
    "compiled autograd": each("V0521 09:32:52.155000 2240152 torch/_dynamo/compiled_autograd.py:1270] [!0/3/0] [__compiled_autograd] "),
    "basic logger": each("INFO:torch._functorch._aot_autograd.dispatch_and_compile_graph.__aot_graphs:"),
    "rank": each("[rank0]:"),
    "rank blank": each("[rank0]: "),
    "torchrun": each("[default0]:"),
    "GitHub CI stamps": each(lambda n, line: f"2026-03-01T{clock(n)}.{1234567 + 31 * n % 8000000:07}Z "),
    "job and step": each(lambda n, line: f"build (3.12)\tRun tests\t2026-03-01T{clock(n)}.1234567Z "),
    "syslog": each(lambda n, line: f"Mar  1 {clock(n)} node17 python3[4711]: "),
    "bracket clock": each(lambda n, line: f"[{clock(n)}] "),
    "ray": each("(Worker pid=4711, ip=10.0.0.3) "),
    "slurm": each("0: "),
    "docker compose": each("trainer-1  | "),
    "docker JSON": docker,
    "cluster JSON": kubernetes,
    "pytest E": each("E   "),
    "pytest E spaces": each("E       "),
    "quoted": each("> "),
    "quoted twice": each("> > "),
    "quoted tight": each(">"),
    "cat -n": each(lambda n, line: f"{n + 1:6}\t"),
    "line numbers": each(lambda n, line: f"{n + 1:4}: "),
    "grep -n": each(lambda n, line: f"log.txt:{n + 1}:"),
    "grep file": each("log.txt:"),
    "markdown report": fenced,
    "details": details,
    "html page": pre,
    "pre": bare_pre,
    "nbsp": nbsp,
    "nbsp pairs": nbsp_pairs,
    "smart quotes": smart,
    "tabs": tabs,
    "ANSI": ansi,
    "ANSI lines": ansi_line,
    "added": each("+"),
    "added by a diff": diff_added,
    "context of a diff": each(" "),
    "removed": each("-"),
    "bar": each("| "),
    "box": boxed,
    "padded": padded,
    "comment": each("# "),
    "deeper": deeper,
    "no blank lines": no_blank_lines,
    "double spaced": double_spaced,
    "tqdm": tqdm,
    "warnings between": warnings_between,
    "two processes": two_processes,
    "docstring": docstring,
    "literal": literal,
    "notebook": notebook,
    "hard wrap 80": wrapped(80),
    "hard wrap 100": wrapped(100),
    "hard wrap 120": wrapped(120),
    "mail wrap 78": wrapped_at_blanks(78),
    "no indentation": no_indent,
    # Whole files: outermost.
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "no last newline": lambda text: text.rstrip("\n"),
    "BOM": lambda text: "\ufeff" + text,
    "UTF-16 LE": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "UTF-16 BE": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "UTF-16 no mark": lambda text: text.encode("utf-16-le"),
    "latin-1 byte": lambda text: text.encode() + b"caf\xe9 \x80\xff\n",
}

# What holds a text, and is not found inside of something else.
CONTAINERS = ("notebook", "literal", "html page", "pre", "cluster JSON", "docker JSON", "no last newline", "BOM")
OUTERMOST = ("UTF-16 LE", "UTF-16 BE", "UTF-16 no mark", "latin-1 byte")
