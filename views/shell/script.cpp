#include "views/shell/script.h"

#include "core/graph/dump.h"
#include "views/base/findbar.h"
#include "views/base/text.h"
#include "views/canvas/canvas.h"
#include "views/compare/compareview.h"
#include "views/help/helpview.h"
#include "views/shell/mainwindow.h"
#include "views/shell/pane.h"
#include "views/shell/screenshot.h"

namespace hopscope {

namespace {

// What stands for double precision where a file of recorded values may be named, as in `hopscope compare`.
const QString kFloat64 = QStringLiteral("float64");

// A node by its name alone: of the focused body, else of the first body of its graph that has one of that
// name.
Result<Place> nodeOf(const MainWindow& window, const Place& body, const QString& text) {
    const std::shared_ptr<const Document> document = window.document();
    if (text.contains(QLatin1Char('@')))
        return resolve(document->dump(), ss(text));
    const GraphModule& module = document->module(body.graph);
    const auto in = [&](BodyId id) { return find_node(module, module.body(id), ss(text)); };
    if (const NodeId node = in(body.body))
        return Place{body.graph, body.body, node};
    for (size_t b = 0; b < module.bodies.size(); ++b) {
        if (const NodeId node = in(BodyId(b)))
            return Place{body.graph, BodyId(b), node};
    }
    return make_error(Error::Kind::NotFound, "no node '" + ss(text) + "' in " + document->address(body));
}

struct Play {
    MainWindow& window;
    Script script;
    std::function<void(const Status&)> then;
    Place body; // that is run

