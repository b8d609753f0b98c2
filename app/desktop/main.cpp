// hopscope-desktop: the window. Also what draws PNG, PDF and screenshots for the command line.
#include "core/base/exit_status.h"
#include "core/base/printable.h"
#include "core/base/spare.h"
#include "core/diff/diff.h"
#include "core/session/session.h"
#include "views/base/text.h"
#include "views/export/exporting.h"
#include "views/help/helpview.h"
#include "views/shell/mainwindow.h"
#include "views/shell/screenshot.h"
#include "views/shell/script.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QFileInfo>
#include <QHash>
#include <QIcon>
#include <QRegularExpression>

#include <csignal>
#include <cstdio>
#include <optional>
#include <unistd.h>

using namespace hopscope;

namespace {

struct Request {
    QStringList dumps;
    QString at, screenshot, exportPath;
    QSize size{1600, 1000};
    bool sizeGiven = false;
    Mode theme = Mode::System;
    bool themeGiven = false;
    double textScale = 1;
    double scale = 2;
    PictureChoice choice; // of --export, else of the focused pane
    std::string ignore; // of --export with --with
    std::optional<int> around; // likewise
    Script script;
};

// What it quotes of the words on the command line may be anything, too.
int fail(const QString& message, int status) {
    std::fprintf(stderr, "hopscope: %s\n", printable(ss(message)).c_str());
    return status;
}

int fail(const Error& error) {
    return fail(qs(error.text()), exit_status(error));
}

// The words that were given; a message where they make no sense.
QString readWords(const QStringList& words, Request& request) {
    QCommandLineParser parser;
    parser.setApplicationDescription(
        QStringLiteral("Inspector for the graphs of PyTorch's nested compile regions"));
    parser.addPositionalArgument(QStringLiteral("DUMP"),
        QStringLiteral("Files, folders or a session; several are read together."), QStringLiteral("[DUMP…]"));
    const QCommandLineOption at(
        QStringLiteral("at"), QStringLiteral("Go to this address."), QStringLiteral("ADDRESS"));
    const QCommandLineOption shot(QStringLiteral("screenshot"),
        QStringLiteral("Draw the window into a PNG and exit."), QStringLiteral("FILE.png"));
    const QCommandLineOption size(QStringLiteral("size"), QStringLiteral("Size of the window."),
        QStringLiteral("WxH"), QStringLiteral("1600x1000"));
    const QCommandLineOption theme(
        QStringLiteral("theme"), QStringLiteral("light or dark."), QStringLiteral("THEME"));
    const QCommandLineOption textSize(QStringLiteral("text-size"),
        QStringLiteral("Size of texts in per cent of what the system says."), QStringLiteral("PERCENT"),
        QStringLiteral("100"));
    const QCommandLineOption exports(QStringLiteral("export"),
        QStringLiteral("Write the body at --at into a file, by its extension, and exit."),
        QStringLiteral("FILE"));
    const QCommandLineOption scale(QStringLiteral("scale"), QStringLiteral("Pixels per point of a PNG."),
        QStringLiteral("N"), QStringLiteral("2"));
    const QCommandLineOption run(QStringLiteral("run"),
        QStringLiteral(
            "Run the body at --at, or the one that is shown, on synthetic inputs of a seed, or on those of "
            "a file or folder."),
        QStringLiteral("SEED|FILE"));
    const QCommandLineOption compare(QStringLiteral("compare"),
        QStringLiteral(
            "With --run: compare with these recorded values, which random nodes take, or with double "
            "precision."),
        QStringLiteral("FILE|float64"));
    const QCommandLineOption bind(QStringLiteral("bind"),
        QStringLiteral("With --run: a symbol's value: s77=8."), QStringLiteral("SYMBOL=NUMBER"));
    const QCommandLineOption stepTo(QStringLiteral("step-to"),
        QStringLiteral(
            "With --run: go on until this node is next, by name or address; 'end' goes to the end."),
        QStringLiteral("NODE"));
    const QCommandLineOption select(QStringLiteral("select"),
        QStringLiteral("Select this node, by name or address."), QStringLiteral("NODE"));
    const QCommandLineOption call(QStringLiteral("call"),
        QStringLiteral("Make this call of the compilation current, by its number."), QStringLiteral("N"));
    const QCommandLineOption with(QStringLiteral("with"),
        QStringLiteral("Compare the body at --at, or the one that is shown, with this one."),
        QStringLiteral("ADDRESS"));
    const QCommandLineOption other(QStringLiteral("other"),
        QStringLiteral("Show the ledger of this dump beside that of the one that is open."),
        QStringLiteral("DUMP"));
    const QCommandLineOption line(QStringLiteral("line"),
        QStringLiteral("Show this line of the dump's text; FILE by the end of its path."),
        QStringLiteral("[FILE:]N"));
    const QCommandLineOption dock(QStringLiteral("dock"),
        QStringLiteral("Bring a dock to the front: explanation, values, steps, compare, ledger, inspector, "
                       "problems, text, diff, "
                       "ledgers, dump, legend."),
        QStringLiteral("NAME"));
    const QCommandLineOption onNodes(QStringLiteral("on-nodes"),
        QStringLiteral("With --run: show values or times on the nodes."), QStringLiteral("values|times"));
    const QCommandLineOption zoom(QStringLiteral("zoom"),
        QStringLiteral("Show the focused pane at so many per cent, or all of it."), QStringLiteral("N|fit"));
    const QCommandLineOption withBackward(QStringLiteral("with-backward"),
        QStringLiteral("The other half beside it, forward down and backward up."));
    const QCommandLineOption foldRepeats(QStringLiteral("fold-repeats"),
        QStringLiteral("Equal blocks that follow each other once, with how many they are."));
    const QCommandLineOption columns(QStringLiteral("columns"),
        QStringLiteral("Wrap a long picture into so many columns."), QStringLiteral("N"),
        QStringLiteral("1"));
    const QCommandLineOption direction(QStringLiteral("direction"),
        QStringLiteral("Which way lines run: down, or from left to right."), QStringLiteral("down|right"),
        QStringLiteral("down"));
    const QCommandLineOption expand(QStringLiteral("expand"),
        QStringLiteral("The body in the place of a call; 'all' expands every call."), QStringLiteral("NAME"));
    const QCommandLineOption levels(QStringLiteral("levels"),
        QStringLiteral("With --expand: how deep calls inside of calls are drawn."), QStringLiteral("N"));
    const QCommandLineOption unfold(QStringLiteral("unfold"),
        QStringLiteral("With --fold-repeats: draw the blocks that this node belongs to one by one."),
        QStringLiteral("NODE"));
    const QCommandLineOption part(QStringLiteral("part"),
        QStringLiteral("A part of the body: ancestors:NODE, descendants:NODE, around:NODE[,STEPS], "
                       "between:A,B or nodes:A,B,…"),
        QStringLiteral("WORDS"));
    const QCommandLineOption hide(
        QStringLiteral("hide"), QStringLiteral("Leave this node out."), QStringLiteral("NODE"));
    const QCommandLineOption legend(QStringLiteral("legend"),
        QStringLiteral("With --export: what colours, letters and lines mean, below the picture."));
    const QCommandLineOption overlay(QStringLiteral("overlay"),
        QStringLiteral("Colour the nodes by it; time and error need --run."),
        QStringLiteral("bytes|users|decision|time|error"));
    const QCommandLineOption find(QStringLiteral("find"),
        QStringLiteral("Search the focused pane's body for it."), QStringLiteral("WORDS"));
    const QCommandLineOption helpPage(QStringLiteral("help-page"),
        QStringLiteral("Open the help at this page of it: a file's name, such as backward.md."),
        QStringLiteral("PAGE"));
    const QCommandLineOption ignore(QStringLiteral("ignore"),
        QStringLiteral("With --export and --with: what is looked past, as hopscope diff has it."),
        QStringLiteral("LIST"), QStringLiteral("names,order,locations,ids"));
    const QCommandLineOption around(QStringLiteral("around"),
        QStringLiteral(
            "With --export and --with: only what differs, and what is so many arguments away from it."),
        QStringLiteral("N"));
    const QCommandLineOption onePicture(QStringLiteral("one-picture"),
        QStringLiteral("With --with: show both bodies as one graph, what differs marked."));
    parser.addOptions({onePicture, ignore, around, direction, find, helpPage, overlay, levels, unfold, part,
        hide, legend, textSize});
    parser.addOptions({at, shot, size, theme, exports, scale, withBackward, foldRepeats, columns, expand, run,
        compare, bind, stepTo, select, call, with, other, line, dock, onNodes, zoom});
    parser.addHelpOption();
    parser.addVersionOption();
    if (!parser.parse(words))
        return parser.errorText();
    if (parser.isSet(QStringLiteral("help")))
        parser.showHelp(kDone);
    if (parser.isSet(QStringLiteral("version")))
        parser.showVersion();
    request.dumps = parser.positionalArguments();
    request.at = parser.value(at);
    request.screenshot = parser.value(shot);
    request.exportPath = parser.value(exports);
    if (parser.isSet(shot) && !request.screenshot.endsWith(QStringLiteral(".png"), Qt::CaseInsensitive))
        return QStringLiteral("found --screenshot %1, expected a name that ends in .png: a PNG is written")
            .arg(request.screenshot);
    const QRegularExpressionMatch match =
        QRegularExpression(QStringLiteral("^(\\d{2,5})x(\\d{2,5})$")).match(parser.value(size));
    if (!match.hasMatch())
        return QStringLiteral("found --size %1, expected WIDTHxHEIGHT, such as 1600x1000")
            .arg(parser.value(size));
    request.sizeGiven = parser.isSet(size);
    request.size = QSize(match.captured(1).toInt(), match.captured(2).toInt());
    constexpr int kLargest = 16384; // pixels: a picture of that many each way takes a gigabyte
    if (std::max(request.size.width(), request.size.height()) > kLargest)
        return QStringLiteral("found --size %1, expected at most %2 pixels each way")
            .arg(parser.value(size))
            .arg(kLargest);
    if (parser.isSet(theme)) {
        request.themeGiven = true;
        if (parser.value(theme) == QStringLiteral("light"))
            request.theme = Mode::Light;
        else if (parser.value(theme) == QStringLiteral("dark"))
            request.theme = Mode::Dark;
        else
            return QStringLiteral("found --theme %1, expected light or dark").arg(parser.value(theme));
    }
    bool number = false;
    request.scale = parser.value(scale).toDouble(&number);
    if (!number || request.scale < 0.1 || request.scale > 16)
        return QStringLiteral("found --scale %1, expected a number from 0.1 to 16").arg(parser.value(scale));
    request.textScale = parser.value(textSize).toDouble(&number) / 100;
    if (!number || request.textScale < kLeastTextScale || request.textScale > kMostTextScale)
        return QStringLiteral("found --text-size %1, expected a number from %2 to %3")
            .arg(parser.value(textSize))
            .arg(kLeastTextScale * 100)
            .arg(kMostTextScale * 100);
    request.choice.legend = parser.isSet(legend);
    if (parser.isSet(overlay)) {
        const std::optional<OverlayKind> kind = overlay_named(ss(parser.value(overlay)));
        if (!kind)
            return QStringLiteral("found --overlay %1, expected bytes, users, decision, time or error")
                .arg(parser.value(overlay));
        if (overlay_needs_run(*kind) && (!parser.isSet(run) || !request.exportPath.isEmpty()))
            return QStringLiteral("--overlay %1 needs --run and a window: time and error are known of a run")
                .arg(parser.value(overlay));
        if (!request.exportPath.isEmpty())
            request.choice.overlay = *kind;
    }
    request.ignore = ss(parser.value(ignore));
    if (parser.isSet(around)) {
        request.around = parser.value(around).toInt(&number);
        if (!number || *request.around < 0 || *request.around > 1000)
            return QStringLiteral("found --around %1, expected a number from 0 to 1000")
                .arg(parser.value(around));
    }
    request.choice.with_backward = parser.isSet(withBackward);
    request.choice.fold_repeats = parser.isSet(foldRepeats);
    for (const QString& name : parser.values(expand))
        request.choice.expand.push_back(ss(name));
    if (parser.isSet(levels)) {
        request.choice.levels = parser.value(levels).toInt(&number);
        if (!number || request.choice.levels < 1)
            return QStringLiteral("found --levels %1, expected a number from 1 on").arg(parser.value(levels));
    }
    for (const QString& name : parser.values(unfold))
        request.choice.unfold.push_back(ss(name));
    if (parser.isSet(part)) {
        const Result<PicturePart> parsed = parse_part(ss(parser.value(part)));
        if (!parsed)
            return qs(parsed.error().message);
        request.choice.part = *parsed;
    }
    for (const QString& name : parser.values(hide))
        request.choice.part.hide.push_back(ss(name));
    request.choice.sideways = parser.value(direction) == QStringLiteral("right");
    if (!request.choice.sideways && parser.value(direction) != QStringLiteral("down"))
        return QStringLiteral("found --direction %1, expected down or right").arg(parser.value(direction));
    request.choice.columns = parser.value(columns).toInt(&number);
    if (!number || request.choice.columns < 1 || request.choice.columns > 100)
        return QStringLiteral("found --columns %1, expected a number from 1 to 100")
            .arg(parser.value(columns));
    if (parser.isSet(onePicture) && !parser.isSet(with))
        return QStringLiteral("--one-picture shows the two bodies of --with, which is missing");
    request.script = {parser.value(run), parser.value(stepTo), parser.value(select), parser.value(compare),
        parser.values(bind), parser.value(call), parser.value(with), parser.isSet(onePicture),
        parser.values(other), parser.value(line), parser.values(dock), parser.values(onNodes),
        parser.value(zoom), request.exportPath.isEmpty() ? parser.value(overlay) : QString(),
        parser.value(find), parser.value(helpPage),
        request.exportPath.isEmpty() ? request.choice : PictureChoice()};
    if (request.script.run.isEmpty()) {
        for (const QCommandLineOption* option : {&compare, &bind, &stepTo, &onNodes}) {
            if (parser.isSet(*option))
                return QStringLiteral("--%1 needs --run").arg(option->names().constFirst());
        }
    }
    if (!request.script.empty() && request.dumps.isEmpty())
        return QStringLiteral(
            "--run, --select, --call, --with, --other, --line, --zoom, --overlay, --find, --help-page and "
            "--dock need a dump");
    if (!request.exportPath.isEmpty() && request.dumps.isEmpty())
        return QStringLiteral("--export needs a dump");
    std::vector<std::string> inputs;
    for (const QStringList& names :
        {request.dumps, request.script.others, {request.script.run, request.script.compare}})
        for (const QString& name : names)
            inputs.push_back(ss(name));
    for (const QString& output : {request.screenshot, request.exportPath})
        if (const Status status = spares(inputs, ss(output)); !status)
            return QString::fromStdString(status.error().message);
    if (!request.exportPath.isEmpty() && request.at.isEmpty())
        return QStringLiteral("--export needs --at ADDRESS: which body");
    return {};
}

// Ctrl+C while a picture is made: nobody waits for jobs, and what is written is put in place as a whole.
std::string g_cancelled; // set before the handler is
void endCancelled(int) {
    [[maybe_unused]] const ssize_t told = ::write(STDERR_FILENO, g_cancelled.data(), g_cancelled.size());
    ::_exit(kCancelled);
}

void endWhenInterrupted(const Request& request) {
    const QString& output = request.exportPath.isEmpty() ? request.screenshot : request.exportPath;
    g_cancelled = "hopscope: cancelled; nothing was written to " + printable(ss(output)) + '\n';
    struct sigaction action { };
    action.sa_handler = endCancelled;
    ::sigaction(SIGINT, &action, nullptr);
}

// A window is as large as what stands in it needs.
void tellOtherSize(const MainWindow& window, const Request& request) {
    if (request.sizeGiven && window.size() != request.size)
        std::fprintf(stderr,
            "note: the window is drawn as %dx%d: it gets no smaller than what stands in it\n", window.width(),
            window.height());
}

// Two bodies as one picture. Nobody waits beside it: what is read besides is read here.
int drawComparison(const Dump& dump, const Place& place, const Request& request) {
    ComparisonRequest what;
    std::optional<Result<Dump>> other;
    if (!request.script.others.isEmpty()) {
        std::vector<std::string> paths;
        for (const QString& path : request.script.others)
            paths.push_back(ss(path));
        other.emplace(open_any(paths));
        if (!*other)
            return fail(other->error());
    }
    const Dump& second = other ? **other : dump;
    const Result<Place> with = resolve(second, ss(request.script.with));
    if (!with)
        return fail(with.error());
    if (const std::string_view unknown = set_ignored(request.ignore, what.match); !unknown.empty())
        return fail(QStringLiteral("unknown word '%1' in --ignore").arg(qs(unknown)), kUsage);
    what.a = {&dump, place};
    what.b = {&second, *with};
    what.path = request.exportPath;
    what.dark = request.theme == Mode::Dark;
    what.scale = request.scale;
    what.choice = {request.around, request.choice.sideways, request.choice.legend};
    const Result<std::string> note = exportComparison(what);
    if (!note)
        return fail(note.error());
    if (!note->empty())
        std::fprintf(stderr, "note: %s\n", note->c_str());
    return kDone;
}

// Opens, waits for all jobs, draws or exports, exits.
int runOnce(QApplication& app, MainWindow& window, const Request& request) {
    const auto leave = [&](int status) { app.exit(status); };
    const auto afterOpen = [&window, &request, leave] {
        if (window.lastError())
            return leave(fail(*window.lastError()));
        if (request.exportPath.isEmpty()) {
            whenIdle(window, [&window, &request, leave] {
                play(window, request.script, [&window, &request, leave](const Status& played) {
                    if (!played)
                        return leave(fail(played.error()));
                    // The help is a window of its own: what is asked for is its picture.
                    if (QWidget* help = window.help(); request.sizeGiven && help && help->isVisible())
                        help->resize(request.size);
                    else
                        tellOtherSize(window, request);
                    whenIdle(window, [&window, &request, leave] {
                        QString error;
                        const bool written = writeScreenshot(window, request.screenshot, &error);
                        leave(written ? kDone
                                      : fail(QStringLiteral("%1: cannot be written: %2")
                                                 .arg(request.screenshot, error),
                                          kUnwritable));
                    });
                });
            });
            return;
        }
        const Result<Place> place = resolve(window.document()->dump(), ss(request.at));
        if (!place)
            return leave(fail(place.error()));
        if (!request.script.with.isEmpty())
            return leave(drawComparison(window.document()->dump(), *place, request));
        ExportRequest what;
        what.place = *place;
        what.path = request.exportPath;
        what.dark = request.theme == Mode::Dark;
        what.scale = request.scale;
        what.choice = request.choice;
        QObject::connect(&window, &MainWindow::exported, &window, [](const QString& note) {
            if (!note.isEmpty())
                std::fprintf(stderr, "note: %s\n", qPrintable(note));
        });
        window.exportTo(what);
        whenIdle(window, [&window, leave] { leave(window.lastError() ? fail(*window.lastError()) : kDone); });
    };
    QObject::connect(&window, &MainWindow::opened, &window, afterOpen);
    QObject::connect(
        &window, &MainWindow::failed, &window, [&window, leave] { leave(fail(*window.lastError())); });
    if (request.dumps.isEmpty())
        QMetaObject::invokeMethod(&window, afterOpen, Qt::QueuedConnection);
    else
        window.openPaths(request.dumps, request.at);
    return app.exec();
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGXFSZ, SIG_IGN); // a limit on the size of files is an error of the write that meets it
    QStringList words;
    bool once = false;
    for (int i = 0; i < argc; ++i) {
        words << QString::fromLocal8Bit(argv[i]);
        once = once || words.last().startsWith(QStringLiteral("--screenshot"))
            || words.last().startsWith(QStringLiteral("--export"));
    }
    // Pictures are the same on every machine: no display, no platform theme, no scaling.
    const bool display = qEnvironmentVariableIsSet("DISPLAY") || qEnvironmentVariableIsSet("WAYLAND_DISPLAY");
    if ((once || !display) && !qEnvironmentVariableIsSet("QT_QPA_PLATFORM"))
        qputenv("QT_QPA_PLATFORM", "offscreen");
    if (once) {
        qputenv("QT_SCALE_FACTOR", "1");
        qputenv("QT_QPA_PLATFORMTHEME", "");
        qputenv("QT_LOGGING_RULES", "qt.qpa.*=false");
    }
    if (once) {
        // The offscreen platform remarks on what it cannot do; standard error is for errors.
        qInstallMessageHandler([](QtMsgType type, const QMessageLogContext&, const QString& message) {
            if (type == QtCriticalMsg || type == QtFatalMsg)
                std::fprintf(stderr, "hopscope: %s\n", qPrintable(message));
        });
    }
    // Qt's PDF writer lists its fonts in the order of a hash: with a seed of its own for each process, the
    // same picture would be another file each time.
    QHashSeed::setDeterministicGlobalSeed();
    QApplication app(argc, argv);
    QApplication::setApplicationName(QStringLiteral("hopscope"));
    QApplication::setApplicationDisplayName(QStringLiteral("Hopscope"));
    QApplication::setApplicationVersion(QStringLiteral(HOPSCOPE_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("org.hopscope.Hopscope"));
    QApplication::setWindowIcon(QIcon(QStringLiteral(":/hopscope/icons/hopscope.svg")));

    Request request;
    if (const QString wrong = readWords(words, request); !wrong.isEmpty())
        return fail(wrong, kUsage);
    const bool drawing = !request.screenshot.isEmpty() || !request.exportPath.isEmpty();
    applyTheme(app, drawing && !request.themeGiven ? Mode::Light : request.theme);
    if (!drawing && !display)
        return fail(
            QStringLiteral("there is no display to open a window on; --screenshot and --export need none"),
            kUsage);

    applyTextScale(app, request.textScale);
    MainWindow::Options options;
    options.reproducible = drawing;
    MainWindow window(options);
    if (drawing || request.sizeGiven)
        window.resize(request.size);
    window.show();
    if (drawing)
        endWhenInterrupted(request);
    if (drawing)
        return runOnce(app, window, request);
    if (request.themeGiven)
        applyTheme(app, request.theme);
    if (!request.dumps.isEmpty())
        window.openPaths(request.dumps, request.at);
    if (!request.script.empty()) {
        // What fails is said in the window.
        QObject::connect(
            &window, &MainWindow::opened, &window,
            [&] { whenIdle(window, [&] { play(window, request.script, [](const Status&) {}); }); },
            Qt::SingleShotConnection);
    }
    return app.exec();
}
