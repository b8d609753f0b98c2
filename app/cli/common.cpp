#include "app/cli/cli.h"
#include "app/cli/output.h"

#include "core/base/printable.h"
#include "core/base/text.h"
#include "core/graph/problems.h"
#include "core/read/payloads.h"
#include "core/session/session.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <thread>
#include <unistd.h>

namespace hopscope::cli {

namespace {

// How this program takes what would help.
std::string hint_for(const Error& error) {
    switch (error.remedy) {
    case Error::Remedy::None:
        return {};
    case Error::Remedy::BindSymbol:
        return "; give one with --bind " + error.subject + "=8";
    case Error::Remedy::GiveInputs:
        return error.subject.empty()
            ? "; give them with --inputs"
            : "; give it with --inputs, or its shape: --input " + error.subject + "=f32[2,3]";
    case Error::Remedy::SeedOrInputs:
        return ": --seed N or --inputs FILE";
    case Error::Remedy::ChooseBody:
        return "; name one with --at";
    case Error::Remedy::CountOutputs:
        return "; give the backward's dump too, or say with --outputs how many are its own";
    }
    return {};
}

void print_error(Error error) {
    error.file = one_line(std::move(error.file));
    std::fprintf(stderr, "hopscope: %s%s\n", error.text().c_str(), hint_for(error).c_str());
}

} // namespace

CLI::Validator whole_from(uint64_t least) {
    const std::string expected = "expected a whole number from " + std::to_string(least) + " on";
    return {[=](std::string& text) {
                uint64_t n = 0;
                const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), n);
                const bool whole = wrong == std::errc() && end == text.data() + text.size();
                return whole && n >= least ? std::string() : "'" + text + "': " + expected;
            },
        least > 0 ? "POSITIVE" : "NONNEGATIVE"};
}

int fail(const Error& error) {
    print_error(error);
    if (error.kind == Error::Kind::Cancelled)
        told_of_the_end();
    return exit_status(error);
}

int executor_failed(const Error& error) {
    if (error.kind == Error::Kind::Cancelled || error.kind == Error::Kind::Usage)
        return fail(error);
    // It failed as Ctrl+C came: whoever pressed it asked for an end, and gets that end's status.
    if (interrupted()) {
        Error ended = error;
        ended.kind = Error::Kind::Cancelled;
        ended.message = "cancelled; by then: " + error.message;
        return fail(ended);
    }
    print_error(error);
    return kExecutorFailed;
}

namespace {

// What every command that takes dumps may say about reading them.
struct ReadOptions {
    bool no_verify = false;
    uint64_t max_unfold = 0;
} g_read;

void print_problems(const std::vector<Problem>& problems, const std::vector<DumpFile>& files) {
    constexpr size_t kMost = 20;
    for (size_t i = 0; i < problems.size() && i < kMost; ++i) {
        const Problem& p = problems[i];
        Error where;
        where.message = p.message;
        where.file = p.file ? one_line(files[p.file.index].path) : "";
        where.line = p.line;
        where.offset = p.offset;
        std::fprintf(
            stderr, "%s: %s\n", std::string(severity_name(p.severity)).c_str(), where.text().c_str());
    }
    if (const ProblemCount count = count_problems(problems); !count.none())
        std::fprintf(stderr, "%s\n", count.text().c_str());
}

// The payloads of an opened dump, held against their sums while the command does its work.
class Check {
public:
    explicit Check(const Dump& dump)
        : payloads_(dump.payloads)
        , files_(dump.files) {
        thread_ = std::thread([this] {
            Job job;
            job.cancel = &interrupted();
            problems_ = check_payloads(payloads_, job);
        });
    }
    ~Check() {
        if (thread_.joinable())
            thread_.join();
    }
    Check(const Check&) = delete;
    Check& operator=(const Check&) = delete;

    // What was found; printed the first time.
    const std::vector<Problem>& problems() {
        if (thread_.joinable()) {
            thread_.join();
            print_problems(problems_, files_);
        }
        return problems_;
    }

private:
    std::vector<Payload> payloads_;
    std::vector<DumpFile> files_;
    std::vector<Problem> problems_;
    std::thread thread_;
};

std::vector<std::unique_ptr<Check>> g_checks;

} // namespace

Status names_safetensors(const std::string& path) {
    std::error_code none;
    const std::string ending = std::filesystem::path(path).extension().string();
    if (ending.empty() || ending == ".safetensors"
        || (std::filesystem::exists(path, none) && !std::filesystem::is_regular_file(path, none)))
        return {};
    return make_error(Error::Kind::Usage,
        "values are written as safetensors, and " + one_line(path)
            + " names another form; expected a name that ends in "
              ".safetensors");
}

