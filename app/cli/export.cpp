// hopscope export: a body as a picture or as data.
#include "app/cli/cli.h"
#include "app/cli/output.h"

#include "core/base/save.h"
#include "core/base/spare.h"
#include "core/export/body.h"
#include "core/export/formats.h"
#include "core/export/picture.h"
#include "core/regions/ledger.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace hopscope::cli {

namespace {

struct Request {
    std::vector<std::string> paths;
    std::string address;
    std::string output;
    std::string format; // empty = by extension
    std::string theme = "light";
    std::string engine = "auto", direction = "down";
    bool no_fold = false;
    std::string part;
    std::string overlay;
    PictureChoice choice;
};

Result<const ExportFormat*> format_of(const Request& request) {
    if (!request.format.empty())
        return export_format(request.format);
    if (request.output == "-")
        return export_format("svg");
    std::string extension = std::filesystem::path(request.output).extension().string();
    if (!extension.empty())
        extension.erase(0, 1);
    if (const ExportFormat* format = export_format(extension))
        return format;
    return make_error(Error::Kind::Usage,
        (extension.empty() ? "the output file has no extension"
                           : "files of type ." + extension + " cannot be written")
            + ", expected " + export_format_list());
}

std::vector<std::string> format_names() {
    std::vector<std::string> names;
    for (const ExportFormat& format : export_formats())
        names.emplace_back(format.extension);
    return names;
}

draw::Options draw_options(
    const Request& request, const Dump& dump, const Ledger& ledger, const Place& place) {
    draw::Options options = picture_options(dump, &ledger, place);
    options.fold = !request.no_fold;
    if (request.engine == "dot")
        options.layout.engine = layout::Engine::Dot;
    else if (request.engine == "layered")
        options.layout.engine = layout::Engine::Layered;
    return options;
}

// PNG and PDF are painted by the window's painter: the program beside this one.
int paint(const Request& request) {
    std::vector<std::string> words = request.paths;
    words.insert(words.end(), {"--at", request.address, "--export", request.output});
    if (request.theme != "light")
        words.insert(words.end(), {"--theme", request.theme});
    if (request.choice.with_backward)
        words.emplace_back("--with-backward");
    if (request.choice.fold_repeats)
        words.emplace_back("--fold-repeats");
    for (const std::string& name : request.choice.expand)
        words.insert(words.end(), {"--expand", name});
    if (request.choice.legend)
        words.emplace_back("--legend");
    if (!request.overlay.empty())
        words.insert(words.end(), {"--overlay", request.overlay});
    for (const std::string& name : request.choice.unfold)
        words.insert(words.end(), {"--unfold", name});
    for (const std::string& name : request.choice.part.hide)
        words.insert(words.end(), {"--hide", name});
    if (!request.part.empty())
        words.insert(words.end(), {"--part", request.part});
    if (request.choice.levels != PictureChoice().levels)
        words.insert(words.end(), {"--levels", std::to_string(request.choice.levels)});
    if (request.choice.sideways)
        words.insert(words.end(), {"--direction", "right"});
    if (request.choice.columns != 1)
        words.insert(words.end(), {"--columns", std::to_string(request.choice.columns)});
    if (!std::getenv("DISPLAY") && !std::getenv("WAYLAND_DISPLAY"))
        ::setenv("QT_QPA_PLATFORM", "offscreen", 0);
    return start_desktop(words);
}

int write(const Request& request, const std::string& bytes) {
    if (request.output == "-") {
        std::fwrite(bytes.data(), 1, bytes.size(), plain_output());
        return kDone; // main looks whether all of it went out
    }
    const Status saved = save_file(request.output, bytes);
    return saved ? kDone : fail(saved.error());
}

int run(Request request) {
    request.choice.sideways = request.direction == "right";
    if (!request.choice.unfold.empty() && !request.choice.fold_repeats)
        return fail(make_error(
            Error::Kind::Usage, "--unfold says what of --fold-repeats is drawn, which is missing"));
    if (request.choice.levels != PictureChoice().levels && request.choice.expand.empty())
        return fail(make_error(Error::Kind::Usage, "--levels says how deep --expand goes, which is missing"));
    if (!request.part.empty()) {
        auto part = parse_part(request.part);
        if (!part)
            return fail(part.error());
        part->hide = request.choice.part.hide;
        request.choice.part = std::move(*part);
    }
    if (const auto overlay = overlay_named(request.overlay)) {
        if (overlay_needs_run(*overlay))
            return fail(make_error(Error::Kind::Usage,
                "time and error are known of a run: hopscope DUMP --at ADDRESS --run 1 --overlay "
                    + request.overlay + " --screenshot FILE.png has them"));
        request.choice.overlay = *overlay;
    }
    const auto format = format_of(request);
    if (!format)
        return fail(format.error());
    if (const Status status = spares(request.paths, request.output); !status)
        return fail(status.error());
    const ExportFormat& chosen = **format;
    if (chosen.painted) {
        if (request.output == "-")
            return fail(make_error(Error::Kind::Usage, "PNG and PDF need a file to be written to, not -"));
        if (request.no_fold || request.engine != "auto")
            return fail(make_error(Error::Kind::Usage,
                "--no-fold and --engine serve svg, dot and json, not " + std::string(chosen.extension)));
        if (!request.address.empty())
            return paint(request);
    }
    const auto dump = open(request.paths);
    if (!dump)
        return fail(dump.error());
    const std::string wanted = request.address.empty() ? only_body(*dump) : request.address;
    if (wanted.empty())
        return fail(address_wanted("what to export", *dump));
    if (chosen.painted) {
        Request one = request;
        one.address = wanted;
        return paint(one);
    }
    const auto place = resolve(*dump, wanted);
    if (!place)
        return fail(place.error());
    const auto theme = request.theme == "dark" ? draw::Theme::Dark : draw::Theme::Light;
    if (chosen.extension == "txt" && !request.choice.plain())
        return fail(make_error(Error::Kind::Usage,
            "--with-backward, --fold-repeats, --columns, --direction, --expand, --part, --hide, --overlay "
            "and "
            "--legend are for pictures, not txt"));
    const Ledger ledger = build_ledger(*dump);
    const auto picture = make_picture(*dump, &ledger, *place, draw_options(request, *dump, ledger, *place),
        request.choice, interruptible());
    if (!picture) {
        Error error = picture.error();
        if (request.engine == "dot" && error.kind == Error::Kind::External)
            error.message += "; --engine layered needs no Graphviz and draws bodies of any size";
        return fail(error);
    }
    const auto body = export_picture(*dump, *picture, chosen, theme);
    if (!body)
        return fail(body.error());
    if (!body->note.empty())
        std::fprintf(stderr, "note: %s\n", body->note.c_str());
    return write(request, body->bytes);
}

} // namespace

