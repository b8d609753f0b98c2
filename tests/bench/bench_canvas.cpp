// What a frame of the graph view costs: a fixed path over a picture (fit, zoom in, pan at several zooms, zoom
// out), and what stepping, selecting and entering a body cost in the whole window. Prints the distribution
// beside its limit.
//
//     QT_QPA_PLATFORM=offscreen build/tests/bench_canvas [DUMP ADDRESS]…
//
// Times are of this thread's processor, so that other work on the machine counts little. Without dumps there
// is the generated picture of 50,000 boxes alone.
#include "tests/layout/graphs.h"

#include "core/draw/scene.h"
#include "views/base/theme.h"
#include "views/canvas/canvas.h"
#include "views/shell/mainwindow.h"
#include "views/shell/pane.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QScrollBar>
#include <QTemporaryDir>

#include <ctime>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <vector>

using namespace hopscope;

namespace {

double now_ms() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return double(t.tv_sec) * 1e3 + double(t.tv_nsec) / 1e6;
}

struct Frames {
    std::vector<double> ms;

    double at(double share) const {
        std::vector<double> sorted = ms;
        std::sort(sorted.begin(), sorted.end());
        return sorted[std::min(sorted.size() - 1, size_t(double(sorted.size()) * share))];
    }
    void print(const std::string& what, double median, double p95) const {
        if (ms.empty())
            return;
        std::printf("  %-34s %4zu frames  median %6.2f  p95 %6.2f  most %6.2f ms", what.c_str(), ms.size(),
            at(0.5), at(0.95), at(1));
        if (median > 0)
            std::printf(
                "   limits %g and %g: %.2f and %.2f of them", median, p95, at(0.5) / median, at(0.95) / p95);
        std::printf("\n");
        std::fflush(stdout);
    }
};

void frame(Canvas& canvas, Frames& frames, const std::function<void()>& change) {
    const double from = now_ms();
    change();
    canvas.viewport()->repaint();
    frames.ms.push_back(now_ms() - from);
}

// The path: the same for every picture of the same size on the screen.
void drive(Canvas& canvas, double median, double p95) {
    Frames all;
    const auto part = [&](const std::string& what, int count, const std::function<void(int)>& change) {
        Frames own;
        for (int i = 0; i < count; ++i)
            frame(canvas, own, [&] { change(i); });
        own.print(what, 0, 0);
        all.ms.insert(all.ms.end(), own.ms.begin(), own.ms.end());
    };
    const auto scene = canvas.scene();
    canvas.fitAll();
    canvas.viewport()->repaint();
    const double fit = canvas.zoom();
    const QPointF middle(scene->width / 2.0, scene->height / 3.0);
    const auto zoom = [&](double to) { canvas.setViewState({to, middle}); };
    const auto steps = [](double from, double to) { return int(std::log(to / from) / std::log(1.1)); };
    zoom(fit);
    part("zoom in from all to 150 %", steps(fit, 1.5), [&](int i) { zoom(fit * std::pow(1.1, i + 1)); });
    for (const double at : {1.0, 0.5, 0.3, 0.1, 0.03}) {
        if (at < fit)
            continue;
        zoom(at);
        canvas.viewport()->repaint();
        part("pan down at " + std::to_string(int(at * 100)) + " %", 60,
            [&](int) { canvas.verticalScrollBar()->setValue(canvas.verticalScrollBar()->value() + 37); });
        part("pan aside at " + std::to_string(int(at * 100)) + " %", 20,
            [&](int) { canvas.horizontalScrollBar()->setValue(canvas.horizontalScrollBar()->value() + 23); });
        part("pages at " + std::to_string(int(at * 100)) + " %", 10, [&](int) {
            canvas.verticalScrollBar()->setValue(
                canvas.verticalScrollBar()->value() + canvas.viewport()->height());
        });
    }
    part("zoom out to all", steps(fit, 1.5), [&](int i) { zoom(1.5 / std::pow(1.1, i + 1)); });
    part("another selection, all in view", 20,
        [&](int i) { canvas.setSelected(scene->boxes[size_t(i) * scene->boxes.size() / 20].node); });
    all.print("all", median, p95);
}

