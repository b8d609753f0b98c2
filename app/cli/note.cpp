// hopscope note and notes: writes a note into a session, and lists them.
#include "app/cli/cli.h"

#include "core/base/printable.h"
#include "core/session/session.h"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace hopscope::cli {

namespace {

using Json = nlohmann::ordered_json;

struct Options {
    std::string session;
    std::string address;
    std::string text;
    bool json = false;
};

int write_note(const Options& options) {
    if (options.text.empty())
        return fail(make_error(Error::Kind::Usage, "the note is empty, expected a text"));
    auto session = Session::open(options.session, OpenMode::Write);
    if (!session)
        return fail(session.error());
    const auto dump = (*session)->load(interruptible());
    if (!dump)
        return fail(dump.error());
    const auto id = (*session)->add_note(*dump, options.address, options.text);
    if (!id)
        return fail(id.error());
    // Whoever reads this line may rely on it, even if the program is killed the moment after.
    std::printf("saved %lld\n", static_cast<long long>(*id));
    std::fflush(stdout);
    return kDone;
}

Json to_json(const Note& note) {
    Json json{{"id", note.id}, {"address", note.address}, {"text", note.text}, {"created", note.created}};
    json["changed"] = note.changed.empty() ? Json() : Json(note.changed);
    return json;
}

void print(const Note& note) {
    std::printf(
        "%lld  %s  %s\n    ", static_cast<long long>(note.id), note.address.c_str(), note.created.c_str());
    for (const char c : note.text) {
        std::fputc(c, stdout);
        if (c == '\n')
            std::fputs("    ", stdout);
    }
    std::fputc('\n', stdout);
}

int list_notes(const Options& options) {
    const auto session = Session::open(options.session, OpenMode::Read);
    if (!session)
        return fail(session.error());
    const auto notes = (*session)->notes();
    if (!notes)
        return fail(notes.error());
    if (!options.json) {
        for (const Note& note : *notes)
            print(note);
        return kDone;
    }
    Json list = Json::array();
    for (const Note& note : *notes)
        list.push_back(to_json(note));
    // Notes may hold any bytes; JSON holds UTF-8.
    std::puts(
        printable_json(Json{{"notes", list}}.dump(-1, ' ', false, Json::error_handler_t::replace)).c_str());
    return kDone;
}

} // namespace

void add_note(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("note", "Write a note into a session");
    static Options options;
    command->add_option("SESSION", options.session, "A .hopscope file")->required();
    command->add_option("--at", options.address, "What the note is about: COMPILE:STAGE[#K][:BODY][@NODE]")
        ->required();
    command->add_option("TEXT", options.text, "The note")->required();
    command->callback([&action] { action = [] { return write_note(options); }; });
}

void add_notes(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("notes", "List the notes of a session");
    static Options options;
    command->add_option("SESSION", options.session, "A .hopscope file")->required();
    command->add_flag("--json", options.json, "Print one JSON document");
    command->callback([&action] { action = [] { return list_notes(options); }; });
}

} // namespace hopscope::cli
