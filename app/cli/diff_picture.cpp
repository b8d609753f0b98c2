#include "app/cli/diff_picture.h"

#include "app/cli/cli.h"
#include "app/cli/output.h"

#include "core/base/save.h"
#include "core/base/spare.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

namespace hopscope::cli {

namespace {

constexpr const char* kExpected = "expected svg, html, png or pdf";

const ExportFormat* format_of(const DiffPicture& picture) {
    if (picture.output == "-")
        return export_format("svg");
    const std::string extension = std::filesystem::path(picture.output).extension().string();
    const ExportFormat* format = export_format(extension.empty() ? extension : extension.substr(1));
    return format && format->coloured ? format : nullptr;
}

// The window's painter is a program of its own; this one goes on after it, to say whether the bodies differ.
Status paint(const DiffPicture& picture, std::vector<std::string> words) {
    words.insert(words.end(), {"--export", picture.output, "--theme", picture.theme});
    words.insert(words.end(), {"--direction", picture.direction});
    if (picture.around)
        words.insert(words.end(), {"--around", std::to_string(*picture.around)});
    if (!picture.no_legend)
        words.emplace_back("--legend");
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
        if (!std::getenv("DISPLAY") && !std::getenv("WAYLAND_DISPLAY"))
            ::setenv("QT_QPA_PLATFORM", "offscreen", 0);
        std::_Exit(start_desktop(words));
    }
    int state = 0;
    while (child > 0 && ::waitpid(child, &state, 0) < 0 && errno == EINTR) { }
    const int status = child > 0 && WIFEXITED(state) ? WEXITSTATUS(state) : -1;
    if (status == kDone)
        return {};
    if (status == kCancelled)
        return make_error(Error::Kind::Cancelled, "cancelled");
    return make_error(
        status == kUsage ? Error::Kind::Usage : Error::Kind::CannotWrite, "the picture was not painted");
}

} // namespace

void add_diff_picture(CLI::App& command, DiffPicture& picture) {
    command.add_option("-o,--output", picture.output,
        "With --at and --with: write both bodies as one picture, what differs marked: svg, html, png or pdf "
        "by "
        "its extension; - is SVG on standard output, in place of the text");
    command
        .add_option("--around", picture.around,
            "With -o: draw only what differs, and what is so many arguments away from it")
        ->check(CLI::Range(0, 1000));
    command.add_option("--direction", picture.direction, "With -o: lines run down, or from left to right")
        ->check(CLI::IsMember({"down", "right"}))
        ->capture_default_str();
    command.add_option("--theme", picture.theme, "With -o: colours of the picture")
        ->check(CLI::IsMember({"light", "dark"}))
        ->capture_default_str();
    command.add_flag("--no-legend", picture.no_legend, "With -o: no legend below the picture");
}

Status check_diff_picture(const DiffPicture& picture, const std::vector<std::string>& inputs) {
    if (picture.output.empty()) {
        if (picture.around || picture.no_legend)
            return make_error(
                Error::Kind::Usage, "--around and --no-legend are for the picture of -o, which is missing");
        return {};
    }
    const ExportFormat* format = format_of(picture);
    if (!format) {
        const std::string extension = std::filesystem::path(picture.output).extension().string();
        return make_error(Error::Kind::Usage,
            (extension.empty() ? "the output file has no extension"
                               : "found the extension \"" + extension.substr(1) + "\"")
                + ", " + kExpected);
    }
    return spares(inputs, picture.output);
}

Status write_diff_picture(const DiffPicture& picture, const ComparedBody& a, const ComparedBody& b,
    const BodyDiff& diff, const std::vector<std::string>& words) {
    const ExportFormat& format = *format_of(picture);
    if (format.painted)
        return paint(picture, words);
    const auto made = make_united_picture(a, b, diff, picture.choice(), interruptible());
    if (!made)
        return made.error();
    if (!made->note.empty())
        std::fprintf(stderr, "note: %s\n", made->note.c_str());
    const auto bytes = export_united_picture(
        *made, format, picture.theme == "dark" ? draw::Theme::Dark : draw::Theme::Light);
    if (!bytes)
        return bytes.error();
    if (picture.output != "-")
        return save_file(picture.output, *bytes);
    std::fwrite(bytes->data(), 1, bytes->size(), plain_output()); // main looks whether all of it went out
    return {};
}

} // namespace hopscope::cli
