// Our own layout beside Graphviz dot, as a table: crossings, length, width, height and processor time on the
// bodies of recordings, as they are drawn, and on generated graphs of growing size.
//
//   layout_table [--dot-seconds N] [--boxes N] [--write FOLDER] [DUMP…]
//
// Without dumps only the generated graphs. dot is asked up to --boxes boxes (600) and killed after
// --dot-seconds (10).
// --write keeps every graph as a list of edges, for other engines.
#include "core/draw/scene.h"
#include "core/export/picture.h"
#include "core/graph/dump.h"
#include "core/read/open.h"
#include "tests/layout/graphs.h"
#include "tests/layout/measure.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>

using namespace hopscope;
using namespace hopscope::layout;
using test::Figures;

namespace {

struct Settings {
    int dot_seconds = 10;
    size_t boxes = 600;
    std::string folder;
};

double cpu_milliseconds(int who) {
    rusage usage{};
    ::getrusage(who, &usage);
    const auto ms = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) * 1000 + static_cast<double>(t.tv_usec) / 1000;
    };
    return ms(usage.ru_utime) + ms(usage.ru_stime);
}

struct Row {
    Figures figures;
    double ms = 0;
    bool done = false;
    std::string why;
};

Row ours(const Input& input) {
    Row row;
    Result<Output> out = Output();
    // The best of a few, as the machine is shared.
    double spent = 0;
    for (int i = 0; i < 5 && (i == 0 || spent < 500); ++i) {
        const double before = cpu_milliseconds(RUSAGE_SELF);
        out = run_layered(input);
        const double taken = cpu_milliseconds(RUSAGE_SELF) - before;
        row.ms = i == 0 ? taken : std::min(row.ms, taken);
        spent += taken;
    }
    row.done = out.ok();
    if (out.ok())
        row.figures = test::measure(input, *out);
    else
        row.why = out.error().message;
    return row;
}

Row dots(const Input& input, const Settings& settings) {
    Row row;
    if (input.boxes.size() > settings.boxes) {
        row.why = "not asked";
        return row;
    }
    Options options;
    options.dot_milliseconds = settings.dot_seconds * 1000;
    const double before = cpu_milliseconds(RUSAGE_CHILDREN);
    const Result<Output> out = run_dot(input, options);
    row.ms = cpu_milliseconds(RUSAGE_CHILDREN) - before;
    row.done = out.ok();
    if (out.ok())
        row.figures = test::measure(input, *out);
    else
        row.why = "over " + std::to_string(settings.dot_seconds) + " s";
    return row;
}

struct Sum {
    double e[2]{}, v[2]{}, segments[2]{}, lines[2]{}, width[2]{}, height[2]{}, ms[2]{};
    int graphs = 0, within_tenth = 0;
} sum;

void add(const Row& own, const Row& dot) {
    const Row* rows[] = {&own, &dot};
    for (int i = 0; i < 2; ++i) {
        const Figures& f = rows[i]->figures;
        sum.e[i] += static_cast<double>(f.edges_crossed);
        sum.v[i] += static_cast<double>(f.values_crossed);
        sum.segments[i] += f.segments;
        sum.lines[i] += f.lines;
        sum.width[i] += f.width;
        sum.height[i] += f.height;
        sum.ms[i] += rows[i]->ms;
    }
    ++sum.graphs;
    sum.within_tenth += own.ms <= dot.ms / 10;
}

void write_edges(const std::string& folder, const std::string& name, const Input& input) {
    std::string file = name;
    std::replace(file.begin(), file.end(), '/', '_');
    std::ofstream out(folder + "/" + file + ".edges");
    out << input.boxes.size() << "\n";
    for (const Value& value : input.values)
        for (const Use& use : value.users)
            out << value.producer << " " << use.box << "\n";
}

void print(const std::string& name, const Input& input, const Settings& settings) {
    size_t edges = 0;
    for (const Value& value : input.values)
        edges += value.users.size();
    const Row own = ours(input), dot = dots(input, settings);
    std::printf("%-46s %6zu/%-6zu", name.c_str(), input.boxes.size(), edges);
    for (const Row* row : {&own, &dot}) {
        const Figures& f = row->figures;
        if (row->done)
            std::printf(" | %8.1f %6llu %5llu %8.0f %8.0f %6d %7d%s", row->ms,
                static_cast<unsigned long long>(f.edges_crossed),
                static_cast<unsigned long long>(f.values_crossed), f.segments, f.lines, f.width, f.height,
                f.cut ? "*" : " ");
        else
            std::printf(" | %s", row->why.c_str());
    }
    std::printf("\n");
    std::fflush(stdout);
    if (own.done && dot.done)
        add(own, dot);
    if (!settings.folder.empty())
        write_edges(settings.folder, name, input);
}

