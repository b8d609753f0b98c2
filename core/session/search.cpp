#include "core/base/text.h"
#include "core/session/connection.h"
#include "core/session/session.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>

namespace hopscope {

using namespace session;

namespace {

// Control characters that no graph text has mark the matches within a snippet.
constexpr char kMarkBegin = '\x01';
constexpr char kMarkEnd = '\x02';

// A pasted page would take seconds; what is typed has fewer words.
constexpr size_t kMostWords = 64;

// A name that matches counts more than its operator, and that more than the source line.
constexpr const char* kSearch = R"sql(
SELECT graph.id, body.ordinal, node.ordinal, graph.address, body.path, node.name,
    bm25(node_search, 10.0, 5.0, 2.0, 1.0, 1.0) AS score,
    snippet(node_search, -1, char(1), char(2), '…', 24)
FROM node_search JOIN node ON node.id = node_search.rowid JOIN body ON body.id = node.body_id
    JOIN graph ON graph.text_id = body.text_id
WHERE node_search MATCH ?
ORDER BY score, graph.id, body.ordinal, node.ordinal
LIMIT ?
)sql";

bool has_token(std::string_view word) {
    return std::any_of(word.begin(), word.end(), [](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || static_cast<unsigned char>(c) >= 0x80;
    });
}

// The user's words as FTS5 phrases: nothing that they type is query syntax. "" where no word is left.
std::string to_query(std::string_view words) {
    std::string query, phrase;
    size_t phrases = 0;
    const auto flush = [&] {
        if (has_token(phrase) && ++phrases <= kMostWords)
            query += fmt::format("{}\"{}\"", query.empty() ? "" : " ", phrase);
        phrase.clear();
    };
    for (const char c : words) {
        if (static_cast<unsigned char>(c) <= ' ')
            flush();
        else if (c == '"')
            phrase += "\"\"";
        else
            phrase += c;
    }
    flush();
    return query.empty() ? query : query + " *";
}

void take_marks(std::string_view marked, SearchHit& hit) {
    uint32_t begin = 0;
    for (const char c : marked) {
        if (c == kMarkBegin)
            begin = static_cast<uint32_t>(hit.snippet.size());
        else if (c == kMarkEnd)
            hit.marks.emplace_back(begin, static_cast<uint32_t>(hit.snippet.size()));
        else
            hit.snippet += c;
    }
}

// Ids of a hostile file must not become indices; load() bounds them for those who look them up.
template <class Identifier> Identifier to_id(int64_t value) {
    return value >= 0 && value < Identifier::kNone ? Identifier(static_cast<size_t>(value)) : Identifier();
}

} // namespace

Result<std::vector<SearchHit>> Session::search(std::string_view words, size_t limit) const {
    const std::string query = to_query(words);
    if (query.empty())
        return std::vector<SearchHit>{};
    return guarded(state_->path, [&]() -> Result<std::vector<SearchHit>> {
        std::vector<SearchHit> hits;
        SQLite::Statement row(*state_->db, kSearch);
        row.bind(1, query);
        row.bind(2, static_cast<int64_t>(std::min<size_t>(limit, 1'000'000)));
        while (row.executeStep()) {
            SearchHit hit;
            hit.graph = to_id<GraphId>(row.getColumn(0).getInt64());
            hit.body = to_id<BodyId>(row.getColumn(1).getInt64());
            hit.node = to_id<NodeId>(row.getColumn(2).getInt64());
            const std::string body = row.getColumn(4).getString();
            hit.address = fmt::format("{}{}{}@{}", row.getColumn(3).getString(), body.empty() ? "" : ":",
                body, row.getColumn(5).getString());
            hit.rank = row.getColumn(6).getDouble();
            take_marks(row.getColumn(7).getString(), hit);
            hits.push_back(std::move(hit));
        }
        return hits;
    });
}

} // namespace hopscope
