#include "app/cli/cli.h"

#include "core/base/text.h"
#include "core/session/session.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <unistd.h>

namespace hopscope::cli {

namespace {

std::atomic<bool> g_cancel{false};

extern "C" void on_interrupt(int) {
    // A second Ctrl+C ends the program at once.
    if (g_cancel.exchange(true))
        std::_Exit(kCancelled);
}

} // namespace

int fail(const Error& error) {
    std::fprintf(stderr, "hopscope: %s\n", error.text().c_str());
    switch (error.kind) {
    case Error::Kind::Usage:
    case Error::Kind::NotFound:
        return kUsage;
    case Error::Kind::Cancelled:
        return kCancelled;
    default:
        return kUnreadable;
    }
}

int executor_failed(const Error& error) {
    if (error.kind == Error::Kind::Cancelled || error.kind == Error::Kind::Usage)
        return fail(error);
    std::fprintf(stderr, "hopscope: %s\n", error.text().c_str());
    return kExecutorFailed;
}

Job interruptible() {
    std::signal(SIGINT, on_interrupt);
    Job job;
    job.cancel = &g_cancel;
    return job;
}

Result<Dump> open(const std::vector<std::string>& paths, bool verify_md5) {
    const Job job = interruptible();
    OpenOptions options;
    options.verify_md5 = verify_md5;
    auto dump = open_any(paths, options, job);
    if (dump && dump->cancelled)
        return make_error(Error::Kind::Cancelled, "cancelled while reading");
    if (dump) {
        constexpr size_t kMost = 20;
        for (size_t i = 0; i < dump->problems.size() && i < kMost; ++i) {
            const Problem& p = dump->problems[i];
            Error where;
            where.message = p.message;
            where.file = p.file ? dump->files[p.file.index].path : "";
            where.line = p.line;
            where.offset = p.offset;
            std::fprintf(
                stderr, "%s: %s\n", std::string(severity_name(p.severity)).c_str(), where.text().c_str());
        }
        if (!dump->problems.empty())
            std::fprintf(stderr, "%s\n", counted(dump->problems.size(), "problem").c_str());
    }
    return dump;
}

int start_desktop(const std::vector<std::string>& words) {
    std::error_code code;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", code);
    const std::string program = (self.parent_path() / "hopscope-desktop").string();
    if (code || ::access(program.c_str(), X_OK) != 0)
        return fail(make_error(Error::Kind::External, "the window's program is not installed at " + program));
    std::vector<std::string> copies {program};
    copies.insert(copies.end(), words.begin(), words.end());
    std::vector<char*> argv;
    for (std::string& word : copies)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execv(program.c_str(), argv.data());
    return fail(make_error(Error::Kind::External, "cannot start " + program + ": " + std::strerror(errno)));
}

void print_json(const nlohmann::ordered_json& document) {
    const std::string text = document.dump(1) + '\n';
    std::fwrite(text.data(), 1, text.size(), stdout);
}

void add_dumps(CLI::App& command, std::vector<std::string>& paths) {
    command
        .add_option("DUMP", paths,
            "Files or folders: TORCH_TRACE logs, TORCH_LOGS text, print_readable text, a .hopscope session")
        ->required();
}

} // namespace hopscope::cli