void print_sum(const char* what) {
    const auto ratio = [](const double(&pair)[2]) { return pair[1] > 0 ? pair[0] / pair[1] : 0; };
    std::printf(
        "%s: %d graphs, ours / dot: E %.0f/%.0f = %.2f, V %.0f/%.0f = %.2f, segments %.2f, lines %.2f, "
        "width %.2f, height %.2f, time %.0f/%.0f ms = %.3f (at most a tenth on %d)\n\n",
        what, sum.graphs, sum.e[0], sum.e[1], ratio(sum.e), sum.v[0], sum.v[1], ratio(sum.v),
        ratio(sum.segments), ratio(sum.lines), ratio(sum.width), ratio(sum.height), sum.ms[0], sum.ms[1],
        ratio(sum.ms), sum.within_tenth);
    sum = {};
}

// The body as drawing hands it to layout.
Input input_of(const Dump& dump, GraphId graph, BodyId body, bool fold) {
    draw::Options options = picture_options(dump, nullptr, {graph, body, {}});
    options.fold = fold;
    Input taken;
    (void)draw::make_scene(
        *dump.graph(graph).module, body, options, draw::Placer([&](const Input& input) -> Result<Output> {
            taken = input;
            return make_error(Error::Kind::Cancelled, "only asked for its input");
        }));
    return taken;
}

std::string edges_text(const Input& input) {
    std::string text = std::to_string(input.boxes.size());
    for (const Box& box : input.boxes)
        text += " " + std::to_string(box.width);
    for (const Value& value : input.values)
        for (const Use& use : value.users)
            text += " " + std::to_string(value.producer) + ">" + std::to_string(use.box);
    return text;
}

void recorded(const std::vector<std::string>& paths, bool fold, const Settings& settings) {
    std::set<std::string> seen; // equal graphs count once
    for (const std::string& path : paths) {
        const Result<Dump> dump = open_dump({path});
        if (!dump.ok()) {
            std::printf("%s: %s\n", path.c_str(), dump.error().message.c_str());
            continue;
        }
        for (size_t g = 0; g < dump->graphs.size(); ++g)
            for (size_t b = 0; dump->graphs[g].module && b < dump->graphs[g].module->bodies.size(); ++b) {
                const Input input = input_of(*dump, GraphId(g), BodyId(b), fold);
                if (input.boxes.size() < 8 || !seen.insert(edges_text(input)).second)
                    continue;
                print(dump->name + " " + address_of(*dump, GraphId(g), BodyId(b)), input, settings);
            }
    }
    print_sum(fold ? "recorded bodies as drawn" : "recorded bodies, not folded");
}

void generated(const Settings& settings) {
    for (const size_t n : {50u, 200u, 1000u, 7500u, 10000u, 50000u}) {
        const std::string size = " " + std::to_string(n);
        print("chain" + size, test::chain(n), settings);
        print("layers with residuals" + size, test::blocks(n / 9), settings);
        print("random, mostly near" + size, test::random_dag(n, 1), settings);
        print("random, several values" + size, test::random_dag(n, 2, true), settings);
        print("joint: down and back up" + size, test::joint(n / 12), settings);
    }
    print_sum("generated");
}

} // namespace

int main(int argc, char** argv) {
    Settings settings;
    std::vector<std::string> paths;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--dot-seconds" && i + 1 < argc)
            settings.dot_seconds = std::atoi(argv[++i]);
        else if (word == "--boxes" && i + 1 < argc)
            settings.boxes = static_cast<size_t>(std::atoi(argv[++i]));
        else if (word == "--write" && i + 1 < argc)
            settings.folder = argv[++i];
        else
            paths.push_back(word);
    }
    std::printf(
        "%-46s %13s | ours: ms, E, V, segments, lines, width, height (* = links cut) | the same of dot\n",
        "graph", "boxes/edges");
    if (!paths.empty()) {
        recorded(paths, true, settings);
        recorded(paths, false, settings);
    }
    generated(settings);
}