// As it would come of a body: names, operators, types.
std::shared_ptr<const draw::Scene> generated(size_t layers, int columns) {
    const layout::Input input = layout::test::joint(layers);
    layout::Options options;
    options.columns = columns;
    const auto placed = layout::run(input, options);
    if (!placed)
        return nullptr;
    auto scene = std::make_shared<draw::Scene>();
    for (uint32_t i = 0; i < input.boxes.size(); ++i) {
        draw::Box box;
        box.node = NodeId(i);
        box.kind = draw::Kind(i % 9);
        box.x = placed->places[i].x;
        box.y = placed->places[i].y;
        box.w = input.boxes[i].width;
        box.h = input.boxes[i].height;
        box.title = "add_" + std::to_string(i);
        box.subtitle = "aten.add f32[8]";
        scene->boxes.push_back(std::move(box));
        scene->box_of_node.push_back(i);
    }
    for (const layout::Edge& edge : placed->edges) {
        draw::Edge line;
        line.from_box = input.values[edge.value].producer;
        line.to_box = input.values[edge.value].users[edge.use].box;
        line.from = NodeId(line.from_box);
        line.to = NodeId(line.to_box);
        line.points = edge.points;
        line.cut = edge.cut;
        scene->edges.push_back(std::move(line));
    }
    scene->width = placed->width;
    scene->height = placed->height;
    return scene;
}

void settle(MainWindow& window) {
    QElapsedTimer waited;
    waited.start();
    do
        QCoreApplication::processEvents(QEventLoop::AllEvents, 5);
    while (!window.idle() && waited.elapsed() < 60000);
}

// From the key to the picture: what the window does until it has painted again.
void answer(MainWindow& window, const char* what, int count, const std::function<void(int)>& act) {
    Frames frames;
    for (int i = 0; i < count; ++i) {
        QElapsedTimer timer;
        timer.start();
        act(i);
        window.state().flush();
        settle(window);
        window.repaint();
        frames.ms.push_back(double(timer.nsecsElapsed()) / 1e6); // layouts are made on another thread
    }
    frames.print(what, 50, 50);
}

int drive_window(const QString& path, const QString& address) {
    MainWindow window{MainWindow::Options{.reproducible = true}};
    window.resize(1600, 1000);
    window.show();
    window.openPaths({path}, address);
    settle(window);
    if (const Error* error = window.lastError()) {
        std::fprintf(stderr, "error: %s\n", error->text().c_str());
        return 1;
    }
    const Pane focus = window.navigator().state().focus;
    Canvas& canvas = window.pane(focus).canvas();
    if (!canvas.scene() || canvas.scene()->boxes.empty())
        return 1;
    std::printf("%s: %zu boxes, %zu lines, %d × %d px on the screen\n", qPrintable(address),
        canvas.scene()->boxes.size(), canvas.scene()->edges.size(), canvas.viewport()->width(),
        canvas.viewport()->height());
    drive(canvas, 8, 16);
    Navigator& navigator = window.navigator();
    canvas.setViewState({1.0, QPointF(canvas.scene()->width / 2.0, 400)});
    const auto scene = canvas.scene();
    answer(window, "step to the next node", 40, [&](int) { navigator.step_node(1); });
    answer(window, "select a node anywhere", 20, [&](int i) {
        navigator.select_node(focus, scene->boxes[size_t(i) * scene->boxes.size() / 20].node);
    });
    NodeId call;
    for (const draw::Box& box : scene->boxes)
        if (box.region && !call)
            call = box.node;
    if (call)
        answer(window, "enter the body of a call, and back", 10, [&](int i) {
            if (i % 2 == 0)
                navigator.select_node(focus, call);
            i % 2 == 0 ? navigator.step_into() : navigator.back();
        });
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    QTemporaryDir settings;
    qputenv("HOPSCOPE_CONFIG_DIR", settings.path().toUtf8());
    QApplication app(argc, argv);
    applyTheme(app, Mode::Light);
    for (int i = 1; i + 1 < argc; i += 2)
        if (drive_window(QString::fromLocal8Bit(argv[i]), QString::fromLocal8Bit(argv[i + 1])) != 0)
            return 1;
    Canvas canvas;
    canvas.resize(1100, 800);
    canvas.show();
    // As one long column, and about as wide as it is high: then all of it is on the screen at once.
    for (const int columns : {1, 40}) {
        canvas.setScene(generated(4170, columns));
        if (!canvas.scene())
            return 1;
        QCoreApplication::processEvents();
        std::printf("generated, %d columns: %zu boxes, %zu lines, %d × %d px on the screen\n", columns,
            canvas.scene()->boxes.size(), canvas.scene()->edges.size(), canvas.viewport()->width(),
            canvas.viewport()->height());
        drive(canvas, 16, 32);
    }
    return 0;
}
