#include "core/regions/input_names.h"

#include "core/base/text.h"
#include "core/graph/reading.h"
#include "core/regions/build.h"
#include "core/regions/roles.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace hopscope {

namespace {

constexpr size_t npos = std::string_view::npos;

// As Dynamo makes a placeholder's name of a source.
std::string mangled(std::string_view source) {
    std::string out;
    for (const char c : source) {
        const bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
        if (kept)
            out += c;
        else if (out.empty() || out.back() != '_')
            out += '_';
    }
    return out;
}

InputKind kind_of_source(std::string_view source) {
    if (source.find("._parameters[") != npos)
        return InputKind::Parameter;
    return source.find("._buffers[") != npos ? InputKind::Buffer : InputKind::Value;
}

// "L_self_modules_blocks_modules_0_parameters_weight_" → "blocks.0.weight"; nothing of other names.
std::optional<InputSource> by_placeholder_name(std::string_view name) {
    if (!name.starts_with("L_") && !name.starts_with("l_"))
        return std::nullopt;
    const size_t parameter = name.rfind("_parameters_"), buffer = name.rfind("_buffers_");
    const bool is_parameter = parameter != npos && (buffer == npos || parameter > buffer);
    const size_t last = is_parameter ? parameter : buffer;
    const size_t first = std::min(name.find("_modules_"), last);
    if (last == npos || first < 2 || !name.ends_with('_'))
        return std::nullopt;
    const size_t length = std::string_view(is_parameter ? "_parameters_" : "_buffers_").size();
    if (last + length >= name.size())
        return std::nullopt;
    std::string out;
    const auto add = [&](std::string_view part) { out += (out.empty() ? "" : ".") + std::string(part); };
    if (const std::string_view owner = name.substr(2, first - 2); owner != "self")
        add(owner);
    for (size_t at = first; at < last;) {
        at += std::string_view("_modules_").size();
        const size_t end = std::min(name.find("_modules_", at), last);
        if (end <= at)
            return std::nullopt;
        add(name.substr(at, end - at));
        at = end;
    }
    add(name.substr(last + length, name.size() - last - length - 1));
    return InputSource{out, is_parameter ? InputKind::Parameter : InputKind::Buffer, {}};
}

std::optional<int> number_in(std::string_view text, std::string_view before, std::string_view after) {
    if (!text.starts_with(before))
        return std::nullopt;
    int n = 0;
    const auto [end, error] = std::from_chars(text.data() + before.size(), text.data() + text.size(), n);
    // Not beyond the text: behind it lies a mapped file, which ends somewhere.
    const std::string_view rest(end, static_cast<size_t>(text.data() + text.size() - end));
    return error == std::errc{} && rest.starts_with(after) ? std::optional(n) : std::nullopt;
}

// Which of Dynamo's placeholders AOTAutograd takes here: by descriptor; before there were any, by name.
std::optional<int> dynamo_place(const GraphModule& module, const Node& placeholder, bool& by_descriptor) {
    const std::string_view descriptor = module.text(placeholder.descriptor);
    by_descriptor = !descriptor.empty();
    if (by_descriptor)
        return number_in(descriptor, "PlainAOTInput(idx=", ")");
    const std::string name(module.text(placeholder.name));
    if (const auto n = number_in(name.c_str(), "primals_", ""); n && name == "primals_" + std::to_string(*n))
        return *n - 1;
    if (const auto n = number_in(name.c_str(), "arg", "_1"); n && name == "arg" + std::to_string(*n) + "_1")
        return *n;
    return std::nullopt;
}

// "ParamAOTInput(target='blocks.0.weight')".
std::optional<InputSource> by_descriptor(std::string_view descriptor) {
    for (const auto& [before, kind] :
        {std::pair(std::string_view("ParamAOTInput(target='"), InputKind::Parameter),
            std::pair(std::string_view("BufferAOTInput(target='"), InputKind::Buffer)})
        if (descriptor.starts_with(before) && descriptor.ends_with("')"))
            return InputSource{
                std::string(descriptor.substr(before.size(), descriptor.size() - before.size() - 2)), kind,
                {}};
    return std::nullopt;
}

bool is_number(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// Whether a record can be of a placeholder: dtype and the dimensions that are numbers on both sides.
bool fits(const GraphModule& module, const Node& placeholder, const DescribedInput& input) {
    const ValueType* type = module.type(placeholder.type);
    if (!type || type->kind == TypeKind::Other)
        return true;
    if (type->kind == TypeKind::Subclass)
        return true; // its annotation is of the outside
    if (type->kind != TypeKind::Tensor)
        return false;
    const DType* dtype = dtype_by_abbreviation(module.text(type->dtype));
    if (dtype && !input.dtype.empty() && dtype->name != input.dtype)
        return false;
    std::string_view rest = input.shape;
    if (!rest.starts_with('[') || !rest.ends_with(']'))
        return true;
    rest = rest.substr(1, rest.size() - 2);
    const auto shape = module.shape(*type);
    for (size_t i = 0; i < shape.size(); ++i) {
        if (rest.empty())
            return false;
        const size_t comma = std::min(rest.find(','), rest.size());
        const std::string_view found = trimmed(rest.substr(0, comma)), expected = module.text(shape[i]);
        if (is_number(found) && is_number(expected) && found != expected)
            return false;
        rest = comma < rest.size() ? rest.substr(comma + 1) : std::string_view();
    }
    return rest.empty();
}

// "blocks.0.att.weight" → "blocks", "0", "att", "weight".
std::vector<std::string_view> parts_of(std::string_view name) {
    std::vector<std::string_view> out;
    for (size_t at = 0;;) {
        const size_t dot = std::min(name.find('.', at), name.size());
        out.push_back(name.substr(at, dot - at));
        if (dot == name.size())
            return out;
        at = dot + 1;
    }
}

void add_source(InputName& name, const InputSource& source) {
    if (std::find(name.sources.begin(), name.sources.end(), source) == name.sources.end())
        name.sources.push_back(source);
}

// A value of a forward graph, followed through region calls to the input of the graph that it is.
NodeId input_behind(const GraphModule& module, NodeId node) {
    struct Frame {
        BodyId caller;
        RegionCall call;
    };
    std::vector<Frame> frames;
    BodyId body(0);
    // What a call takes stands before it, so each step goes back; a damaged text may not.
    size_t steps = 0;
    for (const Body& b : module.bodies)
        steps += b.nodes.size();
    for (; steps > 0; --steps) {
        const Node& n = module.body(body).node(node);
        if (n.op == Opcode::Placeholder) {
            if (frames.empty())
                return node;
            const Frame frame = std::move(frames.back());
            frames.pop_back();
            if (node.index >= frame.call.operands.size() || !frame.call.operands[node.index])
                return {};
            body = frame.caller;
            node = frame.call.operands[node.index];
            continue;
        }
        const auto item = tuple_item(module, module.body(body), node);
        auto call = item ? region_call(module, body, item->of) : std::nullopt;
        if (!call || !call->body)
            return {};
        const auto results = results_of(module.body(call->body));
        if (item->index >= results.size() || !results[item->index]->node())
            return {};
        const BodyId inner = call->body;
        frames.push_back({body, std::move(*call)});
        body = inner;
        node = results[item->index]->node();
    }
    return {};
}

} // namespace

std::string_view input_kind_name(InputKind kind) {
    static constexpr std::array<std::string_view, 4> kNames{"unknown", "parameter", "buffer", "value"};
    return kNames[static_cast<size_t>(kind)];
}

std::string user_name(std::string_view source) {
    std::string out;
    std::string_view rest = source;
    if ((rest.starts_with("L['") || rest.starts_with("G['")) && rest.find("']") != npos) {
        out = rest.substr(3, rest.find("']") - 3);
        rest.remove_prefix(rest.find("']") + 2);
    }
    static constexpr std::array<std::string_view, 3> kTables{"._modules['", "._parameters['", "._buffers['"};
    while (!rest.empty()) {
        const auto table = std::find_if(
            kTables.begin(), kTables.end(), [&](std::string_view t) { return rest.starts_with(t); });
        const size_t end = table == kTables.end() ? npos : rest.find("']", table->size());
        if (end == npos) {
            const size_t next = rest.find("._", 1); // to the next table, if any
            out += rest.substr(0, next);
            rest = next == npos ? std::string_view() : rest.substr(next);
            continue;
        }
        out += '.';
        out += rest.substr(table->size(), end - table->size());
        rest.remove_prefix(end + 2);
    }
    return out.starts_with("self.") ? out.substr(5) : out;
}

std::string InputName::text() const {
    if (!known())
        return {};
    std::vector<std::string_view> common = parts_of(sources.front().name);
    bool alike = true;
    for (const InputSource& s : sources) {
        const auto parts = parts_of(s.name);
        alike = alike && parts.size() == common.size();
        for (size_t i = 0; alike && i < parts.size(); ++i)
            if (common[i] != parts[i])
                common[i] = "*";
    }
    std::string out;
    if (alike && (common.size() > 1 || sources.size() == 1)
        && !std::all_of(common.begin(), common.end(), [](std::string_view p) { return p == "*"; })) {
        for (const std::string_view part : common)
            out += (out.empty() ? "" : ".") + std::string(part);
        return out;
    }
    constexpr size_t kShown = 3;
    for (size_t i = 0; i < std::min(kShown, sources.size()); ++i)
        out += (i ? ", " : "") + sources[i].name;
    return sources.size() > kShown ? out + " and " + std::to_string(sources.size() - kShown) + " more" : out;
}

InputKind InputName::kind() const {
    if (!known())
        return InputKind::Unknown;
    const InputKind first = sources.front().kind;
    return std::all_of(sources.begin(), sources.end(), [&](const InputSource& s) { return s.kind == first; })
        ? first
        : InputKind::Unknown;
}

// The inputs of Dynamo's graph of a compilation, by position; those without a name are empty.
const std::vector<InputSource>& InputNames::dynamo(CompilationId id) {
    const auto [at, is_new] = dynamo_.try_emplace(id.index);
    const GraphId graph =
        is_new ? regions::main_graph(dump_, dump_.compilation(id), Stage::Dynamo) : GraphId();
    if (!graph)
        return at->second;
    // By the name that Dynamo makes; two sources that give one name leave it open.
    std::map<std::string, std::optional<size_t>> records;
    for (size_t i = 0; i < dump_.inputs.size(); ++i) {
        if (dump_.inputs[i].compilation != id)
            continue;
        const auto [known, first] = records.try_emplace(mangled(dump_.inputs[i].source), i);
        if (!first && known->second && dump_.inputs[*known->second].source != dump_.inputs[i].source)
            known->second.reset();
    }
    const GraphModule& module = *dump_.graph(graph).module;
    const Body& body = module.body(BodyId(0));
    for (size_t i = 0, n = body.placeholder_count(); i < n; ++i) {
        InputSource& out = at->second.emplace_back();
        const std::string target(module.text(body.nodes[i].target));
        const auto found = records.find(target);
        if (found != records.end()) {
            if (found->second && fits(module, body.nodes[i], dump_.inputs[*found->second])) {
                const DescribedInput& input = dump_.inputs[*found->second];
                out = {user_name(input.source), kind_of_source(input.source), found->second};
            }
            continue;
        }
        const ValueType* type = module.type(body.nodes[i].type);
        if (auto named = by_placeholder_name(target); named && (!type || type->kind != TypeKind::Sym))
            out = std::move(*named);
    }
    return at->second;
}

std::vector<InputName> InputNames::root(GraphId id) {
    const Graph& graph = dump_.graph(id);
    const GraphModule& module = *graph.module;
    const Body& body = module.body(BodyId(0));
    std::vector<InputName> out(body.placeholder_count());
    static const std::vector<InputSource> kNone;
    const std::vector<InputSource>& outer = graph.compilation ? dynamo(graph.compilation) : kNone;
    const auto set = [&](size_t i, const InputSource& source) {
        if (!source.name.empty())
            out[i] = {{source}, true};
    };
    const Stage stage = stage_of(dump_, id);
    // Passes before AOTAutograd keep Dynamo's placeholders.
    if (stage == Stage::Dynamo || stage == Stage::PreGrad) {
        for (size_t i = 0; i < out.size(); ++i) {
            if (outer.size() == out.size())
                set(i, outer[i]);
            else if (const auto named = by_placeholder_name(module.text(body.nodes[i].target)))
                set(i, *named);
        }
        return out;
    }
    for (size_t i = 0; i < out.size(); ++i) {
        const Node& node = body.nodes[i];
        if (const auto named = by_descriptor(module.text(node.descriptor))) {
            set(i, *named);
            continue;
        }
        bool described = false;
        const auto place = dynamo_place(module, node, described);
        if (!place || *place < 0 || static_cast<size_t>(*place) >= outer.size())
            continue;
        const InputSource& source = outer[static_cast<size_t>(*place)];
        // By number alone a name may be off where something was put before the inputs.
        if (source.described ? fits(module, node, dump_.inputs[*source.described]) : described)
            set(i, source);
    }
    if (stage == Stage::Backward)
        fill_backward(id, out);
    return out;
}

// A region that saves a parameter returns it: the forward knows whose it is.
void InputNames::fill_backward(GraphId id, std::vector<InputName>& names) {
    const Place forward = other_half(dump_, id, BodyId(0));
    if (!forward.graph || stage_of(dump_, forward.graph) != Stage::Forward)
        return;
    const GraphModule& fw = *dump_.graph(forward.graph).module;
    const std::vector<InputName>& inputs = of(forward.graph, BodyId(0));
    for (const SavedValue& value : saved_values(dump_, forward, {id, BodyId(0), {}}))
        if (value.placeholder.index < names.size() && names[value.placeholder.index].sources.empty())
            if (const NodeId input = input_behind(fw, value.node); input && input.index < inputs.size())
                names[value.placeholder.index] = inputs[input.index];
}

// What the calls of a body hand in, whose parent is known already.
std::vector<InputName> InputNames::passed(GraphId graph, BodyId id) {
    const GraphModule& module = *dump_.graph(graph).module;
    const Body& body = module.body(id);
    const Body& caller = module.body(body.parent);
    const std::vector<InputName>& outer = known_.at({graph.index, body.parent.index});
    std::vector<InputName> out(body.placeholder_count());
    size_t calls = 0;
    const auto pass = [&](size_t position, NodeId operand) {
        InputName& name = out[position];
        const bool input = operand && operand.index < outer.size()
            && caller.node(operand).op == Opcode::Placeholder && outer[operand.index].known();
        name.always = input && (calls == 1 || name.always);
        if (input)
            for (const InputSource& s : outer[operand.index].sources)
                add_source(name, s);
    };
    for (size_t n = 0; n < caller.nodes.size(); ++n) {
        const Node& node = caller.nodes[n];
        if (node.op != Opcode::CallFunction)
            continue;
        if (const auto call = region_call(module, body.parent, NodeId(n))) {
            if (call->body != id)
                continue;
            ++calls;
            for (size_t i = 0; i < out.size(); ++i)
                pass(i, i < call->operands.size() ? call->operands[i] : NodeId());
        } else if (module.text(node.target).ends_with("higher_order.tag_activation_checkpoint")) {
            const auto called = called_bodies(module, body.parent, NodeId(n));
            if (std::find(called.begin(), called.end(), id) == called.end())
                continue;
            ++calls;
            const Arguments arguments = arguments_of(module, caller, node);
            for (size_t i = 0; i < out.size(); ++i)
                pass(i, arguments.at(i + 1) ? arguments.at(i + 1)->node() : NodeId());
        }
    }
    return out;
}

const std::vector<InputName>& InputNames::of(GraphId graph, BodyId id) {
    const GraphModule& module = *dump_.graph(graph).module;
    // From the root down, as each level learns from the calls of the level above.
    std::vector<BodyId> chain;
    for (BodyId b = id; b; b = module.body(b).parent)
        chain.push_back(b);
    for (size_t level = chain.size(); level-- > 0;) {
        const std::pair key{graph.index, chain[level].index};
        if (known_.count(key))
            continue;
        auto names = module.body(chain[level]).parent ? passed(graph, chain[level]) : root(graph);
        known_.emplace(key, std::move(names));
    }
    return known_.at({graph.index, id.index});
}

const InputName& InputNames::of(const Place& placeholder) {
    static const InputName kNothing;
    if (!placeholder.graph || !placeholder.node)
        return kNothing;
    const std::vector<InputName>& names = of(placeholder.graph, placeholder.body);
    return placeholder.node.index < names.size() ? names[placeholder.node.index] : kNothing;
}

InputName InputNames::together(GraphId graph, const std::vector<NodeId>& placeholders) {
    InputName out;
    out.always = !placeholders.empty();
    for (const NodeId node : placeholders) {
        const InputName& one = of({graph, BodyId(0), node});
        out.always = out.always && one.known();
        for (const InputSource& s : one.sources)
            add_source(out, s);
    }
    return out;
}

const DescribedInput* InputNames::record(const Place& placeholder) {
    const InputName& name = of(placeholder);
    return name.known() && name.sources.size() == 1 && name.sources.front().described
        ? &dump_.inputs[*name.sources.front().described]
        : nullptr;
}

std::vector<std::string> InputNames::sharing(size_t described) const {
    std::vector<std::string> out;
    const DescribedInput& mine = dump_.inputs[described];
    for (const DescribedInput& other : dump_.inputs)
        if (mine.storage && &other != &mine && other.compilation == mine.compilation
            && other.describer == mine.describer && other.storage == mine.storage
            && other.source != mine.source) {
            std::string name = user_name(other.source);
            if (std::find(out.begin(), out.end(), name) == out.end())
                out.push_back(std::move(name));
        }
    return out;
}

const DescribedInput* InputNames::base(const DescribedInput& view) const {
    if (!view.base)
        return nullptr;
    const auto found = std::find_if(dump_.inputs.begin(), dump_.inputs.end(), [&](const DescribedInput& o) {
        return o.compilation == view.compilation && o.describer == view.describer && o.tensor == view.base;
    });
    return found == dump_.inputs.end() ? nullptr : &*found;
}

std::string view_note(const InputNames& names, const DescribedInput& record) {
    if (!record.is_view)
        return {};
    std::string out = "a view";
    if (record.base) {
        const DescribedInput* base = names.base(record);
        out += " of " + (base ? user_name(base->source) : std::string("a tensor that is no input itself"))
            + " (tensor " + std::to_string(*record.base) + ')';
    }
    if (record.storage)
        out += ", in storage " + std::to_string(*record.storage);
    return out;
}

std::string input_note(InputNames& names, const Place& placeholder) {
    const InputName& name = names.of(placeholder);
    std::string out = name.text();
    if (out.empty())
        return out;
    if (const InputKind kind = name.kind(); kind == InputKind::Parameter || kind == InputKind::Buffer)
        out += ", a " + std::string(input_kind_name(kind));
    if (const DescribedInput* record = names.record(placeholder)) {
        if (record->requires_grad != (name.kind() == InputKind::Parameter))
            out += record->requires_grad ? ", requires a gradient" : ", requires no gradient";
        if (record->is_view)
            out += ", " + view_note(names, *record);
        const auto shared = names.sharing(*name.sources.front().described);
        for (size_t i = 0; i < shared.size(); ++i)
            out += (i ? ", " : ", in one storage with ") + shared[i];
    }
    return out;
}

std::string name_of_input(const Dump& dump, const Place& placeholder) {
    return InputNames(dump).of(placeholder).text();
}

} // namespace hopscope
