#include "core/read/record_json.h"

#include <algorithm>

namespace hopscope::read {

namespace ondemand = simdjson::ondemand;

std::string id_of(const Envelope& e) {
    std::string id;
    if (e.autograd)
        id = '!' + std::to_string(*e.autograd);
    if (e.frame)
        id +=
            (id.empty() ? "" : "/") + std::to_string(*e.frame) + '/' + std::to_string(e.compile.value_or(0));
    return id;
}

std::string text_or_empty(ondemand::value value) {
    std::string_view text;
    return value.get_string().get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

namespace {

constexpr auto npos = std::string_view::npos;

// Of ids and counts: none where it is no such number.
std::optional<int> whole_number(ondemand::value value) {
    int64_t n = 0;
    if (value.get_int64().get(n) != simdjson::SUCCESS || n < 0 || n > std::numeric_limits<int>::max())
        return {};
    return static_cast<int>(n);
}

void metrics_field(std::string_view key, ondemand::value value, Envelope& e) {
    if (key == "co_name")
        e.function = text_or_empty(value);
    else if (key == "co_filename")
        e.source_file = text_or_empty(value);
    else if (key == "co_firstlineno")
        e.source_line = whole_number(value).value_or(0);
    else if (key == "fail_type")
        e.fail_type = text_or_empty(value);
    else if (key == "fail_reason")
        e.fail_reason = text_or_empty(value);
    else if (key == "pytorch_version")
        e.version = text_or_empty(value);
    else if (key == "recompile_reason")
        e.recompile_reason = text_or_empty(value);
    else if (key == "entire_frame_compile_time_s") {
        double seconds = 0;
        if (value.get_double().get(seconds) == simdjson::SUCCESS)
            e.seconds = seconds;
    }
}

void symbol_field(std::string_view key, ondemand::value value, Envelope& e) {
    if (key == "symbol")
        e.symbol = text_or_empty(value);
    else if (key == "val")
        e.symbol_value = text_or_empty(value);
    else if (key == "vr")
        e.symbol_range = text_or_empty(value);
    else if (key == "source")
        e.symbol_source = text_or_empty(value);
}

} // namespace

bool RecordJson::parse(std::string_view json, ondemand::document& doc) {
    const size_t behind = static_cast<size_t>(bytes_.data() + bytes_.size() - json.data());
    if (!json.empty() && behind >= json.size() + simdjson::SIMDJSON_PADDING)
        return parser_.iterate(json.data(), json.size(), behind).get(doc) == simdjson::SUCCESS;
    // Too near the end of the mapping: simdjson reads a little beyond its input.
    copy_ = simdjson::padded_string(json);
    return parser_.iterate(copy_).get(doc) == simdjson::SUCCESS;
}

// The value of the event key.
void RecordJson::metadata(ondemand::value value, Envelope& e) {
    const bool metrics = e.event == "compilation_metrics", symbol = e.event == "create_symbol";
    if (!metrics && !symbol && e.event != "artifact" && e.event != "optimize_ddp_split_child"
        && e.event != "graph_dump")
        return;
    ondemand::object fields;
    if (value.get_object().get(fields) != simdjson::SUCCESS)
        return;
    for (auto field : fields) {
        std::string_view key;
        ondemand::value inner;
        if (field.unescaped_key().get(key) != simdjson::SUCCESS
            || field.value().get(inner) != simdjson::SUCCESS)
            return;
        if (metrics)
            metrics_field(key, inner, e);
        else if (symbol)
            symbol_field(key, inner, e);
        else if (key == "name")
            e.name = text_or_empty(inner);
        else if (key == "type")
            e.type = text_or_empty(inner);
    }
}

bool RecordJson::envelope(std::string_view json, Envelope& e) {
    ondemand::document doc;
    ondemand::object fields;
    if (!parse(json, doc) || doc.get_object().get(fields) != simdjson::SUCCESS)
        return false;
    for (auto field : fields) {
        std::string_view key;
        ondemand::value value;
        if (field.unescaped_key().get(key) != simdjson::SUCCESS
            || field.value().get(value) != simdjson::SUCCESS)
            return false;
        if (e.event.empty()) {
            e.event = std::string(key);
            metadata(value, e);
        } else if (key == "rank") {
            e.rank = whole_number(value);
        } else if (key == "compiled_autograd_id") {
            e.autograd = whole_number(value);
        } else if (key == "frame_id") {
            e.frame = whole_number(value);
        } else if (key == "frame_compile_id") {
            e.compile = whole_number(value);
        } else if (key == "attempt") {
            e.attempt = whole_number(value).value_or(0);
        } else if (key == "subgraph_name") {
            e.subgraph = text_or_empty(value);
        } else if (key == "has_payload") {
            e.has_payload = true;
            e.md5 = text_or_empty(value);
        }
    }
    // A broken tail shows only when the document has been walked to its end.
    return !e.event.empty() && json.find_last_not_of(" \r\n\t") != npos
        && json[json.find_last_not_of(" \r\n\t")] == '}';
}

} // namespace hopscope::read
