#include "core/read/borrow.h"

#include "core/base/text.h"
#include "core/graph/calls.h"
#include "core/read/open.h"

#include <algorithm>
#include <filesystem>
#include <map>

namespace hopscope::read {

namespace {

namespace fs = std::filesystem;

bool same_root(const GraphModule& a, const GraphModule& b) {
    if (a.bodies.empty() || b.bodies.empty())
        return false;
    const Body& x = a.bodies[0];
    const Body& y = b.bodies[0];
    if (x.nodes.size() != y.nodes.size())
        return false;
    for (size_t i = 0; i < x.nodes.size(); ++i) {
        const Node& m = x.nodes[i];
        const Node& n = y.nodes[i];
        const auto inputs_a = x.inputs_of(m);
        const auto inputs_b = y.inputs_of(n);
        if (m.op != n.op || a.text(m.name) != b.text(n.name)
            || (m.op != Opcode::Placeholder && a.text(m.target) != b.text(n.target))
            || !std::equal(inputs_a.begin(), inputs_a.end(), inputs_b.begin(), inputs_b.end()))
            return false;
    }
    return true;
}

// The bodies that `module`'s root calls and lacks, as `donor` has them; empty unless it has all of them, by
// the same calls.
std::vector<RegionCall> bodies_in(const GraphModule& donor, const GraphModule& module) {
    if (!same_root(module, donor))
        return {};
    std::vector<RegionCall> found;
    for (const RegionCall& lacks : region_calls(module, BodyId(0))) {
        if (lacks.body)
            continue;
        const auto has = region_call(donor, BodyId(0), lacks.node);
        if (!has || !has->body || has->identifier != lacks.identifier || has->operands != lacks.operands)
            return {};
        const bool known = std::any_of(
            found.begin(), found.end(), [&](const RegionCall& c) { return c.attribute == has->attribute; });
        if (!known)
            found.push_back(*has);
    }
    return found;
}

// Copies bodies between modules: ids of texts, types and sources are each module's own.
class Copier {
public:
    Copier(GraphModule& to, const GraphModule& from, uint32_t line)
        : to_(to)
        , from_(from)
        , line_(line) { }

    void body(BodyId root, BodyId parent) {
        std::vector<std::pair<BodyId, BodyId>> open{{root, parent}};
        while (!open.empty()) {
            const auto [source, below] = open.back();
            open.pop_back();
            const BodyId copy(to_.bodies.size());
            to_.bodies.push_back(from_.body(source));
            to_.bodies[below.index].children.push_back(copy);
            own(to_.bodies.back(), below);
            const auto& children = from_.body(source).children;
            for (auto child = children.rbegin(); child != children.rend(); ++child)
                open.emplace_back(*child, copy);
        }
    }

private:
    StringId text(StringId id) { return id ? to_.strings.keep(std::string(from_.text(id))) : id; }

    TypeId type(TypeId id) {
        if (!id)
            return id;
        const auto [at, is_new] = types_.try_emplace(id, TypeId(to_.types.size()));
        if (is_new) {
            ValueType copy = from_.types[id.index];
            const size_t dims = copy.rank + (copy.has_stride ? copy.rank : size_t{0});
            const size_t begin = copy.dims_begin;
            copy.text = text(copy.text);
            copy.dtype = text(copy.dtype);
            copy.device = text(copy.device);
            copy.symbol = text(copy.symbol);
            copy.dims_begin = static_cast<uint32_t>(to_.dims.size());
            for (size_t i = 0; i < dims; ++i)
                to_.dims.push_back(text(from_.dims[begin + i]));
            to_.types.push_back(copy);
        }
        return at->second;
    }

    SourceId source(SourceId id) {
        if (!id)
            return id;
        const auto [at, is_new] = sources_.try_emplace(id, SourceId(to_.sources.size()));
        if (is_new) {
            Source copy = from_.sources[id.index];
            for (StringId* words :
                {&copy.file, &copy.function, &copy.code, &copy.annotation, &copy.recompute})
                *words = text(*words);
            to_.sources.push_back(copy);
        }
        return at->second;
    }

    void own(Body& body, BodyId parent) {
        body.class_name = text(body.class_name);
        body.parent = parent;
        body.children.clear();
        for (Node& n : body.nodes) {
            n.name = text(n.name);
            n.target = text(n.target);
            n.descriptor = text(n.descriptor);
            n.type = type(n.type);
            n.source = source(n.source);
            n.line = line_; // the script's, where it makes the module
        }
        for (Arg& arg : body.args)
            if (const StringId words = arg.text())
                arg.ref = text(words).index;
        for (StringId& words : body.output_descriptors)
            words = text(words);
    }

