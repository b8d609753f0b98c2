"""The checker itself: each kind of back door is found, in a tree made for it."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check_layering  # noqa: E402

SOUND = {
    "core/CMakeLists.txt": "foreach(folder base graph)\n    add_subdirectory(${folder})\nendforeach()\n",
    "core/base/CMakeLists.txt": "hopscope_core_library(base SOURCES a.cpp)\n",
    "core/base/a.h": "#include <string>\n",
    "core/graph/CMakeLists.txt": "hopscope_core_library(graph SOURCES a.cpp DEPS base)\n",
    "core/graph/a.h": '#include "core/base/a.h"\n',
    "views/CMakeLists.txt": "add_subdirectory(base)\nforeach(panel canvas ledger)\n    add_subdirectory(${panel})\n"
    "endforeach()\nadd_subdirectory(shell)\n",
    "views/base/CMakeLists.txt": "hopscope_views_library(base SOURCES a.cpp CORE graph)\n",
    "views/base/a.h": '#include "core/graph/a.h"\n#include <QString>\n',
    "views/canvas/CMakeLists.txt": "hopscope_views_library(canvas SOURCES a.cpp)\n",
    "views/canvas/a.h": '#include "views/base/a.h"\n',
    "views/ledger/CMakeLists.txt": "hopscope_views_library(ledger SOURCES a.cpp)\n",
    "views/ledger/a.h": '#include "views/base/a.h"\n',
    "views/shell/CMakeLists.txt": "hopscope_views_library(shell SOURCES a.cpp PANELS canvas ledger)\n",
    "views/shell/a.h": '#include "views/canvas/a.h"\n#include "views/ledger/a.h"\n',
    "tests/graph/CMakeLists.txt": "foreach(test tst_a tst_b)\n    hopscope_test(${test} DEPS graph)\nendforeach()\n",
    "tests/graph/tst_a.cpp": '#include "core/base/a.h"\n',
    "tests/graph/tst_b.cpp": '#include "core/graph/a.h"\n',
    "app/cli/a.cpp": '#include "core/graph/a.h"\n',
}


class Layering(unittest.TestCase):
    def lines(self, changes):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in (SOUND | changes).items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return check_layering.check(root)

    def refused(self, changes, words):
        lines, well = self.lines(changes)
        self.assertFalse(well, lines)
        self.assertTrue(any(words in line for line in lines), lines)

    def test_sound(self):
        lines, well = self.lines({})
        self.assertTrue(well, lines)
        self.assertEqual(
            lines,
            ["floors of core", "  1  graph", "  0  base"]
            + ["floors of views", "  2  shell", "  1  canvas  ledger", "  0  base"]
            + ["every include keeps the layering"],
        )

    def test_upwards(self):
        self.refused({"core/base/a.h": '#include "core/graph/a.h"\n'}, "core/base may not include core/graph")

    def test_core_knows_no_views(self):
        self.refused({"core/graph/b.cpp": '#include "views/base/a.h"\n'}, "core/graph may not include views/base")

    def test_qt(self):
        self.refused({"core/graph/b.cpp": "#include <QString>\n"}, "core has no Qt")

    def test_torch(self):
        self.refused({"core/graph/b.cpp": "# include <torch/torch.h>\n"}, "only core/executor knows libtorch")

    def test_neighbours(self):
        self.refused({"views/canvas/b.cpp": '#include "views/ledger/a.h"\n'}, "views/canvas may not include views/ledger")

    def test_pair(self):
        changes = {"views/canvas/b.cpp": '#include "views/ledger/a.h"\n', "views/ledger/b.cpp": '#include "views/canvas/a.h"\n'}
        self.refused(changes, "in a circle: views/canvas, views/ledger")

    def test_panel_knows_no_shell(self):
        self.refused({"views/ledger/b.cpp": '#include "views/shell/a.h"\n'}, "views/ledger may not include views/shell")

    def test_command_line_knows_no_views(self):
        self.refused({"app/cli/a.cpp": '#include "views/base/a.h"\n'}, "the command line may not include views/base")

    def test_not_linked(self):
        changes = {"core/graph/CMakeLists.txt": "hopscope_core_library(graph SOURCES a.cpp)\n"}
        self.refused(changes, "core/graph includes core/base, which its CMakeLists.txt does not link")

    def test_linked_for_nothing(self):
        changes = {"views/canvas/CMakeLists.txt": "hopscope_views_library(canvas SOURCES a.cpp CORE graph)\n"}
        self.refused(changes, "links core/graph, which nothing there includes")

    def test_folder_that_no_list_adds(self):
        changes = {"core/CMakeLists.txt": "foreach(folder base)\n    add_subdirectory(${folder})\nendforeach()\n"}
        self.refused(changes, "does not add core/graph")

    def test_test_that_does_not_link(self):
        changes = {"tests/graph/tst_b.cpp": '#include "views/base/a.h"\n'}
        self.refused(changes, "tests/graph/tst_b.cpp:1: tst_b includes views/base, which it does not link")

    def test_test_without_source(self):
        changes = {"tests/graph/CMakeLists.txt": "hopscope_test(tst_c DEPS graph)\n"}
        self.refused(changes, "tests/graph/CMakeLists.txt: tst_c has no tst_c.cpp")

    def test_a_number_for_none(self):
        for line in ("    int row = -1;", "void f(int row = -1);", "    uint32_t box{UINT32_MAX}; // none", "    size_t a = 0, b = SIZE_MAX;"):
            self.refused({"core/graph/b.h": f"#pragma once\n{line}\n"}, "core/graph/b.h:2: '")
            self.refused({"views/canvas/b.h": f"{line}\n"}, "views/canvas/b.h:1: '")
        for line in ("inline constexpr uint32_t kNone = UINT32_MAX;", "    return at < 0 ? -1 : at;", "    int step = 1; // -1: back", "    double low = -1.5;"):
            lines, well = self.lines({"core/graph/b.h": line + "\n"})
            self.assertTrue(well, lines)

    def test_what_a_page_names(self):
        page = "Start at `core/graph/a.h`, `a.h` in [core/base](core/base); `b.cpp` and `core/base`. `--option`, `x.y.z`\n"
        self.refused({"README.md": page}, "README.md:1: names b.cpp, which is not there")
        lines, well = self.lines({"README.md": page, "core/base/b.cpp": ""})
        self.assertTrue(well, lines)
        self.refused({"CONTRIBUTING.md": "| x | `core/graph/gone.h` |\n"}, "CONTRIBUTING.md:1: names core/graph/gone.h")
        # A test program without its ending, many files at once, and a file beside the page.
        page = "`tests/graph/tst_a`, `core/*/a.h`, `a.h`\n"
        lines, well = self.lines({"core/graph/README.md": page})
        self.assertTrue(well, lines)
        lines, well = self.lines({"core/graph/README.md": "As PyTorch has it in\n`gone.py`.\n"})
        self.assertTrue(well, lines)
        self.refused({"core/graph/README.md": "PyTorch.\n\n`gone.py`\n"}, "README.md:3: names gone.py")
        self.refused({"core/graph/README.md": "`tests/graph/tst_c`\n"}, "names tests/graph/tst_c")

    def test_namespace(self):
        body = "namespace %s {\n\nstruct A {\n    int a;\n};\n\n} // namespace %s\n"
        for space in ("hopscope", "hopscope::graph"):
            lines, well = self.lines({"core/graph/b.h": body % (space, space)})
            self.assertTrue(well, lines)
        self.refused({"core/graph/b.h": body % (("hopscope::base",) * 2)}, "core/graph declares in hopscope::base")
        self.refused({"core/graph/b.h": body % (("graph",) * 2)}, "core/graph declares in graph")
        self.refused({"views/canvas/b.h": body % (("canvas",) * 2)}, "views/canvas declares in canvas")
        self.refused({"app/cli/b.h": body % (("hopscope",) * 2)}, "app/cli declares in hopscope")
        nested = "namespace hopscope {\nnamespace base {\nint f();\n}\n}\n"
        self.refused({"core/graph/b.h": nested}, "core/graph/b.h:3: core/graph declares in hopscope::base")

    def test_forward_declarations(self):
        text = "namespace hopscope::base {\nclass A;\n}\nnamespace hopscope {\nvoid f(base::A&);\n}\n"
        lines, well = self.lines({"core/graph/b.h": text})
        self.assertTrue(well, lines)

    def test_options(self):
        self.refused({"core/graph/b.cpp": 'auto a = "give it with --bind";\n'}, "core/graph/b.cpp:1: core names an option")
        lines, well = self.lines({"core/graph/b.cpp": 'f({"--describe"}); // "as in --describe"\n'})
        self.assertTrue(well, lines)

    def test_folder_of_no_table(self):
        self.refused({"views/attic/a.h": "\n"}, "views/attic: is in no table")


if __name__ == "__main__":
    unittest.main()
