// hopscope: a subcommand does its work here; without one the window's program takes over.
#include "app/cli/cli.h"
#include "app/cli/output.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <sstream>
#include <system_error>

namespace hopscope::cli {

namespace {

const std::string kFooter = R"(Without a subcommand the window opens:
  hopscope [DUMP…] [--at ADDRESS]
  hopscope [DUMP…] --screenshot FILE.png [--size 1600x1000] [--theme light|dark]
  hopscope DUMP… --run SEED|FILE [--step-to NODE] [--select NODE] [--dock NAME]
  hopscope DUMP… --run SEED|FILE --compare FILE|float64 [--screenshot FILE.png]

DUMP is a file or folder that PyTorch wrote: a TORCH_TRACE log or folder of ranks,
a TORCH_LOGS text log, print_readable text, a script with a graph, a .pt2 archive,
a torch_compile_debug folder, or a .hopscope session. Several are read together as
evidence about the same run.

Exit status: )"
    + exit_statuses_text() + ".";

// Whether the words ask for the window: they do unless a subcommand or an option of this program comes first.
bool asks_for_window(const CLI::App& app, int argc, char** argv) {
    if (argc < 2)
        return true;
    const std::string first = argv[1];
    if (first == "-h" || first == "--help" || first == "--help-all" || first == "--version")
        return false;
    for (const CLI::App* command : app.get_subcommands({}))
        if (command->get_name() == first)
            return false;
    return true;
}

// A lone word that is no file is a mistyped command rather than a dump.
bool mistyped(const std::string& word) {
    std::error_code code;
    return !word.empty() && word.find_first_of("-./") == std::string::npos
        && !std::filesystem::exists(word, code);
}

int open_window(int argc, char** argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    if (!words.empty() && mistyped(words.front()))
        return fail(make_error(Error::Kind::Usage,
            "'" + words.front() + "' is neither a command nor a file; see hopscope --help"));
    bool needs_display = true;
    for (const std::string& word : words)
        needs_display = needs_display && word.rfind("--screenshot", 0) != 0 && word.rfind("--export", 0) != 0;
    const bool display =
        std::getenv("DISPLAY") || std::getenv("WAYLAND_DISPLAY") || std::getenv("QT_QPA_PLATFORM");
    if (!display && needs_display)
        return fail(make_error(Error::Kind::Usage,
            "there is no display to open a window on; see hopscope --help for what works without one"));
    if (!display)
        ::setenv("QT_QPA_PLATFORM", "offscreen", 0);
    return start_desktop(words);
}

} // namespace

} // namespace hopscope::cli

int main(int argc, char** argv) {
    using namespace hopscope;
    using namespace hopscope::cli;
    hold_closed_streams();
    std::signal(
        SIGXFSZ, SIG_IGN); // a limit on the size of files (ulimit -f) is an error of the write that meets it
    make_output_printable();
    CLI::App app{
        "Inspector for the graphs that PyTorch's compiler records for nested compile regions", "hopscope"};
    app.set_version_flag("--version", "hopscope " HOPSCOPE_VERSION);
    app.footer(kFooter);
    Action action;
    add_graphs(app, action);
    add_graph(app, action);
    add_regions(app, action);
    add_export(app, action);
    add_import(app, action);
    add_note(app, action);
    add_notes(app, action);
    add_check(app, action);
    add_search(app, action);
    add_run(app, action);
    add_compare(app, action);
    add_step(app, action);
    add_timing(app, action);
    add_joint(app, action);
    add_prove(app, action);
    add_schema(app, action);
    add_executors(app, action);
    add_runs(app, action);
    add_diff(app, action);
    add_classes(app, action);
    add_halves(app, action);
    add_repeats(app, action);
    add_explain(app, action);
    add_info(app, action);
    add_memory(app, action);
    for (CLI::App* command : app.get_subcommands({}))
        command->footer("");
    if (asks_for_window(app, argc, argv))
        return open_window(argc, argv);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        // What it quotes of the words on the command line may be anything, too.
        std::ostringstream out, err;
        const int status = app.exit(e, out, err);
        std::fputs(out.str().c_str(), stdout);
        std::fputs(err.str().c_str(), stderr);
        if (const Status flushed = flush_output(); !flushed)
            return fail(flushed.error());
        return status == 0 ? kDone : kUsage;
    }
    if (!action)
        return kUsage;
    int status = kDone;
    try {
        status = action();
        finish_checks();
    } catch (const std::bad_alloc&) {
        return fail(make_error(Error::Kind::CannotRead, "there is not enough memory for this"));
    } catch (const std::system_error& e) {
        return fail(make_error(Error::Kind::CannotRead, std::string("the system refuses: ") + e.what()));
    }
    const Status flushed = flush_output();
    return flushed || status > kDiffers ? status : fail(flushed.error());
}