    GraphModule& to_;
    const GraphModule& from_;
    uint32_t line_;
    std::map<TypeId, TypeId> types_;
    std::map<SourceId, SourceId> sources_;
};

struct Lender {
    const GraphModule* module = nullptr;
    std::string place; // in words
    std::vector<RegionCall> bodies;
};

// What this pass says of one file.
struct Told {
    size_t scripts = 0;
    std::string first;
    uint64_t line = 0, offset = 0;
};

class Borrower {
public:
    explicit Borrower(Dump& dump)
        : dump_(dump) { }

    void run() {
        for (size_t g = 0; g < dump_.graphs.size(); ++g)
            if (is_script(*dump_.graphs[g].module) && lacks_bodies(*dump_.graphs[g].module))
                fill(g);
        for (const auto& [file, told] : told_)
            dump_.problems.push_back({Severity::Note,
                told.first
                    + (told.scripts > 1 ? "; so of " + std::to_string(told.scripts) + " scripts in this file"
                                        : ""),
                file, told.line, told.offset});
    }

private:
    static bool is_script(const GraphModule& module) {
        return !module.bodies.empty() && module.text(module.bodies[0].class_name) == "Repro";
    }
    static bool lacks_bodies(const GraphModule& module) {
        const auto calls = region_calls(module, BodyId(0));
        return std::any_of(calls.begin(), calls.end(), [](const RegionCall& c) { return !c.body; });
    }

    void fill(size_t g) {
        const Graph& graph = dump_.graphs[g];
        Lender lender = lender_of(g);
        Dump beside;
        if (!lender.module)
            lender = lender_beside(graph, beside);
        if (!lender.module) {
            tell(graph,
                "no graph here is the same as the script's, to take the bodies of its regions from; "
                "fx_graph_readable.py of its folder, or the TORCH_TRACE of its run, has them: open it too");
            return;
        }
        // Graphs were just read: the module is this dump's alone, until evidence is merged.
        GraphModule& module = *std::const_pointer_cast<GraphModule>(graph.module);
        Copier copier(module, *lender.module, static_cast<uint32_t>(graph.line));
        for (const RegionCall& call : lender.bodies)
            copier.body(call.body, BodyId(0));
        tell(graph,
            "the " + (lender.bodies.size() == 1 ? std::string("body of a region") : "bodies of regions")
                + " that the script lacks (" + utf8(lender.module->text(lender.bodies.front().attribute))
                + (lender.bodies.size() > 1 ? ", and " + std::to_string(lender.bodies.size() - 1) + " more"
                                            : "")
                + ") " + (lender.bodies.size() == 1 ? "is" : "are") + " taken from " + lender.place
                + ", whose nodes and calls are the same");
    }

    // Of the same compilation if there is one.
    Lender lender_of(size_t g) const {
        const Graph& graph = dump_.graphs[g];
        for (const bool same_compilation : {true, false})
            for (const Graph& other : dump_.graphs) {
                if (is_script(*other.module) || (other.compilation == graph.compilation) != same_compilation)
                    continue;
                auto bodies = bodies_in(*other.module, *graph.module);
                if (!bodies.empty())
                    return {other.module.get(), place_of(other), std::move(bodies)};
            }
        return {};
    }

    // TORCH_COMPILE_DEBUG writes both into one folder.
    Lender lender_beside(const Graph& graph, Dump& beside) const {
        const fs::path path = dump_.files[graph.file.index].path;
        const fs::path readable = path.parent_path() / "fx_graph_readable.py";
        std::error_code error;
        if (path.filename() == readable.filename() || !fs::is_regular_file(path, error)
            || !fs::is_regular_file(readable, error))
            return {};
        OpenOptions options;
        options.threads = 1;
        auto opened = open_dump({readable.string()}, options);
        if (!opened)
            return {};
        beside = std::move(*opened);
        for (const Graph& other : beside.graphs)
            if (auto bodies = bodies_in(*other.module, *graph.module); !bodies.empty())
                return {other.module.get(), "fx_graph_readable.py beside it", std::move(bodies)};
        return {};
    }

    std::string place_of(const Graph& graph) const {
        const std::string& path = dump_.files[graph.file.index].path;
        return path.substr(path.rfind('/') + 1) + ':' + std::to_string(graph.line); // npos + 1 = 0
    }

    void tell(const Graph& graph, std::string words) {
        Told& told = told_[graph.file];
        if (told.scripts++ == 0)
            told = {1, std::move(words), graph.line, graph.offset};
    }

    Dump& dump_;
    std::map<FileId, Told> told_;
};

} // namespace

void borrow_bodies(Dump& dump) {
    Borrower(dump).run();
}

} // namespace hopscope::read
