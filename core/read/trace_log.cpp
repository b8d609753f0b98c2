#include "core/base/text.h"
#include "core/read/collector.h"
#include "core/read/lines.h"
#include "core/read/payloads.h"
#include "core/read/readable.h"
#include "core/read/record_json.h"
#include "core/read/script_task.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace hopscope::read {

namespace {

namespace ondemand = simdjson::ondemand;
constexpr auto npos = std::string_view::npos;

// Graph-carrying events (torch/_dynamo/output_graph.py, torch/_functorch/_aot_autograd/graph_capture.py, …).
struct GraphEvent {
    std::string_view event;
    Stage stage;
    std::string_view label;
};
constexpr std::array kGraphEvents{
    GraphEvent{"dynamo_output_graph", Stage::Dynamo, ""},
    GraphEvent{"aot_joint_graph", Stage::Joint, ""},
    GraphEvent{"aot_forward_graph", Stage::Forward, ""},
    GraphEvent{"aot_backward_graph", Stage::Backward, ""},
    GraphEvent{"aot_inference_graph", Stage::Inference, ""},
    GraphEvent{"inductor_pre_grad_graph", Stage::PreGrad, "inductor_pre_grad_graph"},
    GraphEvent{"inductor_post_grad_graph", Stage::PostGrad, "inductor_post_grad_graph"},
    GraphEvent{"exported_program", Stage::Export, ""},
    GraphEvent{"optimize_ddp_split_graph", Stage::Graph, "optimize_ddp_split_graph"},
    GraphEvent{"compiled_autograd_graph", Stage::Graph, "compiled_autograd_graph"},
};

Stage artifact_stage(std::string_view name) {
    if (name.find("pre_grad") != npos)
        return Stage::PreGrad;
    if (name.find("post_grad") != npos)
        return Stage::PostGrad;
    if (name.starts_with("aot_inference_graph"))
        return Stage::Inference;
    if (name.find("joint_graph") != npos)
        return Stage::Joint;
    return Stage::Graph;
}

struct TimerName {
    std::string_view name;
    RegionTimer::Kind kind;
};
constexpr std::array kTimers{
    TimerName{"invoke_subgraph_trace", RegionTimer::Kind::Trace},
    TimerName{"invoke_subgraph_reuse_hash_fn", RegionTimer::Kind::ReuseHash},
    TimerName{"invoke_subgraph_reuse_lookup", RegionTimer::Kind::ReuseLookup},
    TimerName{"invoke_subgraph_reuse_stamp_out", RegionTimer::Kind::ReuseStampOut},
    TimerName{"invoke_subgraph_trace_joint_graph", RegionTimer::Kind::TraceJointGraph},
    TimerName{"invoke_subgraph_proxy_tensor", RegionTimer::Kind::ProxyTensor},
    TimerName{"invoke_subgraph_fake_tensor", RegionTimer::Kind::FakeTensor},
};

// Where the JSON of a record starts in its line; npos if the line is none. The path may hold anything, so the
// mark is the line number with its bracket.
size_t json_start(std::string_view line) {
    for (size_t at = line.find("] {"); at != npos; at = line.find("] {", at + 1)) {
        size_t digits = at;
        while (digits > 0 && is_digit(line[digits - 1]))
            --digits;
        if (digits < at && digits > 0 && line[digits - 1] == ':')
            return at + 2;
    }
    return npos;
}

struct Payload {
    std::string_view text; // with its tabs
    uint32_t line = 0;
    uint64_t offset = 0;
};

class TraceReader {
public:
    TraceReader(Collector& collector, FileId file, const FileBytes& bytes)
        : collector_(collector)
        , file_(file)
        , bytes_(bytes)
        , json_(bytes.bytes) { }

    void run();

private:
    struct OpenTimer {
        CompileKey key;
        std::string name;
        uint32_t index;
    };

