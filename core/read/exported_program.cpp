#include "core/read/exported_program.h"

#include "core/base/text.h"
#include "core/graph/operators.h"
#include "core/read/exported_values.h"
#include "core/read/rebuilt.h"
#include "core/read/scan.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace hopscope::read {

namespace {

constexpr int64_t kOldestSchema = 1, kNewestSchema = 8;
constexpr size_t kMostBodies = 100'000;

// The frame of a traceback that stands last and has its code below it (torch/fx/graph.py,
// _parse_stack_trace): `File "/w/t.py", line 12, in f`, then the code.
std::string comment_of(std::string_view trace) {
    constexpr std::string_view kNone = "# No stacktrace found for following nodes";
    size_t at = trace.rfind("File \"");
    while (at != std::string_view::npos && trimmed(trace.substr(at)).find('\n') == std::string_view::npos)
        at = at == 0 ? std::string_view::npos : trace.rfind("File \"", at - 1);
    if (at == std::string_view::npos)
        return std::string(kNone);
    std::string_view rest = trace.substr(at + 6);
    const std::string_view file = rest.substr(0, rest.find('"'));
    const size_t line_end = std::min(rest.find('\n'), rest.size());
    const std::string_view head = rest.substr(0, line_end);
    std::string_view code = trimmed(rest.substr(std::min(line_end + 1, rest.size())));
    code = code.substr(0, code.find('\n'));
    const auto after = [&](std::string_view key) {
        const size_t from = head.find(key);
        return from == std::string_view::npos ? std::string_view{} : head.substr(from + key.size());
    };
    const std::string_view line = after(", line ");
    std::string out = "# File: " + std::string(file) + ':' + std::string(line.substr(0, line.find(',')));
    if (const std::string_view function = after(", in "); !function.empty())
        out += " in " + std::string(function);
    out += ", code: " + std::string(code);
    for (char& c : out) // one line of text
        if (static_cast<unsigned char>(c) < ' ')
            c = ' ';
    return out;
}

// FX's Namespace.create_name (torch/fx/graph.py): a number at the end counts on.
class Names {
public:
    void take(std::string name) { used_.insert(std::move(name)); }
    std::string fresh(const std::string& wanted) {
        std::string base = wanted;
        uint64_t number = 0;
        const size_t digits = wanted.find_last_not_of("0123456789") + 1;
        if (digits < wanted.size() && wanted.size() - digits < 10 && digits > 1
            && wanted[digits - 1] == '_') {
            base = wanted.substr(0, digits - 1);
            std::from_chars(wanted.data() + digits, wanted.data() + wanted.size(), number);
        }
        std::string name = wanted;
        while (!used_.insert(name).second)
            name = base + '_' + std::to_string(++number);
        return name;
    }

private:
    std::unordered_set<std::string> used_;
};

struct Output {
    std::string name, type;
};

class Writer {
public:
    explicit Writer(ExportedProgram& out)
        : out_(out) { }

    void write(Json graph, std::optional<Json> signature);
    ExportedValues& values() { return values_; }

private:
    struct Pending {
        Json graph;
        std::string name;
        size_t indent;
    };
    // Values of one graph by name.
    struct Scope {
        std::unordered_map<std::string_view, Json> tensors, numbers;
        Names names;
    };

    Scope scope_of(Json graph);
    std::string type_of(const Scope& scope, std::string_view name);
    void body(const Pending& pending, std::optional<Json> signature);
    void root_signature(std::optional<Json> signature);
    void signature_text(Json graph, const Scope& scope, size_t indent, bool root);
    void node(Json node, Scope& scope, size_t indent);
    std::string call(Json node, Scope& scope, const std::string& margin);
    std::string attribute_of(Json inner, std::string_view name);
    std::vector<Output> outputs_of(Json node, const Scope& scope);
    void result(Json graph, size_t indent);

