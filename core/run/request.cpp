#include "core/run/request.h"

#include "core/base/text.h"
#include "core/run/default_symbols.h"
#include "core/run/input_files.h"
#include "core/run/placeholders.h"
#include "core/run/single_inputs.h"
#include "core/worker/choose.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace hopscope::run {

namespace {

// Which call of a region's body the keys of recordings are taken from.
Result<std::string> prefix_of(const GraphModule& module, BodyId body, std::optional<int> invocation) {
    const std::vector<std::string> prefixes = call_prefixes(module, body);
    const int index = invocation.value_or(0);
    if (index >= 0 && static_cast<size_t>(index) < prefixes.size())
        return prefixes[static_cast<size_t>(index)];
    return make_error(Error::Kind::Usage,
        prefixes.empty() ? "no region call of this body is in the graph, so that no invocation can be chosen"
                         : "there is no invocation " + std::to_string(index) + ": the body is called "
                + counted(prefixes.size(), "time") + ", counted from 0");
}

} // namespace

Result<Place> place_of(const Dump& dump, const std::string& address) {
    if (!address.empty())
        return resolve(dump, address);
    if (dump.graphs.size() == 1)
        return Place{GraphId(0), BodyId(0), {}};
    std::string some;
    for (size_t i = 0; i < dump.graphs.size() && i < 5; ++i)
        some += (i ? ", " : "") + address_of(dump, GraphId(i));
    Error error = make_error(Error::Kind::Usage,
        "the dump has " + counted(dump.graphs.size(), "graph")
            + (some.empty() ? "" : " (" + some + (dump.graphs.size() > 5 ? ", …)" : ")")));
    error.remedy = Error::Remedy::ChooseBody;
    return error;
}

Result<Bindings> bindings_of(const std::vector<std::string>& words) {
    Bindings bindings;
    for (const std::string& word : words) {
        const size_t equals = word.find('=');
        const char* end = word.data() + word.size();
        int64_t value = 0;
        std::from_chars_result read{end, std::errc::invalid_argument};
        if (equals != std::string::npos)
            read = std::from_chars(word.data() + equals + 1, end, value);
        if (read.ec == std::errc::result_out_of_range && read.ptr == end)
            return make_error(Error::Kind::Usage,
                "found '" + word + "' as a symbol's value, expected a number of 64 bits with a sign");
        if (read.ec != std::errc() || read.ptr != end || !is_identifier(word.substr(0, equals)))
            return make_error(Error::Kind::Usage,
                "found '" + word + "' as a symbol's value, expected SYMBOL=NUMBER, as in s77=8");
        if (!bindings.emplace(word.substr(0, equals), value).second)
            return make_error(Error::Kind::Usage,
                "found '" + word + "' as a symbol's value, which was given before, expected one for each");
    }
    return bindings;
}