    bool failed() const {
        if (!window.lastError())
            return false;
        then(*window.lastError());
        return true;
    }
};

Status showCall(MainWindow& window, const QString& text) {
    bool number = false;
    const int index = text.toInt(&number);
    const std::shared_ptr<const Document> document = window.document();
    const std::optional<int> row = number && index >= 0
        ? document->row_of(window.navigator().state().compilation, InvocationId(size_t(index)))
        : std::nullopt;
    if (!row)
        return make_error(Error::Kind::NotFound,
            "found --call " + ss(text)
                + ", expected the number of a call in this compilation, from 0 on, as in the ledger");
    window.navigator().select_invocation(*row);
    return {};
}

Status showLineOf(MainWindow& window, const QString& text) {
    bool number = false;
    const qsizetype colon = text.lastIndexOf(QLatin1Char(':'));
    const qulonglong line = text.mid(colon + 1).toULongLong(&number);
    const std::vector<DumpFile>& files = window.document()->dump().files;
    for (size_t i = 0; number && i < files.size(); ++i) {
        if (colon >= 0 && !files[i].path.ends_with(ss(text.left(colon))))
            continue;
        window.showLine(FileId(i), line);
        return {};
    }
    return make_error(Error::Kind::NotFound,
        "found --line " + ss(text) + ", expected LINE or FILE:LINE of a file of the dump");
}

Status zoomTo(MainWindow& window, const QString& text) {
    Canvas& canvas = window.pane(window.navigator().state().focus).canvas();
    bool number = false;
    const double percent = text.toDouble(&number);
    if (text == QStringLiteral("fit"))
        canvas.fitAll();
    else if (number && percent > 0)
        canvas.setViewState({percent / 100, canvas.viewState().centre});
    else
        return make_error(Error::Kind::Usage, "found --zoom " + ss(text) + ", expected per cent or fit");
    return {};
}

void show(const std::shared_ptr<Play>& p) {
    if (!p->script.call.isEmpty()) {
        if (const Status there = showCall(p->window, p->script.call); !there)
            return p->then(there.error());
    }
    if (!p->script.others.isEmpty())
        p->window.compareDump(p->script.others);
    if (!p->script.with.isEmpty()) {
        const Result<Place> other = resolve(p->window.document()->dump(), ss(p->script.with));
        if (!other)
            return p->then(other.error());
        const Place shown = p->window.navigator().pane(p->window.navigator().state().focus);
        p->window.compareBodies(shown, *other);
        p->window.actions()[Do::OnePicture]->setChecked(p->script.onePicture);
    }
    if (!p->script.line.isEmpty()) {
        if (const Status there = showLineOf(p->window, p->script.line); !there)
            return p->then(there.error());
    }
    if (!p->script.select.isEmpty()) {
        const Navigator& navigator = p->window.navigator();
        const Result<Place> node =
            nodeOf(p->window, navigator.pane(navigator.state().focus), p->script.select);
        if (!node)
            return p->then(node.error());
        p->window.navigator().go_to(*node);
    }
    for (const QString& name : p->script.docks) {
        if (!p->window.showDock(name))
            return p->then(make_error(Error::Kind::Usage, "there is no dock '" + ss(name) + "'"));
    }
    if (p->script.onNodes.contains(QStringLiteral("values")))
        p->window.actions()[Do::ValuesOnNodes]->setChecked(true);
    if (p->script.onNodes.contains(QStringLiteral("times")))
        p->window.actions()[Do::MeasureTimes]->trigger();
    if (!p->script.compare.isEmpty()) {
        if (p->script.compare != kFloat64)
            p->window.comparison().setRecorded(p->script.compare);
        p->window.comparison().start();
    }
    const std::optional<OverlayKind> overlay = overlay_named(ss(p->script.overlay));
    if (overlay == OverlayKind::Time)
        p->window.actions()[Do::MeasureTimes]->trigger();
    if (overlay == OverlayKind::Error) {
        if (p->script.compare.isEmpty())
            p->window.comparison().start();
    }
    if (overlay)
        p->window.actions()[overlayAction(*overlay)]->setChecked(true);
    if (!p->script.choice.plain())
        p->window.drawFocused(p->script.choice);
    if (!p->script.find.isEmpty()) {
        FindBar& bar = p->window.pane(p->window.navigator().state().focus).findBar();
        bar.open();
        bar.setText(p->script.find);
    }
    if (!p->script.help.isEmpty()) {
        const QStringList names = HelpPages::names();
        if (!names.contains(
                p->script.help.endsWith(QLatin1String(".md")) ? p->script.help.chopped(3) : p->script.help))
            return p->then(make_error(Error::Kind::Usage,
                "found --help-page " + ss(p->script.help) + ", expected one of "
                    + ss(names.join(QStringLiteral(", ")))));
        p->window.actions()[Do::HelpPages]->trigger();
        p->window.help()->pages().showPage(p->script.help);
    }
    whenIdle(p->window, [p] {
        if (p->failed())
            return;
        const Placeholder& shown = p->window.pane(p->window.navigator().state().focus).canvas().placeholder();
        if (!p->script.choice.plain() && shown.kind == Placeholder::Kind::Error)
            return p->then(make_error(Error::Kind::Usage, ss(shown.detail)));
        const Status zoomed = p->script.zoom.isEmpty() ? Status() : zoomTo(p->window, p->script.zoom);
        p->then(zoomed);
    });
}

void step(const std::shared_ptr<Play>& p) {
    if (p->failed())
        return;
    RunController& run = p->window.run();
    if (p->script.stepTo.isEmpty())
        return show(p);
    if (p->script.stepTo == QStringLiteral("end")) {
        run.scrub(SIZE_MAX);
    } else {
        const Result<Place> node = nodeOf(p->window, p->body, p->script.stepTo);
        if (!node)
            return p->then(node.error());
        if (node->graph != run.graph())
            return p->then(make_error(Error::Kind::Usage,
                "'" + ss(p->script.stepTo) + "' is of another graph than " + run.address() + ", which runs"));
        run.runTo(node->body, node->node);
    }
    whenIdle(p->window, [p] {
        if (!p->failed())
            show(p);
    });
}

} // namespace

void play(MainWindow& window, const Script& script, std::function<void(const Status&)> then) {
    const auto p = std::make_shared<Play>(Play{window, script, std::move(then), {}});
    const Navigator& navigator = window.navigator();
    p->body = navigator.pane(navigator.state().focus);
    if (script.run.isEmpty())
        return show(p);
    if (!p->body.graph)
        return p->then(make_error(Error::Kind::Usage, "no body is shown that could be run"));
    run::Request request;
    request.address = window.document()->address(p->body);
    if (const std::optional<int> row = navigator.state().row; row && p->body.body.index > 0)
        request.invocation = window.document()->invocation(*row).index;
    bool number = false;
    const qulonglong seed = script.run.toULongLong(&number);
    if (number)
        request.seed = seed;
    else
        request.inputs = ss(script.run);
    if (script.compare != kFloat64)
        request.reference = ss(script.compare);
    for (const QString& word : script.bind)
        request.bind.push_back(ss(word));
    window.startRun(request);
    whenIdle(window, [p] { step(p); });
}

} // namespace hopscope
