// hopscope search: finds nodes by name, operator, type or source line, in every body of any dump.
#include "app/cli/cli.h"

#include "core/base/printable.h"
#include "core/base/text.h"
#include "core/browse/find.h"
#include "core/session/session.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>

namespace hopscope::cli {

namespace {

using Json = nlohmann::ordered_json;

struct Options {
    std::vector<std::string> words; // DUMP… TEXT
    FindOptions find;
    std::string in; // address of the one body that is searched
    size_t limit = 100;
    bool json = false;
};

// What is printed of a hit, whichever way it was found.
struct Hit {
    std::string address;
    double rank = 0;
    std::string snippet;
    std::vector<std::pair<uint32_t, uint32_t>> marks;
};
struct FoundHits {
    std::vector<Hit> hits;
    bool more = false; // than these
};

// Full-text search of the session's index: whole words, the last one may be cut short. What has no word in
// it, as a regular expression, or is in none of the index' columns, as a type, is looked for in the bodies.
Result<FoundHits> search_session(const std::string& path, const std::string& text, size_t limit) {
    const auto session = Session::open(path, OpenMode::Read);
    if (!session)
        return session.error();
    const auto found = (*session)->search(text, limit + 1);
    if (!found)
        return found.error();
    FoundHits hits;
    hits.more = found->size() > limit;
    for (size_t i = 0; i < found->size() && i < limit; ++i) {
        const SearchHit& hit = (*found)[i];
        hits.hits.push_back({hit.address, hit.rank, hit.snippet, hit.marks});
    }
    return hits;
}

Result<FoundHits> search_dumps(
    const std::vector<std::string>& paths, const std::string& text, const Options& options) {
    const auto find = Find::parse(text, options.find);
    if (!find)
        return find.error();
    const auto dump = open(paths);
    if (!dump)
        return dump.error();
    Place body;
    if (!options.in.empty()) {
        const auto place = resolve(*dump, options.in);
        if (!place)
            return place.error();
        body = {place->graph, place->body ? place->body : BodyId(0), {}};
    }
    const auto found = find_all(*dump, *find, options.limit, interruptible(), body);
    if (!found)
        return found.error();
    FoundHits hits;
    hits.more = found->total > found->hits.size();
    for (const FindHit& hit : found->hits)
        hits.hits.push_back({address_of(*dump, hit.place.graph, hit.place.body, hit.place.node),
            static_cast<double>(hit.rank), hit.snippet, hit.marks});
    return hits;
}

Json to_json(const Hit& hit) {
    Json marks = Json::array();
    for (const auto& [first, last] : hit.marks)
        marks.push_back({first, last});
    return {{"address", hit.address}, {"rank", hit.rank}, {"snippet", hit.snippet}, {"marks", marks}};
}

int run(const Options& options) {
    for (const std::string& word : options.words)
        if (word.size() > 1 && word.front() == '-')
            return fail(
                make_error(Error::Kind::Usage, "found the option " + word + ", which search does not have"));
    if (options.words.size() < 2)
        return fail(make_error(Error::Kind::Usage,
            "found " + counted(options.words.size(), "argument")
                + ", expected DUMP… and, last, the words that are looked for"));
    if (options.words.back().empty())
        return fail(make_error(Error::Kind::Usage, "found no words to look for, expected some behind DUMP…"));
    const std::vector<std::string> paths(options.words.begin(), options.words.end() - 1);
    const std::string& text = options.words.back();
    // The index knows whole words alone.
    const bool session = paths.size() == 1 && is_session_file(paths.front()) && options.find == FindOptions()
        && options.in.empty();
    Result<FoundHits> hits =
        session ? search_session(paths.front(), text, options.limit) : search_dumps(paths, text, options);
    if (session && hits && hits->hits.empty() && !hits->more)
        hits = search_dumps(paths, text, options);
    if (!hits)
        return fail(hits.error());
    if (options.json) {
        Json list = Json::array();
        for (const Hit& hit : hits->hits)
            list.push_back(to_json(hit));
        // Source lines may hold any bytes; JSON holds UTF-8.
        const Json document{{"text", text}, {"hits", list}, {"more", hits->more}};
        std::puts(printable_json(document.dump(-1, ' ', false, Json::error_handler_t::replace)).c_str());
        return kDone;
    }
    for (const Hit& hit : hits->hits)
        std::printf("%s  %s\n", hit.address.c_str(), hit.snippet.c_str());
    if (hits->more)
        std::fprintf(stderr, "more than %s: --limit shows them\n", counted(hits->hits.size(), "hit").c_str());
    else if (hits->hits.empty())
        std::fputs("no node fits\n", stderr);
    return kDone;
}

// CLI11 does not know that there are positionals, and so would not name them.
class Usage : public CLI::Formatter {
public:
    std::string make_usage(const CLI::App* /*app*/, std::string name) const override {
        return "Usage: " + name
            + " [OPTIONS] DUMP... TEXT\n\nPositionals:\n"
              "  DUMP ... REQUIRED           Files or folders, or a .hopscope session\n"
              "  TEXT REQUIRED               Words that must all occur, or /a regular expression/\n";
    }
};

} // namespace

void add_search(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand(
        "search", "DUMP… TEXT: find nodes by name, operator, type or source line in every body");
    static Options options;
    // Not an option of its own: CLI11 takes "[8, 16]", which is a shape, for a list of two words.
    command->allow_extras();
    command->formatter(std::make_shared<Usage>());
    command->footer("DUMP… are files, folders or a session. TEXT comes last: words that must all occur (in a "
                    "session whole "
                    "words, the last one\nmay be cut short), or /a regular expression/.");
    command->add_flag(
        "--regex", options.find.regex, "TEXT is a regular expression, without slashes around it");
    command->add_flag("--case", options.find.match_case, "Upper and lower case are two");
    command->add_option("--in", options.in, "Search this body alone, by its address");
    command->add_option("--limit", options.limit, "At most so many hits")
        ->check(whole_from(1))
        ->capture_default_str();
    command->add_flag("--json", options.json, "Print one JSON document");
    command->callback([&action, command] {
        options.words = command->remaining();
        action = [] { return run(options); };
    });
}

} // namespace hopscope::cli
