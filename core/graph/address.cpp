#include "core/base/text.h"
#include "core/graph/dump.h"

#include <algorithm>
#include <charconv>

namespace hopscope {

namespace {

constexpr std::string_view kForm = "[rRANK/]COMPILE:STAGE[#K][:BODY][@NODE]";

Error bad_address(std::string_view text, const std::string& why) {
    return make_error(Error::Kind::Usage,
        "bad address '" + std::string(text) + "': " + why + "; expected " + std::string(kForm));
}

std::optional<int> whole_number(std::string_view text) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc{} && end == text.data() + text.size() && number >= 0;
    return whole ? std::optional(number) : std::nullopt;
}

} // namespace

Result<Address> parse_address(std::string_view text) {
    Address address;
    std::string_view rest = text;
    // A node's name is an identifier and a body's path has no '@', so the last one separates them.
    if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
        address.node = std::string(rest.substr(at + 1));
        if (address.node.empty())
            return bad_address(text, "no node after '@'");
        rest = rest.substr(0, at);
    }
    if (rest.size() > 1 && rest[0] == 'r' && is_digit(rest[1])) {
        const size_t slash = rest.find('/');
        if (slash != std::string_view::npos)
            address.rank = whole_number(rest.substr(1, slash - 1));
        if (!address.rank)
            return bad_address(text, "no rank number between 'r' and '/'");
        rest = rest.substr(slash + 1);
    }
    const size_t colon = rest.find(':');
    if (colon == std::string_view::npos || colon == 0)
        return bad_address(text, "no COMPILE:STAGE");
    std::string_view compile = rest.substr(0, colon);
    if (const size_t underscore = compile.rfind('_'); underscore != std::string_view::npos) {
        address.attempt = whole_number(compile.substr(underscore + 1));
        if (!address.attempt)
            return bad_address(text, "no attempt number after '_'");
        compile = compile.substr(0, underscore);
    }
    address.compile = std::string(compile);
    rest = rest.substr(colon + 1);
    const size_t body = rest.find(':');
    std::string_view stage = rest.substr(0, body);
    if (body != std::string_view::npos)
        address.body = std::string(rest.substr(body + 1));
    if (const size_t hash = stage.find('#'); hash != std::string_view::npos) {
        address.ordinal = whole_number(stage.substr(hash + 1));
        if (!address.ordinal)
            return bad_address(text, "no number after '#'");
        stage = stage.substr(0, hash);
    }
    if (stage == "source")
        return make_error(Error::Kind::Usage,
            '\'' + std::string(text)
                + "' is what a person wrote, not a graph that PyTorch printed: it has no nodes to show; "
                  "`graphs` "
                  "says in which file and line it stands");
    const auto known = stage_from_name(stage);
    if (!known)
        return bad_address(text, "unknown stage '" + std::string(stage) + "'");
    address.stage = *known;
    return address;
}

std::string to_string(const Address& a) {
    std::string out;
    if (a.rank)
        out += 'r' + std::to_string(*a.rank) + '/';
    out += a.compile;
    if (a.attempt)
        out += '_' + std::to_string(*a.attempt);
    out += ':';
    out += stage_name(a.stage);
    if (a.ordinal.value_or(0) > 0)
        out += '#' + std::to_string(*a.ordinal);
    if (!a.body.empty())
        out += ':' + a.body;
    if (!a.node.empty())
        out += '@' + a.node;
    return out;
}