namespace {

Error not_one_of_them(std::string message) {
    Error error = make_error(Error::Kind::Usage, std::move(message));
    error.remedy = Error::Remedy::SeedOrInputs;
    return error;
}

// Made inputs or those of a file.
Status one_source(const Request& request) {
    if (!request.inputs.empty() && (request.seed || !request.single_inputs.empty()))
        return not_one_of_them("found files of inputs beside a seed or single inputs, expected one of them");
    return {};
}

// From a seed, but for what came with the graph or is given one by one.
Result<Inputs> made_inputs(const Dump& dump, const Request& request, Prepared& p) {
    SingleInputs singles;
    if (const Status status = add_named(request.single_inputs, p.symbols, singles); !status)
        return status.error();
    const Graph& graph = dump.graph(p.place.graph);
    if (p.body == BodyId(0))
        add_saved(graph.saved, !request.seed, singles);
    const std::vector<NodeId> wanted = wanted_inputs(*p.module, p.body);
    const size_t known = static_cast<size_t>(std::count_if(wanted.begin(), wanted.end(),
        [&](NodeId node) { return singles.find(p.module->text(p.module->body(p.body).node(node).name)); }));
    if (!request.seed && known < wanted.size())
        return not_one_of_them("found neither a seed nor files of inputs, expected one of them"
            + (known ? "; " + std::to_string(known) + " of " + counted(wanted.size(), "input")
                        + " came with the graph or were given"
                     : std::string())
            + (singles.notes.empty() ? "" : "; " + singles.notes.front()));
    p.notes = singles.notes;
    const size_t from_file = singles.from_file;
    const std::string source = singles.source;
    auto made = synthetic_inputs(*p.module, p.body, request.seed.value_or(0), p.symbols,
        symbol_hints(dump, p.place.graph), std::move(singles));
    if (!made)
        return made;
    std::string& told = p.inputs_told;
    if (from_file)
        told = counted(from_file, "input") + " of " + source;
    if (const size_t named = wanted.size() - made->made - std::min(from_file, wanted.size() - made->made))
        told += (told.empty() ? "" : ", ") + std::to_string(named) + " given";
    if (made->made)
        told = (told.empty() ? "synthetic inputs" : told + ", " + std::to_string(made->made) + " synthetic")
            + ", seed " + std::to_string(request.seed.value_or(0));
    return made;
}

// A value for a symbol that no graph has is one of a mistyped name; one that this graph lacks is told.
Status check_bound(
    const Dump& dump, const Prepared& p, const Bindings& bound, std::vector<std::string>& notes) {
    const auto has = [](const std::vector<std::string>& names, const std::string& name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    const std::vector<std::string> own = bound.empty() ? std::vector<std::string>() : symbols_of(*p.module);
    for (const auto& [bound_name, value] : bound) {
        const std::string& name = bound_name; // no lambda of clang 14 captures a binding
        if (has(own, name))
            continue;
        if (std::any_of(dump.graphs.begin(), dump.graphs.end(),
                [&](const Graph& graph) { return graph.module && has(symbols_of(*graph.module), name); })) {
            notes.push_back("the graph has no symbol " + name + ": its value is not used");
            continue;
        }
        std::string some;
        for (size_t i = 0; i < own.size() && i < 5; ++i)
            some += (i ? ", " : "") + own[i];
        return make_error(Error::Kind::NotFound,
            "no graph of the dump has a symbol '" + name + "'; this one has "
                + (own.empty() ? "none" : some + (own.size() > 5 ? ", …" : "")));
    }
    return {};
}

Error in_reference(Error error, const Request& request) {
    error.file = request.reference;
    return error;
}

} // namespace

Result<Prepared> prepare(const Dump& dump, const Request& request) {
    if (const Status status = one_source(request); !status)
        return status.error();
    const auto place = place_of(dump, request.address);
    return place ? prepare(dump, *place, request) : Result<Prepared>(place.error());
}

Result<Prepared> prepare(const Dump& dump, const Place& body, const Request& request) {
    if (const Status status = one_source(request); !status)
        return status.error();
    Prepared p;
    p.place = {body.graph, body.body, {}};
    p.address = address_of(dump, body.graph, body.body);
    p.module = dump.graph(body.graph).module;
    p.body = body.body;
    auto symbols = bindings_of(request.bind);
    if (!symbols)
        return symbols.error();
    std::vector<std::string> notes;
    if (const Status status = check_bound(dump, p, *symbols, notes); !status)
        return status.error();
    p.symbols = std::move(*symbols);
    if (p.body != BodyId(0) || request.invocation) {
        auto found = prefix_of(*p.module, p.body, request.invocation);
        // Synthetic inputs need no call.
        if (!found && (request.invocation || !request.inputs.empty()))
            return found.error();
        p.prefix = found ? *found : "";
    }
    auto made = request.inputs.empty() ? made_inputs(dump, request, p)
                                       : file_inputs(request.inputs, *p.module, p.body, p.prefix, p.symbols);
    if (!made)
        return made.error();
    p.inputs = std::move(*made);
    if (request.invocation && request.inputs.empty() && request.reference.empty())
        notes.push_back(
            "made inputs are the same for every call: no recorded values are given of which those of call "
            + std::to_string(*request.invocation) + " could be taken");
    p.notes.insert(p.notes.end(), notes.begin(), notes.end());
    if (!request.inputs.empty())
        p.inputs_told = "inputs of " + std::filesystem::path(request.inputs).filename().string();
    for (const DefaultSymbol& symbol : p.inputs.defaults)
        p.defaulted.push_back(symbol.name);
    if (!request.reference.empty()) {
        auto file = read_tensors(request.reference);
        if (!file)
            return file.error();
        auto part = values_of_body(*file, *p.module, p.body, p.prefix);
        if (!part)
            return in_reference(part.error(), request);
        p.reference_file = std::move(*part);
        p.reference = p.reference_file.values();
        auto recorded_on = other_inputs(p);
        if (!recorded_on)
            return in_reference(recorded_on.error(), request);
        p.recorded_on = std::move(*recorded_on);
    }
    return p;
}

Result<Started> start(const Prepared& prepared, const Request& request, const Job& job) {
    const auto choice = worker::choose_executor(*prepared.module, prepared.body, request.libraries, job);
    if (!choice)
        return choice.error();
    worker::StartOptions options;
    options.executor = choice->candidates[*choice->chosen].executor;
    options.libraries = request.libraries;
    options.memory = request.memory;
    auto started_worker = worker::Worker::start(options, job);
    if (!started_worker)
        return started_worker.error();
    Started started;
    started.worker = std::move(*started_worker);
    started.executor = options.executor;
    for (std::string note : {choice->note, worker::memory_note(options.memory)})
        if (!note.empty())
            started.notes.push_back(std::move(note));
    auto loaded = load_into(*started.worker, prepared, job);
    if (!loaded)
        return loaded.error();
    started.loaded = std::move(*loaded);
    return started;
}

Result<wire::LoadAnswer> load_into(
    worker::Worker& worker, const Prepared& prepared, const Job& job, bool keep_reference) {
    using As = wire::BindRequest::As;
    auto loaded = worker.load(prepared.module, prepared.body, prepared.symbols, job, keep_reference);
    if (!loaded)
        return loaded;
    if (const Status status = worker.bind(prepared.inputs.values, As::Inputs, job); !status)
        return status.error();
    if (!prepared.reference.empty())
        if (const Status status = worker.bind(prepared.reference, As::Reference, job); !status)
            return status.error();
    return loaded;
}

} // namespace hopscope::run
