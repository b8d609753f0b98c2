#include "app/cli/output.h"

#include "app/cli/terminal.h"

#include "core/base/printable.h"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/types.h>
#include <unistd.h>

namespace hopscope::cli {

namespace {

std::FILE* g_plain = nullptr;

// A stream in front of a file descriptor.
struct Border {
    int descriptor;
    std::string rest; // the beginning of a character whose other bytes are in the next write
};

bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
}

// How many bytes at the end begin a character that is not complete.
size_t unfinished(std::string_view bytes) {
    for (size_t back = 1; back <= 3 && back <= bytes.size(); ++back) {
        const auto c = static_cast<unsigned char>(bytes[bytes.size() - back]);
        if ((c & 0xc0) == 0x80)
            continue;
        const size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
        return length > back ? back : 0;
    }
    return 0;
}

ssize_t write_printable(void* cookie, const char* data, size_t size) {
    Border& border = *static_cast<Border*>(cookie);
    clear_progress();
    std::string bytes = border.rest + std::string(data, size);
    const size_t open = unfinished(bytes);
    border.rest = bytes.substr(bytes.size() - open);
    bytes.resize(bytes.size() - open);
    return write_all(border.descriptor, printable(bytes)) ? static_cast<ssize_t>(size) : 0;
}

std::FILE* behind_border(Border& border, int buffering) {
    cookie_io_functions_t functions{};
    functions.write = write_printable;
    std::FILE* file = ::fopencookie(&border, "w", functions);
    if (file)
        std::setvbuf(file, nullptr, buffering, buffering == _IOFBF ? 1 << 16 : 1 << 12);
    return file;
}

} // namespace

void hold_closed_streams() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) // in the direction that it is not used in
            [[maybe_unused]]
            const int held = ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

void make_output_printable() {
    static Border output{STDOUT_FILENO, {}}, error{STDERR_FILENO, {}};
    g_plain = stdout;
    if (std::FILE* file = behind_border(output, ::isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF))
        stdout = file;
    if (std::FILE* file = behind_border(error, _IOLBF))
        stderr = file;
}

std::FILE* plain_output() {
    std::fflush(stdout);
    clear_progress();
    return g_plain ? g_plain : stdout;
}

} // namespace hopscope::cli
