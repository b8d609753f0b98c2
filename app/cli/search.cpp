// hopscope search: finds nodes of a session by name, operator or source line.
#include "app/cli/cli.h"

#include "core/session/session.h"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace hopscope::cli {

namespace {

using Json = nlohmann::ordered_json;

struct Options {
    std::string session;
    std::string words;
    size_t limit = 100;
    bool json = false;
};

Json to_json(const SearchHit& hit) {
    Json marks = Json::array();
    for (const auto& [first, last] : hit.marks)
        marks.push_back({first, last});
    return {{"address", hit.address}, {"rank", hit.rank}, {"snippet", hit.snippet}, {"marks", marks}};
}

int run(const Options& options) {
    const auto session = Session::open(options.session, OpenMode::Read);
    if (!session)
        return fail(session.error());
    const auto hits = (*session)->search(options.words, options.limit);
    if (!hits)
        return fail(hits.error());
    if (!options.json) {
        for (const SearchHit& hit : *hits)
            std::printf("%s  %s\n", hit.address.c_str(), hit.snippet.c_str());
        return kDone;
    }
    Json list = Json::array();
    for (const SearchHit& hit : *hits)
        list.push_back(to_json(hit));
    const Json document{{"text", options.words}, {"hits", list}};
    std::puts(document.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
    return kDone;
}

} // namespace

void add_search(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("search", "Find nodes of a session by name, operator or source line");
    static Options options;
    command->add_option("SESSION", options.session, "A .hopscope file")->required();
    command->add_option("TEXT", options.words, "Words that must all occur, the last one may be cut short")
        ->required();
    command->add_option("--limit", options.limit, "At most so many hits")->capture_default_str();
    command->add_flag("--json", options.json, "Print one JSON document");
    command->callback([&action] { action = [] { return run(options); }; });
}

} // namespace hopscope::cli
