// What the records of a TORCH_TRACE log say beside graphs and timers: caches of whole graphs, inputs, marked
// functions.
#include "core/base/find_words.h"
#include "core/base/text.h"
#include "core/read/trace_reader.h"

#include <algorithm>
#include <charconv>

namespace hopscope::read {

namespace {

namespace ondemand = simdjson::ondemand;
constexpr auto npos = std::string_view::npos;

std::optional<int64_t> integer(ondemand::value value) {
    int64_t n = 0;
    return value.get_int64().get(n) == simdjson::SUCCESS ? std::optional(n) : std::nullopt;
}
std::optional<double> number(ondemand::value value) {
    double n = 0;
    return value.get_double().get(n) == simdjson::SUCCESS ? std::optional(n) : std::nullopt;
}
bool truth(ondemand::value value) {
    bool b = false;
    return value.get_bool().get(b) == simdjson::SUCCESS && b;
}
// "[8, 16]", as it was written.
std::string array_text(ondemand::value value) {
    ondemand::array array;
    std::string_view text;
    if (value.get_array().get(array) != simdjson::SUCCESS || array.raw_json().get(text) != simdjson::SUCCESS)
        return {};
    return std::string(trimmed(text));
}

std::string_view between(std::string_view text, std::string_view from, std::string_view to) {
    const size_t at = text.find(from);
    if (at == npos)
        return {};
    const std::string_view rest = text.substr(at + from.size());
    return rest.substr(0, rest.find(to));
}

} // namespace

bool TraceReader::cache_record(const Envelope& e, const CompileKey& key, const TracePayload& payload) {
    CacheRecord record;
    std::string_view name = e.name;
    if (name.starts_with("aotautograd_cache_")) {
        record.cache = CacheRecord::Cache::AotAutograd;
        name.remove_prefix(std::string_view("aotautograd_cache_").size());
    } else if (name.starts_with("fx_graph_cache_")) {
        record.cache = CacheRecord::Cache::FxGraph;
        name.remove_prefix(std::string_view("fx_graph_cache_").size());
    } else {
        return false;
    }
    if (name == "hit")
        record.state = CacheRecord::State::Hit;
    else if (name == "miss")
        record.state = CacheRecord::State::Miss;
    else if (name == "bypass")
        record.state = CacheRecord::State::Bypass;
    else
        return false; // "hash" only tells the key
    if (key.id.empty())
        return false;
    record.compilation = collector_.compilation(key);
    record.file = file_;
    record.line = record_line_;
    record.offset = record_offset_;
    // The list of components is long; of it only this counts.
    if (record.cache == CacheRecord::Cache::FxGraph && find_words(payload.text, "is_backward]: ") != npos)
        record.backward = find_words(payload.text, "is_backward]: True") != npos;
    ondemand::document doc;
    ondemand::object fields;
    if (json_.parse(payload.text, doc) && doc.get_object().get(fields) == simdjson::SUCCESS)
        for (auto field : fields) {
            std::string_view k;
            ondemand::value v;
            if (field.unescaped_key().get(k) != simdjson::SUCCESS
                || field.value().get(v) != simdjson::SUCCESS)
                break;
            if (k == "key")
                record.key = utf8(text_or_empty(v));
            else if (k == "cache_bypass_reason")
                record.reason = utf8(text_or_empty(v));
            else if (k == "time_saved_ms")
                record.saved_ms = number(v);
            else if (k == "time_saved_ns" || k == "time_taken_ns") {
                if (const auto ns = number(v))
                    (k == "time_saved_ns" ? record.saved_ms : record.took_ms) = *ns / 1e6;
            }
        }
    collector_.dump.caches.push_back(std::move(record));
    return true;
}

// torch/_inductor/compile_fx.py, where the cache is switched off: one event per graph that is lowered,
// forward first.
void TraceReader::cache_switched_off(const CompileKey& key) {
    CacheRecord record;
    record.cache = CacheRecord::Cache::FxGraph;
    record.state = CacheRecord::State::Disabled;
    record.compilation = collector_.compilation(key);
    record.file = file_;
    record.line = record_line_;
    record.offset = record_offset_;
    collector_.dump.caches.push_back(std::move(record));
}

void TraceReader::describe(const std::string& event, std::string_view json, const CompileKey& key) {
    ondemand::document doc;
    ondemand::object fields;
    if (!json_.parse(json, doc) || doc[event].get_object().get(fields) != simdjson::SUCCESS)
        return;
    DescribedTensor tensor;
    std::string source;
    std::optional<int64_t> id, describer, size;
    for (auto field : fields) {
        std::string_view k;
        ondemand::value v;
        if (field.unescaped_key().get(k) != simdjson::SUCCESS || field.value().get(v) != simdjson::SUCCESS)
            return;
        if (k == "id")
            id = integer(v);
        else if (k == "describer_id")
            describer = integer(v);
        else if (k == "source")
            source = text_or_empty(v);
        else if (k == "storage")
            tensor.storage = integer(v);
        else if (k == "base")
            tensor.base = integer(v);
        else if (k == "device")
            tensor.device = text_or_empty(v);
        else if (k == "dtype")
            tensor.dtype = text_or_empty(v);
        else if (k == "stride")
            tensor.stride = array_text(v);
        else if (k == "requires_grad")
            tensor.requires_grad = truth(v);
        else if (k == "is_parameter")
            tensor.is_parameter = truth(v);
        else if (k == "is_view")
            tensor.is_view = truth(v);
        else if (k == "size") {
            if (event == "describe_storage")
                size = integer(v);
            else
                tensor.shape = array_text(v);
        }
    }
    if (!id || !describer)
        return;
    const CompilationId compilation = collector_.compilation(key);
    const Described at{compilation, *describer, *id};
    if (event == "describe_storage") {
        if (size)
            storages_.insert_or_assign(at, *size);
    } else if (event == "describe_tensor") {
        if (tensor.dtype.starts_with("torch."))
            tensor.dtype.erase(0, 6);
        tensors_.insert_or_assign(at, std::move(tensor));
    } else if (event == "describe_source" && !source.empty()) {
        const auto known = tensors_.find(at);
        if (known == tensors_.end())
            return;
        DescribedInput input;
        input.compilation = compilation;
        input.source = utf8(source);
        input.dtype = known->second.dtype;
        input.shape = known->second.shape;
        input.stride = known->second.stride;
        input.device = known->second.device;
        input.describer = describer;
        input.tensor = id;
        input.base = known->second.base;
        input.requires_grad = known->second.requires_grad;
        input.is_parameter = known->second.is_parameter;
        input.is_view = known->second.is_view;
        input.storage = known->second.storage;
        if (input.storage)
            if (const auto bytes = storages_.find({compilation, *describer, *input.storage});
                bytes != storages_.end())
                input.storage_bytes = bytes->second;
        input.file = file_;
        input.line = record_line_;
        input.offset = record_offset_;
        collector_.dump.inputs.push_back(std::move(input));
    }
}

// nested_compile_region's wrapper looks through its closure for the innermost marked function
// (torch/_higher_order_ops/invoke_subgraph.py): that line leaves a guard on the function's code, which some
// versions print with its name.
void TraceReader::marked_functions(const CompileKey& key, const TracePayload& payload) {
    constexpr std::string_view kMark = "__marked_compile_region_fn__";
    size_t counted = 0; // bytes, whose line ends were counted
    uint64_t lines = 0;
    for (size_t at = find_words(payload.text, kMark); at != npos;
         at = find_words(payload.text, kMark, at + 1)) {
        const size_t begin = payload.text.rfind('\n', at) == npos ? 0 : payload.text.rfind('\n', at) + 1;
        const std::string_view line = payload.text.substr(begin, payload.text.find('\n', at) - begin);
        const std::string_view code = between(line, "<code object ", ">");
        // "NAME at 0x7f…, file "…", line 18"; a lambda's name has a bracket of its own.
        const std::string_view whole = between(line, "<code object ", ", line ");
        const size_t name_end = whole.rfind(" at 0x", whole.find(", file "));
        if (code.empty() || name_end == npos)
            continue;
        MarkedFunction marked;
        marked.compilation = collector_.compilation(key);
        marked.name = utf8(whole.substr(0, name_end));
        marked.source_file = utf8(between(whole, "file \"", "\""));
        const std::string_view number = between(line.substr(line.find("<code object ")), ", line ", ">");
        std::from_chars(number.data(), number.data() + number.size(), marked.source_line);
        marked.file = file_;
        const std::string_view between_marks = payload.text.substr(counted, begin - counted);
        lines += static_cast<uint64_t>(std::count(between_marks.begin(), between_marks.end(), '\n'));
        counted = begin;
        marked.line = payload.line + lines;
        std::vector<MarkedFunction>& all = collector_.dump.marked;
        const bool known = std::any_of(all.begin(), all.end(), [&](const MarkedFunction& m) {
            return m.compilation == marked.compilation && m.name == marked.name
                && m.source_file == marked.source_file && m.source_line == marked.source_line;
        });
        if (!known)
            all.push_back(std::move(marked));
    }
}

namespace {

constexpr std::string_view kForward = "'forward'"; // stands in every such line

// "… L['b'].__dict__)  # def block(b, x): return b(x)  # home/dev/workloads.py:49 in block (HINT: …)": M is
// called in `block`. Where the class's own `forward` is the marked wrapper, its source stands for the module,
// "dict(type(M).__dict__)['forward']", and the function is what it wraps: guards on that function's closure
// are made in it; without any, it is known as `forward`.
std::optional<ModuleCall> module_call(std::string_view line) {
    constexpr std::string_view kCalled = "___dict_contains('forward', ",
                               kWrapper = "___check_obj_id(dict(type(";
    constexpr std::string_view kOwn = ".__dict__)['forward']", kWrapped = ".__closure__[0].cell_contents.";
    const size_t place = line.rfind("  # ");
    const size_t in = line.rfind(" in ");
    if (in == npos || place == npos || in < place)
        return {};
    std::string_view function = line.substr(in + 4);
    function = trimmed(function.substr(0, function.find(" (HINT")));
    ModuleCall call;
    size_t code = npos;
    if (const size_t at = line.find(kCalled); at != npos) {
        code = line.find(".__dict__)  # ", at);
        if (code == npos || place < code)
            return {};
        call.module = utf8(line.substr(at + kCalled.size(), code - at - kCalled.size()));
    } else if (const size_t wrapper = line.find(kWrapper); wrapper != npos) {
        code = line.find(kOwn, wrapper);
        const std::string_view rest = code == npos ? std::string_view() : line.substr(code + kOwn.size());
        if (!rest.starts_with(kWrapped))
            return {};
        const bool own = rest.substr(kWrapped.size()).starts_with("__closure__");
        if (!own && line.find("__marked_compile_region_fn__") == npos)
            return {};
        const size_t source = wrapper + std::string_view("___check_obj_id(").size();
        call.module = utf8(line.substr(source, code + kOwn.size() - source));
        function = own ? function : std::string_view("forward");
    } else {
        return {};
    }
    call.function = utf8(function);
    const size_t comment = line.find("  # ", code);
    const size_t words = comment == npos ? npos : comment + 4;
    call.code = words < place ? utf8(line.substr(words, place - words)) : std::string();
    return call;
}

} // namespace

// A megabyte of guards holds a handful of these: they are searched for, not read line by line.
void TraceReader::module_calls(const CompileKey& key, const TracePayload& payload) {
    const std::string_view text = payload.text;
    size_t counted = 0; // bytes, whose line ends were counted
    uint64_t lines = 0;
    size_t from = 0;
    for (size_t at = find_words(text, kForward); at != npos; at = find_words(text, kForward, from)) {
        const size_t begin = text.rfind('\n', at) + 1;
        from = std::min(text.find('\n', at), text.size());
        std::optional<ModuleCall> call = module_call(text.substr(begin, from - begin));
        if (!call)
            continue;
        lines += count_of(text.substr(counted, begin - counted), '\n');
        counted = begin;
        call->compilation = collector_.compilation(key);
        call->file = file_;
        call->line = payload.line + lines;
        collector_.dump.module_calls.push_back(std::move(*call));
    }
}

} // namespace hopscope::read