    ExportedProgram& out_;
    ExportedValues values_;
    std::vector<Pending> children_; // of the body that is being written
    std::map<std::string, std::map<std::string, std::string>, std::less<>>
        attributes_; // name, JSON: attribute
    std::string last_comment_;
    size_t bodies_ = 0;
};

Writer::Scope Writer::scope_of(Json graph) {
    Scope scope;
    for (const auto& [name, meta] : fields(field(graph, "tensor_values"))) {
        scope.tensors.emplace(name, meta);
        scope.names.take(safe_name(name));
    }
    for (const char* kind : {"sym_int_values", "sym_bool_values", "sym_float_values"})
        for (const auto& [name, value] : fields(field(graph, kind))) {
            scope.numbers.emplace(name, value);
            scope.names.take(safe_name(name));
        }
    for (const Json& node : items(field(graph, "nodes")))
        if (const auto name = text(field(node, "name")))
            scope.names.take(safe_name(*name));
    return scope;
}

std::string Writer::type_of(const Scope& scope, std::string_view name) {
    if (const auto found = scope.tensors.find(name); found != scope.tensors.end())
        return values_.tensor_type(found->second);
    if (const auto found = scope.numbers.find(name); found != scope.numbers.end())
        return values_.symbol_type(found->second);
    return "";
}

std::string annotated(const std::string& name, const std::string& type) {
    return type.empty() ? name : name + ": \"" + type + '"';
}

// Names and meaning of the root's inputs, as its signature says.
void Writer::root_signature(std::optional<Json> signature) {
    using Kind = ExportedProgram::Input::Kind;
    for (const Json& spec : items(field(signature, "input_specs"))) {
        const Variant v = variant(spec);
        ExportedProgram::Input input;
        const auto named = [&](const char* key, Kind kind) {
            input.kind = kind;
            input.target = std::string(text_or(field(v.value, key)));
        };
        if (v.name == "parameter")
            named("parameter_name", Kind::Parameter);
        else if (v.name == "buffer")
            named("buffer_name", Kind::Buffer),
                input.persistent = boolean(field(v.value, "persistent")).value_or(true);
        else if (v.name == "tensor_constant")
            named("tensor_constant_name", Kind::Constant);
        else if (v.name == "custom_obj")
            named("custom_obj_name", Kind::Other);
        else if (v.name != "user_input" && v.name != "constant_input")
            input.kind = Kind::Other;
        const auto arg = field(v.value, "arg");
        const Variant inner = v.name == "user_input" ? variant(arg) : Variant{"", arg};
        std::optional<std::string_view> name = text(field(inner.value, "name"));
        if (!name)
            name = text(field(v.value, "name")); // a constant input
        if (!name
            && (inner.name == "as_sym_int" || inner.name == "as_sym_float" || inner.name == "as_sym_bool"))
            name = text(field(inner.value, "as_name"));
        input.tensor = input.kind == Kind::User ? inner.name == "as_tensor" : input.kind != Kind::Other;
        input.name = name ? safe_name(*name) : "";
        out_.inputs.push_back(std::move(input));
    }
}

// As the signature's own text describes them: "PARAMETER target='layers.0.weight'".
std::string descriptor_of(const ExportedProgram::Input& input) {
    using Kind = ExportedProgram::Input::Kind;
    const char* kind = input.kind == Kind::Parameter ? "PARAMETER"
        : input.kind == Kind::Buffer                 ? "BUFFER"
        : input.kind == Kind::Constant               ? "CONSTANT_TENSOR"
                                                     : nullptr;
    return kind ? std::string(kind) + " target=" + python_text(input.target) : "USER_INPUT";
}

void Writer::signature_text(Json graph, const Scope& scope, size_t indent, bool root) {
    const std::string margin(indent, ' ');
    std::vector<std::string> parameters;
    size_t place = 0;
    for (const Json& input : items(field(graph, "inputs"))) {
        const Variant v = variant(input);
        std::string_view raw = text_or(field(v.value, "name"), text_or(field(v.value, "as_name")));
        std::string name = raw.empty() ? "" : safe_name(raw);
        if (root && place < out_.inputs.size() && (name.empty() || out_.inputs[place].name.empty())) {
            std::string& told = out_.inputs[place].name;
            (name.empty() ? name : told) = name.empty() ? told : name;
        }
        if (name.empty())
            name = "arg" + std::to_string(place);
        if (root && place >= out_.inputs.size())
            out_.inputs.push_back(
                {ExportedProgram::Input::Kind::User, name, "", v.name == "as_tensor", true});
        parameters.push_back(annotated(name, type_of(scope, raw)));
        ++place;
    }
    const bool described = root
        && std::any_of(out_.inputs.begin(), out_.inputs.end(),
            [](const ExportedProgram::Input& i) { return !i.target.empty(); });
    out_.text += margin + "def forward(";
    if (!described) {
        out_.text += "self";
        for (const std::string& parameter : parameters)
            out_.text += ", " + parameter;
        out_.text += "):\n";
        return;
    }
    out_.text += '\n' + margin + "    self,\n";
    for (size_t i = 0; i < parameters.size(); ++i)
        out_.text += margin + "    " + parameters[i] + ",  # " + descriptor_of(out_.inputs[i]) + '\n';
    out_.text += margin + "):\n";
}

// A body that is embedded at each call is one: by its name and all that stands in it.
std::string Writer::attribute_of(Json inner, std::string_view name) {
    const std::string wanted = safe_name(name);
    auto& known = attributes_[wanted];
    const auto [at, is_new] = known.try_emplace(simdjson::minify(inner), wanted);
    if (is_new && known.size() > 1) {
        at->second = wanted + "_variant" + std::to_string(known.size() - 1);
        values_.note("two different bodies are called '" + wanted + "'; one is listed as " + at->second);
    }
    if (is_new)
        children_.push_back({inner, at->second, 0});
    return at->second;
}

std::vector<Output> Writer::outputs_of(Json node, const Scope& scope) {
    std::vector<Output> out;
    const auto add = [&](std::optional<Json> named) {
        const std::string_view name = text_or(field(named, "name"), text_or(field(named, "as_name")));
        // A slot that nobody reads: what stood there has no name in the graph.
        const bool unused = name.find("_unused_") != std::string_view::npos;
        out.push_back({unused || name.empty() ? "" : safe_name(name), type_of(scope, name)});
    };
    for (const Json& output : items(field(node, "outputs"))) {
        const Variant v = variant(output);
        if (v.name == "as_tensors" || v.name == "as_optional_tensors")
            for (const Json& item : items(v.value))
                add(v.name == "as_tensors" ? std::optional(item) : variant(item).value);
        else
            add(v.value);
    }
    return out;
}

// Arguments that the first serializer wrote without saying which are keywords: those that ATen takes no other
// way.
bool keyword_only(std::string_view name) {
    for (const std::string_view known : {"dtype", "layout", "device", "pin_memory", "memory_format",
             "generator", "alpha", "beta", "out", "rounding_mode", "correction", "non_blocking", "scale"})
        if (name == known)
            return true;
    return false;
}

// The right side of a statement; get_attr statements of bodies are written before it.
std::string Writer::call(Json node, Scope& scope, const std::string& margin) {
    std::string target;
    for (const char c : text_or(field(node, "target")))
        target += is_identifier_char(c) || c == '.' ? c : '_';
    if (target.empty() || !is_identifier_start(target.front()) || target.ends_with('.'))
        target = "_" + target + "_";
    const bool tuples = target.ends_with(".cond") || target.ends_with(".while_loop");
    std::vector<std::string> args, keywords;
    for (const Json& input : items(field(node, "inputs"))) {
        const std::string_view name = text_or(field(input, "name"));
        const auto arg = field(input, "arg");
        const Variant v = variant(arg);
        std::string written;
        if (v.name == "as_graph" && field(v.value, "graph")) {
            const std::string attribute =
                attribute_of(*field(v.value, "graph"), text_or(field(v.value, "name"), "subgraph"));
            written = scope.names.fresh(attribute);
            out_.text += margin + written + " = self." + attribute + '\n';
        } else {
            written = values_.argument(arg, tuples);
        }
        const auto kind = integer(field(input, "kind"));
        if (!name.empty() && (kind ? *kind == 2 : keyword_only(name) || !keywords.empty()))
            keywords.push_back(safe_name(name) + " = " + written);
        else
            args.push_back(std::move(written));
    }
    if (target.starts_with("_operator."))
        target.erase(0, 1);
    if (keywords.empty() && target.starts_with("operator.")) {
        for (const PythonOperator& op : kPythonOperators)
            if (op.name == target && args.size() == 2)
                return args[0] + ' ' + std::string(op.symbol) + ' ' + args[1];
        for (const PythonOperator& op : kUnaryOperators)
            if (op.name == target && args.size() == 1)
                return std::string(op.symbol) + args[0];
        if (target == "operator.getitem" && args.size() == 2)
            return args[0] + '[' + args[1] + ']';
    }
    // Of a module of the user's: no method of a node.
    std::string out =
        target.starts_with("torch.") || target.starts_with("operator.") ? "" : std::string(kFunctionMark);
    out += target + '(';
    args.insert(args.end(), keywords.begin(), keywords.end());
    for (size_t i = 0; i < args.size(); ++i)
        out += (i ? ", " : "") + args[i];
    return out + ')';
}

void Writer::node(Json node, Scope& scope, size_t indent) {
    const std::string margin(indent, ' ');
    const std::string comment = comment_of(text_or(field(field(node, "metadata"), "stack_trace")));
    if (comment != last_comment_)
        out_.text += '\n' + margin + comment + '\n';
    last_comment_ = comment;
    const std::string right = call(node, scope, margin);
    const std::vector<Output> outputs = outputs_of(node, scope);
    const auto own = text(field(node, "name"));
    const bool hop = right.starts_with("torch.ops.higher_order.");
    const bool single_hop = boolean(field(node, "is_hop_single_tensor_return")).value_or(false);
    const bool one = outputs.size() == 1 && !outputs[0].name.empty();
    const std::vector<Json> raw_outputs = items(field(node, "outputs"));
    const std::string_view first_kind = raw_outputs.empty() ? "" : variant(raw_outputs[0]).name;
    const bool list = first_kind == "as_tensors" || first_kind == "as_optional_tensors";
    const bool direct = one && !list
        && (own ? safe_name(*own) == outputs[0].name
                : !hop || single_hop || !outputs[0].name.starts_with("getitem"));
    if (direct) {
        out_.text += margin + annotated(outputs[0].name, outputs[0].type) + " = " + right + '\n';
        return;
    }
    // The name that FX would give: the operator's.
    std::string plain = right.substr(0, right.find('('));
    plain = std::string(short_target(plain));
    if (plain.starts_with("aten."))
        plain.erase(0, 5);
    const std::string name = own ? safe_name(*own) : scope.names.fresh(safe_name(plain));
    out_.text += margin + name + " = " + right + '\n';
    for (size_t i = 0; i < outputs.size(); ++i)
        if (!outputs[i].name.empty())
            out_.text += margin + annotated(outputs[i].name, outputs[i].type) + " = " + name + '['
                + std::to_string(i) + "]\n";
}

void Writer::result(Json graph, size_t indent) {
    const std::vector<Json> outputs = items(field(graph, "outputs"));
    std::vector<std::string> names;
    for (const Json& output : outputs)
        names.push_back(values_.argument(output));
    out_.text += std::string(indent, ' ') + "return ";
    if (names.size() == 1 && boolean(field(graph, "is_single_tensor_return")).value_or(false)) {
        out_.text += names[0] + '\n';
        return;
    }
    out_.text += '(';
    for (size_t i = 0; i < names.size(); ++i)
        out_.text += (i ? ", " : "") + names[i];
    out_.text += names.size() == 1 ? ",)\n" : ")\n";
}

void Writer::body(const Pending& pending, std::optional<Json> signature) {
    const bool root = signature.has_value();
    out_.text += std::string(pending.indent, ' ') + "class " + pending.name + "(torch.nn.Module):\n";
    Scope scope = scope_of(pending.graph);
    if (root)
        root_signature(signature);
    signature_text(pending.graph, scope, pending.indent + 4, root);
    last_comment_.clear();
    children_.clear();
    attributes_.clear();
    for (const Json& n : items(field(pending.graph, "nodes")))
        node(n, scope, pending.indent + 8);
    result(pending.graph, pending.indent + 8);
}

void Writer::write(Json graph, std::optional<Json> signature) {
    std::vector<Pending> open{{graph, "GraphModule", 0}};
    while (!open.empty()) {
        const Pending pending = std::move(open.back());
        open.pop_back();
        if (!out_.text.empty())
            out_.text += '\n';
        body(pending, bodies_ == 0 ? signature : std::nullopt);
        if (++bodies_ > kMostBodies) {
            values_.note("more than " + std::to_string(kMostBodies) + " bodies; the others are left out");
            return;
        }
        for (size_t i = children_.size(); i-- > 0;) {
            children_[i].indent = pending.indent + 4;
            open.push_back(children_[i]);
        }
    }
}

} // namespace

