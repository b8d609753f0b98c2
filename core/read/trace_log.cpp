#include "core/base/text.h"
#include "core/read/lines.h"
#include "core/read/prefix.h"
#include "core/read/trace_reader.h"
#include "core/read/trace_repair.h"

#include <array>
#include <charconv>

namespace hopscope::read {

namespace {

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

} // namespace

void TraceReader::record(std::string_view json, uint32_t line, uint64_t offset, const TracePayload& payload) {
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
    if (e.has_payload && collector_.verify_md5 && payload.line > 0)
        check_md5(e, payload, line, offset);
    if (last_)
        check_end(e, payload, line, offset);
    envelope_ = &e;
    record_line_ = line;
    record_offset_ = offset;
    if (e.has_payload && payload.line == 0)
        collector_.problem(Severity::Warning,
            "the record of " + e.what()
                + " has no payload; expected lines that begin with a tab (which pasting may make blanks)",
            file_, line, offset);
    CompileKey key{e.rank ? e.rank : rank_, id_of(e), e.attempt};
    if (!key.id.empty() && (e.event == "dynamo_start" || restarts_))
        place_in_run(key, e.event == "dynamo_start");
    if (e.event == "chromium_event") {
        if (!key.id.empty())
            timer(key, payload, line);
    } else if (e.event == "artifact"
        // What is dumped may be code of another language: AOTInductor says which
        // (torch/_inductor/codecache.py).
        || (e.event == "graph_dump" && !e.type.empty() && e.type != "python" && e.type != "py")) {
        artifact(e, key, payload, line);
    } else if (e.event == "compilation_metrics") {
        if (!key.id.empty())
            metrics(key, e);
    } else if (e.event == "create_symbol") {
        if (!key.id.empty() && !e.symbol.empty())
            collector_.dump.symbols.push_back({collector_.compilation(key), e.symbol, e.symbol_value,
                e.symbol_range, e.symbol_source, file_, line});
    } else if (e.event.starts_with("describe_")) {
        if (!key.id.empty())
            describe(e.event, json, key);
    } else if (e.event == "dynamo_cpp_guards_str") {
        if (!key.id.empty()) {
            marked_functions(key, payload);
            module_calls(key, payload);
        }
    } else if (e.event == "dynamo_start") {
        if (!key.id.empty())
            collector_.compilation(key);
    } else if (e.event == "optimize_ddp_split_child") {
        graph_text(key, Stage::Graph, e.name, payload, true);
    } else if (e.event == "graph_dump") {
        graph_text(key, artifact_stage(e.name), e.name.empty() ? e.event : e.name, payload, true);
    } else {
        for (const GraphEvent& g : kGraphEvents)
            if (g.event == e.event) {
                graph_text(key, g.stage, std::string(g.label), payload, true);
                return;
            }
    }
}

// Ids begin anew where torch._dynamo.reset() was called, and where several processes' logs were put into one
// file. What was started a second time is another compilation: "0/0~2", as when it comes in a file of its
// own.
void TraceReader::place_in_run(CompileKey& key, bool starts) {
    const std::string_view head = bytes_.bytes.substr(record_offset_, 128);
    size_t at = 0; // "V1123 16:05:59.722000 5629 path:line]"
    for (int i = 0; i < 2 && at != npos; ++i)
        at = head.find(' ', at) == npos ? npos : head.find(' ', at) + 1;
    const std::string process(at == npos ? std::string_view{} : head.substr(at, head.find(' ', at) - at));
    const auto known = run_of_process_.find(process);
    size_t run = known != run_of_process_.end() ? known->second : restarts_;
    const std::string_view record =
        bytes_.bytes.substr(record_offset_, bytes_.bytes.find('\n', record_offset_) - record_offset_);
    constexpr size_t kMostRuns = 1000; // a file that begins more often has its last ones under one id
    if (starts && !started_.try_emplace({run, key}, record).second && restarts_ < kMostRuns) {
        if (restarts_++ == 0) {
            restart_copy_ = started_.at({run, key}) == record;
            restart_line_ = uint32_t(record_line_);
            restart_offset_ = record_offset_;
            restart_id_ = key.id;
            restart_process_ = known == run_of_process_.end();
        }
        run = restarts_;
        started_.try_emplace({run, key}, record);
    }
    if (starts)
        run_of_process_[process] = run;
    const CompileKey plain = key;
    if (run > 0)
        key.id += '~' + std::to_string(run + 1);
    // What began before the record that tells of the start.
    if (starts && run > 0)
        for (OpenTimer& timer : open_timers_)
            if (timer.key == plain) {
                timer.key = key;
                collector_.dump.timers[timer.index].compilation = collector_.compilation(key);
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
    TracePayload payload;
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
        if (line.empty()) {
            if (!text_runs_.empty() && text_runs_.back().end == lines.offset())
                text_runs_.back().end = lines.end_offset();
            continue;
        }
        const size_t start = json_start(line);
        if (start == npos) {
            // A record whose head is damaged: what follows is its payload, not the one before it's.
            size_t behind = 0;
            if (find_glog(line, behind) == 0)
                flush();
            if (text_runs_.empty() || text_runs_.back().end != lines.offset())
                text_runs_.push_back({lines.offset(), lines.end_offset(), lines.number(), 0});
            text_runs_.back().end = lines.end_offset();
            ++text_runs_.back().told;
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
    if (restarts_)
        collector_.problem(Severity::Note,
            restart_id_ + " is compiled a second time from here on, "
                + (restart_copy_
                        ? "by the very record that stands further up: the file repeats itself, in part"
                        : restart_process_ ? "by another process"
                                           : "by the same process (torch._dynamo.reset begins the ids anew)")
                + ": what follows is kept apart, as " + restart_id_ + "~2"
                + (restarts_ > 1 ? "; ids begin anew " + counted(restarts_, "time") + " in this file" : ""),
            file_, restart_line_, restart_offset_);
}

TextBeside TraceReader::text_beside() const {
    TextBeside beside;
    beside.orphans = stray_lines_;
    beside.first_orphan = {first_stray_, first_stray_offset_};
    for (const TextRun& run : text_runs_) {
        beside.lines += run.told;
        Lines lines(bytes_.bytes.substr(run.begin, run.end - run.begin), false);
        BlankRun blank;
        while (lines.next()) {
            if (blank.too_long(lines.line()))
                continue;
            beside.places.push_back({run.line + lines.number() - 1, run.begin + lines.offset()});
            (beside.text += lines.line()) += '\n';
        }
    }
    return beside;
}

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

namespace {

// Of the lines that tell which process wrote the records, as many as processes.h looks at.
std::string heads_of(std::string_view bytes) {
    constexpr size_t kMost = 1 << 20;
    std::string heads;
    Lines lines(bytes, false);
    while (heads.size() < kMost && lines.next())
        if (json_start(lines.line()) != npos)
            (heads += lines.line()) += '\n';
    return heads;
}

} // namespace

void tell_passed_over(Collector& collector, FileId file, const TextBeside& beside, bool with_text) {
    const bool text = with_text && beside.lines > 0;
    const uint64_t lines = beside.orphans + (text ? beside.lines : 0);
    if (lines == 0)
        return;
    const bool orphan =
        beside.orphans > 0 && (!text || beside.first_orphan.offset < beside.places.front().offset);
    const Place at = orphan ? beside.first_orphan : beside.places.front();
    collector.problem(Severity::Warning,
        counted(lines, "line")
            + (lines == 1 ? " that belongs to no record was passed over: this one"
                          : " that belong to no record were passed over; the first is this one"),
        file, at.line, at.offset);
}

TextBeside read_trace_log(Collector& collector, FileId file, const FileBytes& bytes) {
    FileBytes trace = bytes;
    if (auto repaired = repaired_trace(bytes)) {
        collector.problem(Severity::Note, std::move(repaired->told), file, 1, 0);
        trace = std::move(repaired->bytes);
    }
    TraceReader reader(collector, file, trace);
    reader.run();
    TextBeside beside = reader.text_beside();
    if (!beside.text.empty())
        beside.heads = heads_of(trace.bytes);
    return beside;
}

} // namespace hopscope::read