    void record(std::string_view json, uint32_t line, uint64_t offset, const Payload& payload);
    void artifact(const Envelope& e, const CompileKey& key, const Payload& payload, uint32_t line);
    void graph_text(const CompileKey& key, Stage stage, std::string label, const Payload& payload, bool must);
    bool runnable(const CompileKey& key, const Payload& payload);
    void timer(const CompileKey& key, const Payload& payload, uint32_t line);
    void failure(const CompileKey& key, const std::string& kind, const Payload& payload, uint32_t line);
    void metrics(const CompileKey& key, const Envelope& e);
    void check_md5(const Envelope& e, const Payload& payload, uint32_t line, uint64_t offset);
    void check_end(const Envelope& e, const Payload& payload, uint32_t line, uint64_t offset);
    std::optional<int> rank_of_file() const;
    std::string untabbed(std::string_view text) const;

    Collector& collector_;
    FileId file_;
    const FileBytes& bytes_;
    RecordJson json_;
    std::vector<OpenTimer> open_timers_;
    std::optional<int> rank_; // of records that name none
    bool last_ = false; // the record at hand is the file's last
    bool at_cut_ = false; // and the file ends inside of it
    const Envelope* envelope_ = nullptr; // of the record at hand
    uint64_t record_line_ = 0, record_offset_ = 0;
    uint64_t stray_lines_ = 0;
    uint32_t first_stray_ = 0;
    uint64_t first_stray_offset_ = 0;
};

void TraceReader::check_md5(const Envelope& e, const Payload& payload, uint32_t line, uint64_t offset) {
    const std::string sum = payload_md5(payload.text);
    if (e.md5 != sum)
        collector_.problem(Severity::Warning,
            "payload of " + e.what() + " has md5 " + sum + ", its record says " + e.md5, file_, line, offset);
}

// Whether the file ends inside of the last record's payload. One newline more or less is no damage: tools
// strip the last, empty line.
void TraceReader::check_end(const Envelope& e, const Payload& payload, uint32_t line, uint64_t offset) {
    if (!e.has_payload || payload.line == 0 || e.md5.size() != 32)
        return;
    std::string_view text = payload.text;
    if (payload_md5(text) == e.md5 || payload_md5(text, true) == e.md5)
        return;
    at_cut_ = true;
    if (!collector_.verify_md5)
        collector_.problem(Severity::Warning,
            "the last record is not whole: the payload of " + e.what() + " has "
                + counted(text.size(), "byte")
                + ", and its md5 is not the record's (the file was cut, or changed)",
            file_, line, offset);
}

// Payload lines without their tabs.
std::string TraceReader::untabbed(std::string_view text) const {
    std::string out;
    out.reserve(text.size());
    Lines lines(text, true);
    for (bool first = true; lines.next(); first = false) {
        if (!first)
            out += '\n';
        out += lines.line();
    }
    return out;
}

void TraceReader::graph_text(
    const CompileKey& key, Stage stage, std::string label, const Payload& payload, bool must) {
    GraphTask task;
    task.key = key;
    if (key.id.empty())
        task.key.id = "-"; // logged outside of any compilation
    collector_.compilation(task.key);
    task.file = file_;
    task.stage = stage;
    // A region's own record is not the graph of the stage, which is the one without a label.
    task.label = envelope_ ? envelope_->subgraph : "";
    if (!label.empty())
        task.label += (task.label.empty() ? "" : " ") + label;
    task.text = payload.text;
    task.tabbed = true;
    task.line = payload.line;
    task.offset = payload.offset;
    task.storage = bytes_.owner;
    task.must_hold_graph = must;
    task.partial = !must; // of a failure: tracing stopped
    task.cut = at_cut_;
    if (envelope_ && envelope_->has_payload && !at_cut_ && !collector_.verify_md5)
        collector_.dump.payloads.push_back({file_, record_line_, record_offset_, envelope_->what(),
            envelope_->md5, payload.text, bytes_.owner});
    collector_.tasks.push_back(std::move(task));
}

void TraceReader::timer(const CompileKey& key, const Payload& payload, uint32_t line) {
    if (payload.text.find("\"invoke_subgraph_") == npos)
        return;
    ondemand::document doc;
    ondemand::object fields;
    if (!json_.parse(payload.text, doc) || doc.get_object().get(fields) != simdjson::SUCCESS) {
        collector_.problem(Severity::Warning, "the payload of a chromium_event is no JSON object", file_,
            line, payload.offset);
        return;
    }
    std::string name;
    std::string phase;
    double time = 0;
    for (auto field : fields) {
        std::string_view k;
        ondemand::value v;
        if (field.unescaped_key().get(k) != simdjson::SUCCESS || field.value().get(v) != simdjson::SUCCESS)
            break;
        if (k == "name")
            name = text_or_empty(v);
        else if (k == "ph")
            phase = text_or_empty(v);
        else if (k == "ts" && v.get_double().get(time) != simdjson::SUCCESS)
            time = 0;
    }
    const auto known =
        std::find_if(kTimers.begin(), kTimers.end(), [&](const TimerName& t) { return t.name == name; });
    if (known == kTimers.end())
        return;
    std::vector<RegionTimer>& timers = collector_.dump.timers;
    if (phase == "B") {
        RegionTimer t;
        t.kind = known->kind;
        t.compilation = collector_.compilation(key);
        t.begin_us = time;
        t.file = file_;
        t.line = line;
        for (size_t i = open_timers_.size(); i-- > 0;)
            if (open_timers_[i].key == key) {
                t.parent = open_timers_[i].index;
                break;
            }
        open_timers_.push_back({key, name, static_cast<uint32_t>(timers.size())});
        timers.push_back(t);
    } else if (phase == "E") {
        for (size_t i = open_timers_.size(); i-- > 0;) {
            if (open_timers_[i].key != key || open_timers_[i].name != name)
                continue;
            timers[open_timers_[i].index].end_us = time;
            open_timers_.erase(open_timers_.begin() + static_cast<ptrdiff_t>(i));
            return;
        }
        collector_.problem(Severity::Warning, "timer " + name + " ends without having begun", file_, line, 0);
    }
}

// The last line of a traceback that says what went wrong.
std::string telling_line(const std::string& text) {
    std::string found;
    size_t from = 0;
    while (from <= text.size()) {
        const size_t end = std::min(text.find('\n', from), text.size());
        const std::string_view line = std::string_view(text).substr(from, end - from);
        const size_t colon = line.find(": ");
        const bool names_error = !line.empty() && line[0] != ' ' && colon != npos
            && line.substr(0, colon).find(' ') == npos
            && (line.find("Error") != npos || line.find("Exception") != npos
                || line.find("Unsupported") != npos);
        if (names_error)
            found = std::string(line);
        from = end + 1;
    }
    if (found.empty())
        found = text.substr(0, text.find('\n'));
    return found;
}

void TraceReader::failure(
    const CompileKey& key, const std::string& kind, const Payload& payload, uint32_t line) {
    Failure f;
    f.compilation = collector_.compilation(key);
    f.kind = kind;
    f.text = utf8(untabbed(payload.text));
    f.message =
        kind == "make_fx_fail_partial" ? "tracing stopped; this is how far it came" : telling_line(f.text);
    f.file = file_;
    f.line = line;
    collector_.dump.failures.push_back(std::move(f));
}

// The script to run a graph again; False where it holds none (it may say why it was not written).
bool TraceReader::runnable(const CompileKey& key, const Payload& payload) {
    const size_t before = collector_.tasks.size(), payloads = collector_.dump.payloads.size();
    graph_text(key, Stage::Graph, "fx_graph_runnable", payload, true);
    if (take_script(collector_, collector_.tasks[before], "", false))
        return true;
    collector_.tasks.resize(before);
    collector_.dump.payloads.resize(payloads);
    return false;
}

void TraceReader::artifact(const Envelope& e, const CompileKey& key, const Payload& payload, uint32_t line) {
    if (e.name == "dynamo_error" || e.name == "fx_interpreter_error" || e.name == "make_fx_fail_partial") {
        failure(key, e.name, payload, line);
        if (e.name != "dynamo_error")
            graph_text(key, Stage::Graph, e.name, payload, false);
        return;
    }
    if (e.name == "torch_version") {
        std::string_view version;
        ondemand::document doc;
        if (json_.parse(payload.text, doc)
            && doc["pytorch_version"].get_string().get(version) == simdjson::SUCCESS
            && collector_.dump.torch_version.empty())
            collector_.dump.torch_version = std::string(version);
        return;
    }
    if (e.name == "invoke_subgraph_backward_duplicate") {
        BackwardDuplicate d;
        d.compilation = collector_.compilation(key);
        d.text = utf8(untabbed(payload.text));
        std::string_view id;
        ondemand::document doc;
        const bool readable = json_.parse(payload.text, doc);
        if (readable && doc["forward_identifier"].get_string().get(id) == simdjson::SUCCESS)
            d.forward_identifier = std::string(id);
        if (readable && doc["backward_identifier"].get_string().get(id) == simdjson::SUCCESS)
            d.backward_identifier = std::string(id);
        d.file = file_;
        d.line = line;
        collector_.dump.duplicates.push_back(std::move(d));
        return;
    }
    if (e.name == "recompile_reasons") {
        std::string& reason =
            collector_.dump.compilations[collector_.compilation(key).index].recompile_reason;
        reason = utf8(untabbed(payload.text));
    }
    // A graph begins with its class; runnables and error texts only hold one further down.
    Lines lines(payload.text, true);
    std::string_view head;
    if (lines.next() && !class_on_line(lines.line(), &head).empty()
        && (head.empty() || head.ends_with(':'))) {
        graph_text(key, artifact_stage(e.name), e.name, payload, true);
        return;
    }
    if (e.name == "fx_graph_runnable" && runnable(key, payload))
        return;
    Artifact a;
    if (!key.id.empty())
        a.compilation = collector_.compilation(key);
    a.name = e.name;
    a.file = file_;
    a.line = line;
    a.bytes = payload.text.size();
    collector_.dump.artifacts.push_back(std::move(a));
}

void TraceReader::metrics(const CompileKey& key, const Envelope& e) {
    Compilation& c = collector_.dump.compilations[collector_.compilation(key).index];
    const auto set = [](std::string& to, const std::string& from) {
        if (!from.empty())
            to = from;
    };
    set(c.function, e.function);
    set(c.file, e.source_file);
    set(c.fail_type, e.fail_type);
    set(c.fail_reason, e.fail_reason);
    if (c.recompile_reason.empty())
        c.recompile_reason = e.recompile_reason;
    c.line = e.source_line ? e.source_line : c.line;
    c.compile_seconds = e.seconds > 0 ? e.seconds : c.compile_seconds;
}

void TraceReader::record(std::string_view json, uint32_t line, uint64_t offset, const Payload& payload) {
    // Strings of the string table are the most frequent records and say nothing that is needed here.
    if (json.starts_with("{\"str\": "))
        return;
    Envelope e;
    if (!json_.envelope(json, e)) {
        const bool at_end = json.data() + json.size() + 1 >= bytes_.bytes.data() + bytes_.bytes.size();
        collector_.problem(Severity::Warning,
            at_end ? "the last record is cut off: its JSON does not end"
                   : "a record's JSON cannot be read; the record and its payload are left out",
            file_, line, offset);
        return;
    }
    if (e.has_payload && collector_.verify_md5)
        check_md5(e, payload, line, offset);
    if (last_)
        check_end(e, payload, line, offset);
    envelope_ = &e;
    record_line_ = line;
    record_offset_ = offset;
    if (e.has_payload && payload.line == 0)
        collector_.problem(Severity::Warning, "the record of " + e.what() + " has no payload; expected one",
            file_, line, offset);
    const CompileKey key{e.rank ? e.rank : rank_, id_of(e), e.attempt};
    if (e.event == "chromium_event") {
        if (!key.id.empty())
            timer(key, payload, line);
    } else if (e.event == "artifact") {
        artifact(e, key, payload, line);
    } else if (e.event == "compilation_metrics") {
        if (!key.id.empty())
            metrics(key, e);
    } else if (e.event == "create_symbol") {
        if (!key.id.empty() && !e.symbol.empty())
            collector_.dump.symbols.push_back({collector_.compilation(key), e.symbol, e.symbol_value,
                e.symbol_range, e.symbol_source, file_, line});
    } else if (e.event == "dynamo_start") {
        if (!key.id.empty())
            collector_.compilation(key);
    } else if (e.event == "optimize_ddp_split_child") {
        graph_text(key, Stage::Graph, e.name, payload, true);
    } else if (e.event == "graph_dump") {
        graph_text(key, Stage::Graph, e.name, payload, false);
    } else {
        for (const GraphEvent& g : kGraphEvents)
            if (g.event == e.event) {
                graph_text(key, g.stage, std::string(g.label), payload, true);
                return;
            }
    }
}

// The rank that the file's records name, else the one in its name (the records are the truth; only early
// records lack one).
std::optional<int> TraceReader::rank_of_file() const {
    constexpr std::string_view kKey = ", \"rank\": ";
    constexpr size_t kHead = 1 << 20;
    const std::string_view head = bytes_.bytes.substr(0, kHead);
    int rank = 0;
    for (size_t at = head.find(kKey); at != npos; at = head.find(kKey, at + 1)) {
        const size_t line = head.rfind('\n', at) + 1;
        if (head[line] != '\t'
            && std::from_chars(head.data() + at + kKey.size(), head.data() + head.size(), rank).ec
                == std::errc{}
            && rank >= 0)
            return rank;
    }
    constexpr std::string_view kMark = "torch_trace_rank_";
    const std::string& path = collector_.dump.files[file_.index].path;
    if (const size_t at = path.rfind(kMark); at != npos
        && std::from_chars(path.data() + at + kMark.size(), path.data() + path.size(), rank).ec
            == std::errc{})
        return rank;
    return std::nullopt;
}

void TraceReader::run() {
    rank_ = rank_of_file();
    Lines lines(bytes_.bytes, false);
    std::string_view json;
    uint32_t record_line = 0;
    uint64_t record_offset = 0;
    Payload payload;
    size_t payload_end = 0;
    const auto flush = [&] {
        if (json.empty())
            return;
        if (payload.line)
            payload.text = bytes_.bytes.substr(payload.offset, payload_end - payload.offset);
        // The payload's last newline ends its last line; it is no part of the text.
        if (payload.text.ends_with('\n'))
            payload.text.remove_suffix(1);
        record(json, record_line, record_offset, payload);
        json = {};
        payload = {};
    };
    uint64_t next_report = 0;
    while (lines.next()) {
        const std::string_view line = lines.line();
        if (!line.empty() && line.front() == '\t') {
            if (json.empty()) {
                if (!stray_lines_++) {
                    first_stray_ = lines.number();
                    first_stray_offset_ = lines.offset();
                }
                continue;
            }
            if (!payload.line) {
                payload.line = lines.number();
                payload.offset = lines.offset();
            }
            payload_end = lines.end_offset();
            continue;
        }
        // Whitespace-stripped logs: an empty line that a tab-line follows belongs to the payload.
        if (line.empty())
            continue;
        const size_t start = json_start(line);
        if (start == npos) {
            if (!stray_lines_++) {
                first_stray_ = lines.number();
                first_stray_offset_ = lines.offset();
            }
            continue;
        }
        flush();
        json = line.substr(start);
        record_line = lines.number();
        record_offset = lines.offset();
        if (lines.offset() >= next_report) {
            if (collector_.job->cancelled())
                break;
            collector_.report_scanned(lines.offset());
            next_report = lines.offset() + (1 << 18);
        }
    }
    last_ = true;
    flush();
    if (stray_lines_)
        collector_.problem(Severity::Warning,
            counted(stray_lines_, "line")
                + " that belong to no record were passed over; the first is this one",
            file_, first_stray_, first_stray_offset_);
}

} // namespace

bool looks_like_trace_log(std::string_view head) {
    // Damage may come first: look at some lines.
    Lines lines(head, false);
    for (int i = 0; i < 200 && lines.next(); ++i) {
        const std::string_view line = lines.line();
        if (line.starts_with('\t'))
            continue;
        const size_t at = json_start(line);
        if (at != npos && line.substr(at).starts_with("{\""))
            return true;
    }
    return false;
}

void read_trace_log(Collector& collector, FileId file, const FileBytes& bytes) {
    TraceReader(collector, file, bytes).run();
}

} // namespace hopscope::read
