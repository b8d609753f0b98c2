// A TORCH_TRACE log, record by record. What trace_log.cpp and trace_records.cpp share.
#pragma once

#include "core/read/collector.h"
#include "core/read/record_json.h"

#include <map>
#include <tuple>

namespace hopscope::read {

struct TracePayload {
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
    // The lines that are neither records nor of their payloads.
    TextBeside text_beside() const;

private:
    // Of a tensor that was described, until its source follows.
    struct DescribedTensor {
        std::string dtype, shape, stride;
        std::string device;
        bool requires_grad = false, is_parameter = false, is_view = false;
        std::optional<int64_t> storage, base;
    };
    struct OpenTimer {
        CompileKey key;
        std::string name;
        uint32_t index;
    };

    void record(std::string_view json, uint32_t line, uint64_t offset, const TracePayload& payload);
    void artifact(const Envelope& e, const CompileKey& key, const TracePayload& payload, uint32_t line);
    void graph_text(
        const CompileKey& key, Stage stage, std::string label, const TracePayload& payload, bool must);
    void runnable(const CompileKey& key, const TracePayload& payload, Artifact artifact);
    void timer(const CompileKey& key, const TracePayload& payload, uint32_t line);
    void failure(const CompileKey& key, const std::string& kind, const TracePayload& payload, uint32_t line);
    // What is no graph and no timer (trace_facts.cpp). False: the artifact is none of a cache.
    bool cache_record(const Envelope& e, const CompileKey& key, const TracePayload& payload);
    void cache_switched_off(const CompileKey& key);
    void describe(const std::string& event, std::string_view json, const CompileKey& key);
    void marked_functions(const CompileKey& key, const TracePayload& payload);
    void module_calls(const CompileKey& key, const TracePayload& payload);
    void metrics(const CompileKey& key, const Envelope& e);
    void check_md5(const Envelope& e, const TracePayload& payload, uint32_t line, uint64_t offset);
    void check_end(const Envelope& e, const TracePayload& payload, uint32_t line, uint64_t offset);
    std::optional<int> rank_of_file() const;
    void place_in_run(CompileKey& key, bool starts);
    static Stage artifact_stage(std::string_view name); // what a graph's record is called

    Collector& collector_;
    FileId file_;
    const FileBytes& bytes_;
    RecordJson json_;
    std::vector<OpenTimer> open_timers_;
    // By compilation, describer and its id: describers are counted anew in each compilation.
    using Described = std::tuple<CompilationId, int64_t, int64_t>; // with the describer's id and its own
    std::map<Described, DescribedTensor> tensors_;
    std::map<Described, int64_t> storages_; // bytes
    std::optional<int> rank_; // of records that name none
    bool last_ = false; // the record at hand is the file's last
    bool at_cut_ = false; // and the file ends inside of it
    const Envelope* envelope_ = nullptr; // of the record at hand
    uint64_t record_line_ = 0, record_offset_ = 0;
    // Times that compile ids began anew, and where first.
    size_t restarts_ = 0;
    std::map<std::pair<size_t, CompileKey>, std::string_view> started_; // by which record
    std::map<std::string, size_t> run_of_process_; // that started anything
    uint32_t restart_line_ = 0;
    uint64_t restart_offset_ = 0;
    std::string restart_id_;
    bool restart_copy_ = false; // by a record that the file has twice
    bool restart_process_ = false; // by a process that had started nothing before
    struct TextRun { // lines one after another that belong to no record and begin without a tab
        size_t begin = 0, end = 0;
        uint32_t line = 0; // of the first
        uint64_t told = 0; // that are not empty
    };
    std::vector<TextRun> text_runs_;
    uint64_t stray_lines_ = 0; // that begin with a tab and have no record
    uint32_t first_stray_ = 0;
    uint64_t first_stray_offset_ = 0;
};

} // namespace hopscope::read
