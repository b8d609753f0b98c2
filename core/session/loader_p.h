// Loads the tables of a session in an order in which each finds the rows that it refers to. By file: the
// dump's own facts (load.cpp), its graphs (load_graphs.cpp), what else the run told (load_evidence.cpp).
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/graph/dump.h"
#include "core/session/rows.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hopscope::session {

// A graph's text on its way to a module.
struct StoredText {
    std::string hash;
    std::string packed;
    uint64_t bytes = 0;
    bool tabbed = false;
};

struct Pending {
    Graph graph;
    std::optional<uint32_t> text; // into the stored texts
    std::optional<int64_t> first_line; // none: the graph had no module
    std::string lines; // of its nodes, where they are not those that the text itself has
    int64_t position = 0;
    int64_t row = 0;
    std::string failure; // why there is no module
};

class Loader {
public:
    Loader(SQLite::Database& db, uint64_t file_bytes, const Job& job);

    Result<Dump> load();

private:
    // load.cpp
    void check_seal();
    void load_meta();
    void load_files();
    void load_compilations();
    void load_problems();
    CompileKey key_of(Rows& rows);
    // load_graphs.cpp
    void load_texts();
    void load_graphs();
    void load_places();
    void parse_graphs();
    void parse_graph(Pending& pending) const;
    void place_graphs();
    // load_evidence.cpp
    void load_timers();
    void load_messages();
    void load_reports();
    void load_symbols();
    void load_input_tensors(const std::vector<int64_t>& ids);
    void load_facts();

    SQLite::Database& db_;
    const bool newest_; // has the tables of the newest version
    const uint64_t limit_;
    const Job& job_;
    Dump dump_;
    std::vector<Problem> damage_;
    RowIds files_, compilations_, texts_;
    RowIds graphs_; // into pending_
    std::vector<StoredText> stored_;
    std::vector<Pending> pending_;
};

} // namespace hopscope::session