namespace {

Error not_found(const std::string& message) {
    return make_error(Error::Kind::NotFound, message);
}

// "one of a, b, c, … (N in all)"
std::string listed(const std::vector<std::string>& names) {
    constexpr size_t kMost = 8;
    std::string out;
    for (size_t i = 0; i < std::min(names.size(), kMost); ++i)
        out += (i ? ", " : "") + names[i];
    if (names.size() > kMost)
        out += ", … (" + std::to_string(names.size()) + " in all)";
    return out;
}

Result<CompilationId> find_compilation(const Dump& dump, const Address& address) {
    std::vector<std::string> known;
    CompilationId found;
    bool other_rank = false;
    for (size_t i = 0; i < dump.compilations.size(); ++i) {
        const Compilation& c = dump.compilations[i];
        const std::string name = (c.key.rank ? 'r' + std::to_string(*c.key.rank) + '/' : "") + c.key.id;
        if (c.last_attempt)
            known.push_back(name);
        if (c.key.id != address.compile
            || (address.attempt ? c.key.attempt != *address.attempt : !c.last_attempt))
            continue;
        if (address.rank && c.key.rank != address.rank)
            continue;
        // What tells no rank, beside others that do (a log without prefixes), has an address without one.
        if (!address.rank && !c.key.rank)
            return CompilationId(i);
        other_rank = other_rank || (found && dump.compilation(found).key.rank != c.key.rank);
        if (!found)
            found = CompilationId(i);
    }
    if (found && other_rank)
        return not_found("address '" + to_string(address)
            + "' names no rank, and this dump has several; write r"
            + std::to_string(dump.compilation(found).key.rank.value_or(0)) + '/' + to_string(address));
    if (!found)
        return not_found("no compilation '" + to_string(address) + "' in this dump; "
            + (known.empty() ? "it has none" : "expected one of " + listed(known)));
    return found;
}

} // namespace

Result<Place> resolve(const Dump& dump, const Address& address) {
    const auto compilation = find_compilation(dump, address);
    if (!compilation)
        return compilation.error();
    Place place;
    std::vector<std::string> stages;
    for (const GraphId id : dump.compilation(*compilation).graphs) {
        const Graph& g = dump.graph(id);
        stages.push_back(address_of(dump, id));
        if (g.stage == address.stage && g.ordinal == address.ordinal.value_or(0))
            place.graph = id;
    }
    // Graphs without a compile id may be called `-:graph`, `-:graph#1` in the order of the dump where their
    // stages are known: of a text, often nothing but the names of its placeholders tells them.
    const std::vector<GraphId>& graphs = dump.compilation(*compilation).graphs;
    const auto unknown = [&](GraphId id) { return dump.graph(id).stage == Stage::Graph; };
    const auto ordinal = static_cast<size_t>(address.ordinal.value_or(0));
    if (!place.graph && address.stage == Stage::Graph && address.compile == "-" && ordinal < graphs.size()
        && std::none_of(graphs.begin(), graphs.end(), unknown))
        place.graph = graphs[ordinal];
    if (!place.graph)
        return not_found("no graph '" + to_string(address) + "' in this dump; "
            + (stages.empty() ? "this compilation has none" : "expected one of " + listed(stages)));
    const GraphModule& module = *dump.graph(place.graph).module;
    place.body = find_body(module, address.body);
    if (!place.body) {
        std::vector<std::string> paths;
        for (size_t i = 1; i < module.bodies.size(); ++i)
            paths.push_back(body_path(module, BodyId(i)));
        return not_found("no body '" + address.body + "' in " + address_of(dump, place.graph) + "; "
            + (paths.empty() ? "it has none but its root" : "expected one of " + listed(paths)));
    }
    if (!address.node.empty()) {
        place.node = find_node(module, module.body(place.body), address.node);
        if (!place.node)
            return not_found(
                "no node '" + address.node + "' in " + address_of(dump, place.graph, place.body));
    }
    return place;
}

Result<Place> resolve(const Dump& dump, std::string_view text) {
    const auto address = parse_address(text);
    if (!address)
        return address.error();
    return resolve(dump, *address);
}

std::string address_of(const Dump& dump, GraphId graph, BodyId body, NodeId node) {
    const Graph& g = dump.graph(graph);
    const Compilation& c = dump.compilation(g.compilation);
    Address a;
    a.rank = c.key.rank;
    a.compile = c.key.id;
    a.attempt = c.last_attempt ? std::nullopt : std::optional(c.key.attempt);
    a.stage = g.stage;
    a.ordinal = g.ordinal;
    if (body)
        a.body = body_path(*g.module, body);
    if (node)
        a.node = g.module->text(g.module->body(body ? body : BodyId(0)).node(node).name);
    return to_string(a);
}

} // namespace hopscope
