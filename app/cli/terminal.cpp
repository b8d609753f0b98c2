#include "app/cli/terminal.h"

#include "core/base/child.h"
#include "core/base/clock.h"
#include "core/base/exit_status.h"
#include "core/base/printable.h"
#include "core/base/save.h"
#include "core/base/text.h"
#include "core/worker/exchange.h"
#include "core/worker/worker.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>

namespace hopscope::cli {

namespace {

constexpr int kShowAfterMilliseconds = 300; // what is done sooner shows nothing
constexpr int kTickMilliseconds = 100;
constexpr int kGraceMilliseconds = 130; // after Ctrl+C, for work to end by itself
constexpr int kWorkerMilliseconds = 60; // of these, for an executor that is asked to stop
constexpr size_t kColumns = 80; // where the terminal does not tell
// Where standard error is no terminal: a line whenever work has gone on for so long.
constexpr int kSayMilliseconds = 10000, kLookMilliseconds = 1000;

std::atomic<bool> g_cancel{false};
int g_wake = -1; // written to by the signal's handler

extern "C" void on_interrupt(int) {
    const int kept = errno;
    g_cancel.store(true, std::memory_order_relaxed);
    if (g_wake >= 0)
        (void)!::write(g_wake, "", 1);
    errno = kept;
}

void put(std::string_view bytes) {
    (void)!::write(STDERR_FILENO, bytes.data(), bytes.size());
}

// Lives as long as the process: its thread is never joined.
struct Line {
    std::mutex mutex;
    const bool terminal = ::isatty(STDERR_FILENO) != 0;
    const Stopwatch since;
    std::string text, shown, when_ended;
    Stopwatch phase; // since the text is that
    double said = 0; // since() when a line was last written where there is no terminal
    bool active = false, told = false;

    void report(std::string_view words) {
        const std::lock_guard lock(mutex);
        // The same work at another place goes on with its clock.
        if (!active || words.substr(0, words.find(' ')) != std::string_view(text).substr(0, text.find(' ')))
            phase = Stopwatch();
        text = words;
        active = true;
    }
    void clear() {
        const std::lock_guard lock(mutex);
        active = false;
        if (!shown.empty())
            put("\r\x1b[K");
        shown.clear();
    }
    // Of a log: what goes on, by whole lines, which stay. What is done within seconds says nothing.
    void say() {
        const std::lock_guard lock(mutex);
        const double now = since.milliseconds();
        if (!active || terminal || now - said < kSayMilliseconds)
            return;
        said = now;
        char seconds[32];
        std::snprintf(seconds, sizeof seconds, ", %.0f s\n", now / 1000);
        put("hopscope: " + printable(utf8(text)) + seconds);
    }
    void draw() {
        const std::lock_guard lock(mutex);
        if (!active || !terminal || since.milliseconds() < kShowAfterMilliseconds)
            return;
        winsize size{};
        const size_t columns =
            ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kColumns;
        char seconds[32];
        std::snprintf(seconds, sizeof seconds, " · %.1f s", phase.milliseconds() / 1000);
        const size_t taken = std::string_view(seconds).size() - 1; // its dot has two bytes
        std::string line = printable(utf8(text));
        // Cut by bytes: names are nearly always ASCII, and a shorter line is as good.
        if (columns > taken + 1 && line.size() > columns - taken - 1) {
            size_t end = columns - taken - 2;
            while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80)
                --end;
            line = line.substr(0, end) + "…";
        }
        line += seconds;
        if (line != shown)
            put("\r\x1b[K" + line);
        shown = line;
    }
};

Line& line() {
    static Line& only = *new Line;
    return only;
}

// Whatever still works at the end of the grace ends here.
[[noreturn]] void end() {
    kill_children();
    worker::remove_exchange_folders();
    abandon_saves();
    Line& l = line();
    l.clear();
    const std::lock_guard lock(l.mutex);
    if (!l.told)
        put("hopscope: cancelled" + (l.when_ended.empty() ? "" : "; " + printable(utf8(l.when_ended)))
            + "\n");
    std::_Exit(kCancelled);
}

void watch(int wakes) {
    std::optional<Stopwatch> since;
    for (;;) {
        pollfd fd{wakes, POLLIN, 0};
        const int ready = ::poll(&fd, 1,
            since                 ? 10
                : line().terminal ? kTickMilliseconds
                                  : kLookMilliseconds);
        char byte = 0;
        if (ready > 0 && ::read(wakes, &byte, 1) == 1) {
            if (since)
                end(); // the second
            since.emplace();
            // Nobody waits for an executor any more.
            worker::set_patience(kWorkerMilliseconds);
        }
        if (since && since->milliseconds() > kGraceMilliseconds)
            end();
        line().draw();
        line().say();
    }
}

void start_watching() {
    static const bool started = [] {
        int ends[2] = {-1, -1};
        if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
            return false; // Ctrl+C still cancels
        g_wake = ends[1];
        // Signals are for the others, so that what they wait in is interrupted.
        sigset_t all, before;
        sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before);
        std::thread(watch, ends[0]).detach();
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        return true;
    }();
    (void)started;
    std::signal(SIGINT, on_interrupt);
}

} // namespace

Job interruptible() {
    start_watching();
    Job job;
    job.cancel = &g_cancel;
    job.progress = [](uint64_t done, uint64_t total, std::string_view phase) {
        std::string text(phase);
        if (total > 0)
            text += ", " + std::to_string(done >= total ? 100 : done * 100 / total) + " %";
        line().report(text);
    };
    return job;
}

const std::atomic<bool>& interrupted() {
    return g_cancel;
}

void show_progress(std::string_view text) {
    line().report(text);
}

void clear_progress() {
    line().clear();
}

void say_when_ended(std::string text) {
    const std::lock_guard lock(line().mutex);
    line().when_ended = std::move(text);
}

void told_of_the_end() {
    const std::lock_guard lock(line().mutex);
    line().told = true;
}

} // namespace hopscope::cli
