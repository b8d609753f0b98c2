// hopscope-executor: runs graphs for Hopscope. Started by it, not by people.
#include "core/executor/compositions.h"
#include "core/executor/describe.h"
#include "core/executor/forecast.h"
#include "core/executor/sandbox.h"
#include "core/executor/server.h"
#include "core/executor/torch.h"
#include "core/wire/message_json.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#ifdef __SANITIZE_ADDRESS__
// What a sanitized build does otherwise than the program is tested for: to end where memory runs out or a
// custom operator crashes, and to look for leaks, with system calls that are forbidden by then.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
    return "allocator_may_return_null=1:handle_segv=0:handle_sigbus=0:handle_abort=0";
}
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() {
    return 1;
}
#endif

namespace {

struct Options {
    std::string exchange;
    std::vector<std::string> libraries;
    uint64_t memory = 0; // bytes beyond what the start takes; 0 = no limit
    bool sandbox = true;
    bool describe = false; // say what it can do, and end
    bool forecast = false; // say whether the bodies on standard input will run, and end
};

bool parse(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--no-sandbox") {
            options.sandbox = false;
            continue;
        }
        if (word == "--describe") {
            options.describe = true;
            continue;
        }
        if (word == "--forecast") {
            options.forecast = true;
            continue;
        }
        if (i + 1 == argc)
            return false;
        const std::string_view value = argv[++i];
        if (word == "--exchange")
            options.exchange = value;
        else if (word == "--load-library")
            options.libraries.emplace_back(value);
        else if (word == "--memory") {
            if (std::from_chars(value.data(), value.data() + value.size(), options.memory).ec != std::errc())
                return false;
        } else
            return false;
    }
    return options.describe || options.forecast || !options.exchange.empty();
}

int complain(const std::string& what) {
    std::fprintf(stderr, "hopscope-executor: %s\n", what.c_str());
    return 1;
}

int open_in(const std::string& folder, const char* name) {
    return open((folder + '/' + name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

// The files of the exchange folder: opened once, none other afterwards.
hopscope::Status open_exchange(const std::string& folder, hopscope::executor::ServerFiles& files) {
    using namespace hopscope;
    const auto failed = [&](const std::string& what) {
        return make_error(Error::Kind::External, what + ": " + std::strerror(errno));
    };
    files.to_worker = open_in(folder, wire::kToWorker);
    files.from_worker = open_in(folder, wire::kFromWorker);
    const int progress = open_in(folder, wire::kProgress);
    if (files.to_worker < 0 || files.from_worker < 0 || progress < 0
        || ftruncate(progress, sizeof(wire::Progress)) != 0)
        return failed("cannot use the folder " + folder);
    void* map = mmap(nullptr, sizeof(wire::Progress), PROT_READ | PROT_WRITE, MAP_SHARED, progress, 0);
    if (map == MAP_FAILED)
        return failed("cannot map the progress file");
    files.progress = static_cast<wire::Progress*>(map);
    return {};
}

// Libraries first: what they register is not missing then. Gives the operators that were added.
hopscope::Result<std::vector<std::string>> load_operators(const std::vector<std::string>& libraries) {
    for (const std::string& library : libraries)
        if (!dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL))
            return hopscope::make_error(
                hopscope::Error::Kind::External, "cannot load " + library + ": " + dlerror());
    return hopscope::executor::register_missing_operators();
}

// What a session and a forecast begin with: one thread, the operators that are added (given), then the
// limits.
hopscope::Result<std::vector<std::string>> begin_work(const Options& options) {
    using namespace hopscope;
    at::set_num_threads(1);
    at::set_num_interop_threads(1);
    auto added = load_operators(options.libraries);
    if (!added)
        return added;
    executor::warm_up();
    if (options.memory)
        if (const Status status = executor::limit_memory(options.memory); !status)
            return status.error();
    if (options.sandbox)
        if (const Status status = executor::forbid_system_calls(); !status)
            return status.error();
    return added;
}

// Takes a wire::ForecastRequest, prints a wire::ForecastAnswer. In the sandbox: operators are called.
int forecast(const Options& options, int out) {
    using namespace hopscope;
    const auto added = begin_work(options);
    if (!added)
        return complain(added.error().message);
    std::string asked;
    char buffer[65536];
    for (ssize_t n = 0; (n = read(STDIN_FILENO, buffer, sizeof buffer)) > 0;)
        asked.append(buffer, static_cast<size_t>(n));
    const auto request = wire::from_json<wire::ForecastRequest>(
        nlohmann::json::parse(asked, nullptr, /*allow_exceptions=*/false));
    if (!request)
        return complain(request.error().message);
    const std::string answer = wire::to_json(executor::forecast(*request, *added))
                                   .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    std::string_view told = answer;
    while (!told.empty()) {
        const ssize_t n = write(out, told.data(), told.size());
        if (n <= 0)
            return 1;
        told.remove_prefix(static_cast<size_t>(n));
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    using namespace hopscope;
    Options options;
    if (!parse(argc, argv, options)) {
        std::fprintf(stderr,
            "usage: hopscope-executor --exchange FOLDER [--memory BYTES] [--load-library LIB]… "
            "[--no-sandbox]\n"
            "       hopscope-executor --describe [--load-library LIB]…\n"
            "       hopscope-executor --forecast [--load-library LIB]…\n"
            "Speaks JSON-RPC on its standard input and output. Started by hopscope and hopscope-desktop.\n");
        return 2;
    }
    executor::ServerFiles files;
    files.in = STDIN_FILENO;
    // What libraries print must not end up between the messages.
    files.out = dup(STDOUT_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    if (files.out < 0)
        return complain(std::string("has no standard output: ") + std::strerror(errno));
    if (options.describe) {
        const auto added = load_operators(options.libraries);
        if (!added)
            return complain(added.error().message);
        return dprintf(files.out, "%s\n", wire::to_json(executor::describe(*added)).dump().c_str()) > 0 ? 0
                                                                                                        : 1;
    }
    if (options.forecast)
        return forecast(options, files.out);
    if (const Status status = open_exchange(options.exchange, files); !status)
        return complain(status.error().message);
    const auto added = begin_work(options);
    if (!added)
        return complain(added.error().message);
    wire::InitializeAnswer facts;
    facts.libtorch = TORCH_VERSION;
    facts.composed = *added;
    facts.memory = options.memory;
    facts.sandbox = options.sandbox;
    return executor::Server(files, std::move(facts)).serve();
}
