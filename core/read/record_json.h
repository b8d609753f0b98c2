// The JSON of TORCH_TRACE records: the envelope that every record has, and payloads.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

namespace hopscope::read {

// One event key with its metadata, then context keys (torch/_logging/_internal.py, trace_structured).
struct Envelope {
    std::string event;
    std::string name; // of an artifact, a DDP child, a graph_dump
    std::string type; // of a graph_dump: the language of what is dumped, "cpp"; empty where it tells none
    std::string subgraph; // the region whose own record it is (subgraph_name); empty = the whole graph's
    std::optional<int> rank; // none: the record names none
    std::optional<int> autograd, frame, compile; // of the compile id; none: the record names none
    int attempt = 0;
    std::string md5;
    bool has_payload = false;
    // of compilation_metrics
    std::string function, source_file, fail_type, fail_reason, recompile_reason, version;
    int source_line = 0;
    double seconds = 0;
    // of create_symbol
    std::string symbol, symbol_value, symbol_range, symbol_source;

    const std::string& what() const { return name.empty() ? event : name; }
};
std::string id_of(const Envelope& e); // "0/0", "!1/0/0"; empty outside any compilation

std::string text_or_empty(simdjson::ondemand::value value);

// Reads JSON that lies in a file's bytes without copying it, but for what is too near their end.
class RecordJson {
public:
    explicit RecordJson(std::string_view bytes)
        : bytes_(bytes) { }

    // False for text that is not even nearly JSON; the document must not be touched then. It is valid until
    // the next call.
    bool parse(std::string_view json, simdjson::ondemand::document& doc);
    bool envelope(std::string_view json, Envelope& e);

private:
    void metadata(simdjson::ondemand::value value, Envelope& e);

    std::string_view bytes_;
    simdjson::ondemand::parser parser_;
    simdjson::padded_string copy_;
};

} // namespace hopscope::read