Result<ExportedProgram> exported_program(std::string_view json) {
    simdjson::dom::parser parser;
    Json document;
    auto error = parser.parse(json.data(), json.size()).get(document);
    std::string quoted;
    if (error != simdjson::SUCCESS
        && (json.find("Infinity") != std::string_view::npos || json.find("NaN") != std::string_view::npos)) {
        quoted = quoted_infinities(json);
        error = parser.parse(quoted).get(document);
    }
    if (error != simdjson::SUCCESS)
        return make_error(
            Error::Kind::Damaged, std::string("its JSON cannot be read: ") + simdjson::error_message(error));
    const auto module = field(document, "graph_module");
    const auto graph = field(module, "graph");
    if (!graph || !field(graph, "nodes"))
        return make_error(Error::Kind::CannotRead,
            "its JSON holds no graph_module with a graph and nodes, as torch.export writes them");
    ExportedProgram out;
    Writer writer(out);
    // Never null: an absent signature still marks the root.
    const auto signature = field(module, "signature");
    writer.write(*graph, signature ? signature : std::optional(document));
    out.torch_version = std::string(text_or(field(document, "torch_version")));
    out.symbols = std::move(writer.values().symbols);
    const auto ranges = field(document, "range_constraints");
    for (SymbolHint& symbol : out.symbols) {
        const auto range = field(ranges, symbol.name);
        const auto end = [&](const char* key, const char* infinite) {
            const auto number = integer(field(range, key));
            return number ? std::to_string(*number) : std::string(infinite);
        };
        if (range)
            symbol.range = '[' + end("min_val", "-int_oo") + ", " + end("max_val", "int_oo") + ']';
    }
    const auto major = integer(field(field(document, "schema_version"), "major"));
    if (!major || *major < kOldestSchema || *major > kNewestSchema)
        writer.values().note("schema version " + (major ? std::to_string(*major) : std::string("unknown"))
            + " is not one that is known (" + std::to_string(kOldestSchema) + " to "
            + std::to_string(kNewestSchema) + ")");
    out.notes = std::move(writer.values().notes);
    return out;
}

} // namespace hopscope::read
