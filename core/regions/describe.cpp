// What a region is called and where it was written.
#include "core/base/text.h"
#include "core/regions/build.h"
#include "core/regions/input_names.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace hopscope::regions {
namespace {

bool is_everywhere(std::string_view function) {
    return function.empty() || function == "forward" || function == "__call__" || function == "wrapper"
        || function == "inner" || function == "_call_impl" || function == "_wrapped_call_impl";
}

// As Dynamo's guards name the function that was marked: the only one there is, or the one in which the
// body's nodes were made.
std::string marked_name(const Dump& dump, CompilationId compilation, const std::vector<Row>& rows,
    const GraphModule& m, const Body& body) {
    std::vector<const MarkedFunction*> marked;
    for (const MarkedFunction& f : dump.marked)
        if (f.compilation == compilation)
            marked.push_back(&f);
    std::set<int> codes;
    for (const Row& row : rows)
        if (row.code)
            codes.insert(*row.code);
    if (marked.size() == 1 && codes.size() <= 1)
        return marked.front()->name;
    for (const MarkedFunction* f : marked)
        for (const Node& n : body.nodes)
            if (const Source* s = m.source(n.source);
                s && s->has_place() && m.text(s->function) == f->name && m.text(s->file) == f->source_file)
                return f->name;
    return {};
}

// What one line calls: `decoder_layer` of "hidden_states = decoder_layer(", `call` of "x = self.call(b, x)".
// Empty where it calls several things by name, as no text tells which of them is the region.
std::string called_on(std::string_view code) {
    std::string found;
    for (size_t open = code.find('('); open != std::string_view::npos; open = code.find('(', open + 1)) {
        size_t begin = open;
        while (begin > 0 && is_identifier_char(code[begin - 1]))
            --begin;
        const std::string_view name = code.substr(begin, open - begin);
        const std::string_view before = code.substr(0, begin);
        // Methods of values are no regions; those of the model may be.
        if (!is_identifier(name) || (before.ends_with('.') && !before.ends_with("self.")) || name == "super"
            || name == "enumerate" || name == "zip" || name == "range" || name == "len" || name == "print"
            || is_everywhere(name) || name.starts_with("__"))
            continue;
        if (!found.empty() && found != name)
            return {};
        found = std::string(name);
    }
    return found;
}

std::string name_at_call(const Dump& dump, const CompilationLedger& ledger, const Region& region) {
    for (const InvocationId i : region.invocations) {
        const Invocation& inv = ledger.invocation(i);
        const Source* s = call_source(dump, inv);
        if (!s || !s->has_place())
            continue;
        const GraphModule& m = *dump.graph(inv.origin().graph).module;
        // A wrapper of PyTorch's own calls everything by one name.
        if (m.text(s->file).find("/torch/") != std::string_view::npos)
            continue;
        if (std::string name = called_on(m.text(s->code)); !name.empty())
            return name;
    }
    return {};
}

// The module that all parameters of a region are of, by its first call: what they have in common of
// "L['self']._modules['blocks']._modules['0']._modules['mlp']._parameters['weight']". Empty where no records
// tell the names of them all.
std::string module_of(const Dump& dump, InputNames& names, const Place& body) {
    std::string common;
    bool first = true;
    for (const InputName& name : names.of(body.graph, body.body)) {
        if (name.sources.empty()
            || (name.sources.front().kind != InputKind::Parameter
                && name.sources.front().kind != InputKind::Buffer))
            continue;
        if (!name.sources.front().described)
            return {};
        const std::string& source = dump.inputs[*name.sources.front().described].source;
        const size_t own = source.rfind("']._"); // before _parameters or _buffers
        const std::string module = own == std::string::npos ? std::string() : source.substr(0, own + 2);
        if (first) {
            common = module;
            first = false;
            continue;
        }
        size_t end = static_cast<size_t>(
            std::mismatch(common.begin(), common.end(), module.begin(), module.end()).first - common.begin());
        if (end < common.size() || (end < module.size() && !module.substr(end).starts_with("._modules")))
            end = common.rfind("._modules", end == 0 ? 0 : end - 1);
        common = end == std::string::npos ? std::string() : common.substr(0, end);
    }
    return common;
}

// The one function that guards name for a module; of several, that which is not `forward`, if it is one.
std::string named_for(const Dump& dump, CompilationId compilation, const std::string& module) {
    std::string found;
    for (const ModuleCall& call : dump.module_calls) {
        if (call.compilation != compilation || call.module != module || call.function == found)
            continue;
        if (!found.empty() && found != "forward" && call.function != "forward")
            return {};
        if (found.empty() || found == "forward")
            found = call.function;
    }
    return found;
}

// The function whose guards say that it calls the module; where the caller of the region does, the region is
// what stands for the module's own `forward`. Empty where guards name none, or several.
std::string name_in_guards(
    const Dump& dump, const CompilationLedger& ledger, const Region& region, const Place& body) {
    if (dump.module_calls.empty() || region.invocations.empty())
        return {};
    InputNames names(dump);
    const std::string module = module_of(dump, names, body);
    if (module.empty())
        return {};
    const std::string found = named_for(dump, ledger.compilation, module);
    const Invocation& inv = ledger.invocation(region.invocations.front());
    const Source* caller = call_source(dump, inv);
    if (!found.empty() && caller && dump.graph(inv.origin().graph).module->text(caller->function) == found)
        return named_for(dump, ledger.compilation, "dict(type(" + module + ").__dict__)['forward']");
    return is_everywhere(found) ? std::string() : found;
}

// By one of its bodies.
void place_region(const Dump& dump, const CompilationLedger& ledger, const std::vector<Row>& rows,
    Region& region, const Place& place) {
    const GraphModule& m = *dump.graph(place.graph).module;
    const Body& body = m.body(place.body);
    const auto placed = [&](NodeId n) {
        const Source* s = n ? m.source(body.node(n).source) : nullptr;
        return s && s->has_place() ? s : nullptr;
    };
    for (size_t i = 0; i < body.nodes.size() && region.source_file.empty(); ++i)
        if (const Source* s = placed(NodeId(i))) {
            region.source_file = std::string(m.text(s->file));
            region.source_line = static_cast<int>(s->line);
        }
    if (!region.function.empty() || body.nodes.empty())
        return;
    region.function = marked_name(dump, ledger.compilation, rows, m, body);
    // Without the log: what is returned is mostly computed in the region's own function, not in one that
    // it calls.
    for (const NodeId output : body.inputs_of(body.nodes.back()))
        if (const Source* s = region.function.empty() ? placed(output) : nullptr)
            region.function = std::string(m.text(s->function));
    // A method that every module has names nothing: then as guards name what calls it, or as the program
    // calls it.
    if (is_everywhere(region.function)) {
        region.function = name_in_guards(dump, ledger, region, place);
        if (!region.function.empty())
            return;
        region.function = name_at_call(dump, ledger, region);
        region.function_as_called = !region.function.empty();
    }
}

// A body that broke the limit of entries: the message names its code (torch/_guards.py).
std::string name_in_message(const std::string& message) {
    constexpr std::string_view kBefore = "for function code <code object ";
    const size_t at = message.find(kBefore);
    const size_t end = at == std::string::npos ? at : message.find(" at 0x", at);
    return end == std::string::npos ? std::string()
                                    : message.substr(at + kBefore.size(), end - at - kBefore.size());
}

// The def of the region's function among those that guards name: of several of one name (lambdas) the nearest
// above a node that was made in it.
const MarkedFunction* definition_of(const Dump& dump, CompilationId compilation, const Region& region) {
    std::vector<const MarkedFunction*> named;
    for (const MarkedFunction& f : dump.marked)
        if (f.compilation == compilation && f.name == region.function && f.source_line > 0)
            named.push_back(&f);
    if (named.size() < 2)
        return named.empty() ? nullptr : named.front();
    const MarkedFunction* found = nullptr;
    for (const RegionBody& b : region.bodies) {
        const GraphModule& m = *dump.graph(b.place.graph).module;
        for (const Node& n : m.body(b.place.body).nodes) {
            const Source* s = m.source(n.source);
            if (!s || !s->has_place() || m.text(s->function) != region.function)
                continue;
            for (const MarkedFunction* f : named)
                if (f->source_file == m.text(s->file) && f->source_line <= static_cast<int>(s->line)
                    && (!found || f->source_line > found->source_line))
                    found = f;
            if (found)
                return found;
        }
    }
    return nullptr;
}

// `<code object block at 0x7f…, file "/a/b.py", line 18>` of a failure's message.
void defined_in_message(const std::string& message, Region& region) {
    const size_t at = message.find("<code object " + region.function + " at 0x");
    if (at == std::string::npos)
        return;
    constexpr std::string_view kFile = ", file \"", kLine = "\", line ";
    const size_t file = message.find(kFile, at), line = message.find(kLine, at),
                 end = message.find('>', line);
    if (file == std::string::npos || line == std::string::npos || end == std::string::npos || line < file)
        return;
    const size_t number = line + kLine.size();
    if (std::from_chars(message.data() + number, message.data() + end, region.defined_line).ec == std::errc())
        region.defined_file = message.substr(file + kFile.size(), line - file - kFile.size());
}

void define_region(const Dump& dump, const CompilationLedger& ledger, Region& region) {
    if (region.function.empty() || region.function_as_called)
        return;
    if (const MarkedFunction* f = definition_of(dump, ledger.compilation, region)) {
        region.defined_file = f->source_file;
        region.defined_line = f->source_line;
        return;
    }
    for (const InvocationId i : region.invocations)
        if (region.defined_line == 0)
            defined_in_message(ledger.invocation(i).reason, region);
}

// The region's body in Dynamo's graph; no calls where it shows none.
RegionBody dynamo_body(const CompilationLedger& ledger, const Region& region) {
    RegionBody body;
    body.site = CallSite::Dynamo;
    body.identifier = region.identifier;
    for (const InvocationId i : region.invocations)
        if (const Place& called = ledger.invocation(i).body(CallSite::Dynamo); called.graph) {
            if (!body.calls++)
                body.place = called;
        }
    return body;
}

} // namespace

void describe_regions(const Dump& dump, CompilationLedger& ledger, const Rows& rows) {
    for (Region& region : ledger.regions) {
        for (const InvocationId i : region.invocations)
            if (const ReuseMessage* m = find_message(ledger.invocation(i), ReuseMessage::Kind::Installing)) {
                region.function = m->function;
                break;
            }
        for (const InvocationId i : region.invocations)
            if (region.function.empty())
                region.function = name_in_message(ledger.invocation(i).reason);
        if (rows.of_dynamo)
            if (const RegionBody body = dynamo_body(ledger, region); body.calls)
                region.bodies.insert(region.bodies.begin(), body);
        for (const RegionBody& b : region.bodies) {
            place_region(dump, ledger, rows.rows, region, b.place);
            if (!region.source_file.empty())
                break;
        }
        define_region(dump, ledger, region);
    }
}

} // namespace hopscope::regions