void add_export(CLI::App& app, Action& action) {
    static Request request;
    auto* command = app.add_subcommand("export", "Write a body as a picture or as data");
    add_dumps(*command, request.paths);
    command->add_option("--at", request.address, "Address of the body, as `hopscope graphs` lists them");
    command
        ->add_option("-o,--output", request.output,
            "File: " + export_format_list() + " by its extension; - is standard output")
        ->required();
    command->add_option("--format", request.format, "Format where the file's name does not say it")
        ->check(CLI::IsMember(format_names()));
    command->add_option("--theme", request.theme, "Colours of the picture")
        ->check(CLI::IsMember({"light", "dark"}))
        ->capture_default_str();
    command->add_option("--engine", request.engine, "Layout: Graphviz dot or the own layered one")
        ->check(CLI::IsMember({"auto", "dot", "layered"}))
        ->capture_default_str();
    command->add_option("--direction", request.direction, "Which way lines run: down, or from left to right")
        ->check(CLI::IsMember({"down", "right"}))
        ->capture_default_str();
    command->add_flag(
        "--no-fold", request.no_fold, "Show getitems, parameters and constants as nodes of their own");
    command->add_flag("--with-backward", request.choice.with_backward,
        "The other half beside it: forward down, backward up, saved values as dashed lines");
    command->add_flag("--fold-repeats", request.choice.fold_repeats,
        "Draw equal blocks that follow each other once, with how many they are");
    command
        ->add_option("--expand", request.choice.expand,
            "Draw the body in the place of a call: the call's name, what it calls (subgraph_0), or all; may "
            "be repeated")
        ->allow_extra_args(false);
    command
        ->add_option(
            "--levels", request.choice.levels, "With --expand: how deep calls inside of calls are drawn")
        ->check(CLI::Range(1, 1 << 20));
    command
        ->add_option("--unfold", request.choice.unfold,
            "With --fold-repeats: draw the blocks that this node belongs to one by one; may be repeated")
        ->allow_extra_args(false);
    command->add_option("--part", request.part,
        "Draw a part: ancestors:NODE, descendants:NODE, around:NODE[,STEPS], between:A,B or nodes:A,B,…");
    command->add_option("--hide", request.choice.part.hide, "Leave this node out; may be repeated")
        ->allow_extra_args(false);
    command->add_option("--columns", request.choice.columns, "Wrap a long picture into so many columns")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    const auto overlays = overlay_names();
    command
        ->add_option("--overlay", request.overlay,
            "Colour the nodes by bytes, users or the cache's decision, with a scale below the picture; time "
            "and "
            "error are for --screenshot with --run")
        ->check(CLI::IsMember(std::vector<std::string>(overlays.begin(), overlays.end())));
    command->add_flag("--legend", request.choice.legend,
        "What the colours, letters, marks and lines in it mean, below the picture (svg, pdf, png)");
    command->callback([&action] { action = [] { return run(request); }; });
}

} // namespace hopscope::cli