Result<Dump> open(const std::vector<std::string>& paths, bool verify_md5) {
    const Job job = interruptible();
    OpenOptions options;
    options.verify_md5 = verify_md5;
    options.max_unfold = g_read.max_unfold;
    options.raise_unfold = "--max-unfold 16G raises the limit";
    auto dump = open_any(paths, options, job);
    if (dump && dump->cancelled)
        return make_error(Error::Kind::Cancelled, "cancelled while reading");
    if (dump) {
        print_problems(dump->problems, dump->files);
        if (!g_read.no_verify && !dump->payloads.empty())
            g_checks.push_back(std::make_unique<Check>(*dump));
    }
    return dump;
}

void finish_check(Dump& dump) {
    if (dump.payloads.empty() || g_checks.empty())
        return;
    const std::vector<Problem>& found = g_checks.back()->problems();
    dump.problems.insert(dump.problems.end(), found.begin(), found.end());
    dump.payloads.clear();
}

void finish_checks() {
    for (const auto& check : g_checks)
        (void)check->problems();
    g_checks.clear();
}

Error address_wanted(const std::string& what, const Dump& dump) {
    constexpr size_t kMost = 20;
    std::string text;
    size_t count = 0;
    for (size_t g = 0; g < dump.graphs.size(); ++g) {
        for (size_t b = 0; b < dump.graphs[g].module->bodies.size(); ++b)
            if (++count <= kMost)
                text += "\n  " + utf8(address_of(dump, GraphId(g), BodyId(b)));
    }
    if (count > kMost)
        text += "\n  … and " + std::to_string(count - kMost) + " more (hopscope graphs lists them)";
    return make_error(Error::Kind::Usage, what + " is not said, expected --at and one of" + text);
}

std::string only_body(const Dump& dump) {
    size_t bodies = 0;
    for (const Graph& g : dump.graphs)
        bodies += g.module->bodies.size();
    if (bodies != 1)
        return {};
    std::string address = address_of(dump, GraphId(0), BodyId(0));
    std::fprintf(stderr, "note: taking %s, the only body; --at names one\n", utf8(address).c_str());
    return address;
}

std::string one_line(std::string text) {
    for (size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at))
        text.replace(at, 1, "\\n");
    return text;
}

int start_desktop(const std::vector<std::string>& words) {
    std::error_code code;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", code);
    const std::string program = (self.parent_path() / "hopscope-desktop").string();
    if (code || ::access(program.c_str(), X_OK) != 0)
        return fail(make_error(Error::Kind::External, "the window's program is not installed at " + program));
    std::vector<std::string> copies{program};
    copies.insert(copies.end(), words.begin(), words.end());
    std::vector<char*> argv;
    argv.reserve(copies.size() + 1);
    for (std::string& word : copies)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    std::fflush(stdout);
    std::fflush(stderr);
    ::execv(program.c_str(), argv.data());
    return fail(make_error(Error::Kind::External, "cannot start " + program + ": " + std::strerror(errno)));
}

Status flush_output() {
    std::FILE* plain = plain_output(); // what was printed for people is written first
    if (!std::ferror(stdout) && std::fflush(plain) == 0 && !std::ferror(plain))
        return {};
    return make_error(
        Error::Kind::CannotWrite, std::string("cannot write to standard output: ") + std::strerror(errno));
}

void print_json(const nlohmann::ordered_json& document) {
    const std::string text = printable_json(document.dump(1)) + '\n';
    std::FILE* out = plain_output();
    std::fwrite(text.data(), 1, text.size(), out);
    std::fflush(out);
}

namespace {

// Made once: every command takes a dump, and the table of units is a tenth of the program's start.
const CLI::Validator& size_value() {
    static const CLI::Validator value = CLI::AsSizeValue(false);
    return value;
}

} // namespace

void add_dumps(CLI::App& command, std::vector<std::string>& paths) {
    command
        .add_option("DUMP", paths,
            "Files or folders: TORCH_TRACE logs, TORCH_LOGS text, print_readable text, scripts of graphs, "
            ".pt2 archives, "
            "torch_compile_debug, a .hopscope session; gzip, bzip2, xz, zstd, zip and tar are unpacked")
        ->required()
        ->check([](const std::string& path) {
            // Newer versions of CLI11 take an option that no option could be called for a file.
            return path.starts_with("--")
                ? "found " + path + ", expected an option that there is; a file of that name is ./" + path
                : std::string();
        });
    command.add_flag("--no-verify", g_read.no_verify,
        "Do not check the graphs of a TORCH_TRACE log against their md5 sums");
    command
        .add_option("--max-unfold", g_read.max_unfold,
            "What a packed file may unfold to: 16G (default: 200 times its size, 4 GiB at most)")
        ->check([](const std::string& text) {
            uint64_t bytes = 0; // CLI11 takes what does not fit for what does
            const bool number =
                std::from_chars(text.data(), text.data() + text.size(), bytes).ec == std::errc();
            return number ? std::string() : "found " + text + ", expected a size such as 16G";
        })
        ->transform(size_value());
}

} // namespace hopscope::cli
