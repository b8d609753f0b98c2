// What the records of a TORCH_TRACE log say: timers, failures, artifacts, graphs.
#include "core/read/trace_reader.h"

#include "core/base/find_words.h"
#include "core/base/text.h"
#include "core/read/lines.h"
#include "core/read/payloads.h"
#include "core/read/readable.h"
#include "core/read/script.h"

#include <algorithm>
#include <array>

namespace hopscope::read {

namespace {

namespace ondemand = simdjson::ondemand;
constexpr auto npos = std::string_view::npos;

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

} // namespace

void TraceReader::check_md5(const Envelope& e, const TracePayload& payload, uint32_t line, uint64_t offset) {
    const std::string sum = payload_md5(payload.text);
    if (e.md5 != sum)
        collector_.problem(Severity::Warning,
            "payload of " + e.what() + " has md5 " + sum + ", its record says " + e.md5, file_, line, offset);
}

// Whether the file ends inside of the last record's payload. One newline more or less is no damage: tools
// strip the last, empty line.
void TraceReader::check_end(const Envelope& e, const TracePayload& payload, uint32_t line, uint64_t offset) {
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

Stage TraceReader::artifact_stage(std::string_view name) {
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

void TraceReader::graph_text(
    const CompileKey& key, Stage stage, std::string label, const TracePayload& payload, bool must) {
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
    // One that is not there was told already: it is not "changed".
    if (envelope_ && envelope_->has_payload && payload.line > 0 && !at_cut_ && !collector_.verify_md5)
        collector_.dump.payloads.push_back({file_, record_line_, record_offset_, envelope_->what(),
            envelope_->md5, payload.text, bytes_.owner});
    collector_.tasks.push_back(std::move(task));
}

void TraceReader::timer(const CompileKey& key, const TracePayload& payload, uint32_t line) {
    if (find_words(payload.text, "\"invoke_subgraph_") == npos) {
        if (find_words(payload.text, "\"fx_graph_cache_disabled\"") != npos)
            cache_switched_off(key);
        return;
    }
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

void TraceReader::failure(
    const CompileKey& key, const std::string& kind, const TracePayload& payload, uint32_t line) {
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

// The script to run a graph again; an artifact where it holds none (it may say why it was not written), which
// only reading it tells.
void TraceReader::runnable(const CompileKey& key, const TracePayload& payload, Artifact artifact) {
    graph_text(key, Stage::Graph, "fx_graph_runnable", payload, true);
    GraphTask& task = collector_.tasks.back();
    task.script = true;
    task.else_artifact.emplace(collector_.dump.artifacts.size(), std::move(artifact));
}

void TraceReader::artifact(
    const Envelope& e, const CompileKey& key, const TracePayload& payload, uint32_t line) {
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
    if (cache_record(e, key, payload))
        return;
    // A graph begins with its class; runnables and error texts only hold one further down.
    Lines lines(payload.text, true);
    std::string_view head;
    if (lines.next() && !class_on_line(lines.line(), &head).empty()
        && (head.empty() || head.ends_with(':'))) {
        graph_text(key, artifact_stage(e.name), e.name, payload, true);
        return;
    }
    Artifact a;
    if (!key.id.empty())
        a.compilation = collector_.compilation(key);
    a.name = e.name;
    a.file = file_;
    a.line = line;
    a.bytes = payload.text.size();
    if (e.name == "fx_graph_runnable" && looks_like_script(payload.text))
        runnable(key, payload, std::move(a));
    else
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
    set(collector_.dump.torch_version, collector_.dump.torch_version.empty() ? e.version : "");
    if (c.recompile_reason.empty())
        c.recompile_reason = e.recompile_reason;
    c.line = e.source_line ? e.source_line : c.line;
    c.compile_seconds = e.seconds > 0 ? e.seconds : c.compile_seconds;
}

} // namespace hopscope::read
