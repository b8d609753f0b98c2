// hopscope import: makes a session of dumps.
#include "app/cli/cli.h"

#include "core/base/spare.h"
#include "core/base/text.h"
#include "core/regions/ledger.h"
#include "core/session/session.h"

#include <cstdio>
#include <filesystem>

namespace hopscope::cli {

namespace {

struct Options {
    std::vector<std::string> paths;
    std::string target;
    bool force = false;
};

int run(const Options& options) {
    for (const std::string& path : options.paths)
        if (is_session_file(path))
            return fail(make_error(Error::Kind::Usage, path + " is a session already, expected dumps"));
    if (const Status status = spares(options.paths, options.target); !status)
        return fail(status.error());
    const auto dump = open(options.paths);
    if (!dump)
        return fail(dump.error());
    const Ledger ledger = build_ledger(*dump);
    const auto session =
        Session::create(options.target, *dump, ledger, {.replace = options.force}, interruptible());
    if (!session) {
        Error error = session.error();
        std::error_code none;
        if (error.kind == Error::Kind::Usage && !options.force
            && std::filesystem::is_regular_file(options.target, none))
            error.message += " (--force)";
        return fail(error);
    }
    std::printf("%s: %s, %s, %s\n", options.target.c_str(),
        counted(dump->compilations.size(), "compilation").c_str(),
        counted(dump->graphs.size(), "graph").c_str(),
        counted(static_cast<uint64_t>(ledger.totals(*dump).invocations), "invocation").c_str());
    return kDone;
}

} // namespace

void add_import(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("import", "Make a session file of dumps");
    static Options options;
    add_dumps(*command, options.paths);
    command->add_option("-o,--output", options.target, "The session to make: NAME.hopscope")->required();
    command->add_flag("--force", options.force, "Replace an existing file, with its notes");
    command->callback([&action] { action = [] { return run(options); }; });
}

} // namespace hopscope::cli
