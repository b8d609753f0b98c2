// What the canvas paints: marks, layers, placeholders, and pictures for files.
#include "tests/views/scenes.h"

#include "views/base/painter.h"

#include <QElapsedTimer>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>

using namespace hopscope;

class TestCanvasPaint : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { applyTheme(*qApp, Mode::Light); }

    void marksArePainted();
    void scrolledLayerEqualsFreshPaint();
    void placeholderCancels();
    void placeholderCopiesErrors();
    void busyOverAPictureIsAStrip();
    void manyNodesPaint();
    void exportsAreStable();
    void absurdPngIsRefused();
    void exportToBadPathSaysWhere();
};

void TestCanvasPaint::marksArePainted() {
    auto canvas = make(grid(3, 4), {700, 400});
    canvas->clearFocus();
    const QColor hit = color(Role::Hit), accent = color(Role::Accent), saved = color(Role::Saved);
    auto shot = [&] { return canvas->viewport()->grab().toImage(); };
    const QImage plain = shot();
    QCOMPARE(countOf(plain, hit), 0);
    QCOMPARE(countOf(plain, accent), 0);

    canvas->setHits({NodeId(2), NodeId(7)});
    QVERIFY(countOf(shot(), hit) > 2 * 3 * 100);
    canvas->setHits({});
    canvas->setSelected(NodeId(4));
    const int one = countOf(shot(), accent);
    QVERIFY(one > 2 * kW); // two pixels around, and its edges
    QVERIFY(countOf(shot(), color(Role::AccentSoft)) > kW);
    canvas->setMarks(around(7, 1));
    QVERIFY(countOf(shot(), accent) > one + kW);
    canvas->setSelected({});
    Marks marks;
    marks.crossing = {NodeId(8)};
    canvas->setMarks(marks);
    const int border = countOf(shot(), saved);
    QVERIFY(border > kW);
    canvas->setCrossingSide(Canvas::Side::Right);
    QVERIFY(countOf(shot(), saved) > border + 10);
    marks = {};
    marks.step = NodeId(3);
    canvas->setMarks(marks);
    QVERIFY(countOf(shot(), accent) > 10);
    canvas->setMarks({});
    QCOMPARE(shot(), plain);

    // A run: what waits is quieter than what ran, a breakpoint is a dot, tags hang under their boxes.
    auto contrast = [](const QImage& image) {
        double least = 255, most = 0;
        for (int y = 0; y < image.height(); ++y)
            for (int x = 0; x < image.width(); ++x) {
                least = std::min(least, luminance(image.pixel(x, y)));
                most = std::max(most, luminance(image.pixel(x, y)));
            }
        return most - least;
    };
    marks = {};
    marks.waiting = {NodeId(3)};
    canvas->setMarks(marks);
    QCOMPARE(canvas->marks(), marks);
    const QRect ran = canvas->boxRect(NodeId(4)), waits = canvas->boxRect(NodeId(3));
    QVERIFY(contrast(shot().copy(waits)) < contrast(shot().copy(ran)) - 60);
    marks = {};
    marks.breakpoints = {NodeId(3)};
    canvas->setMarks(marks);
    const int full = countOf(shot(), color(Role::Failed));
    marks = {};
    marks.breakpointsOff = {NodeId(3)};
    canvas->setMarks(marks);
    const int hollow = countOf(shot(), color(Role::Failed));
    QVERIFY2(full > hollow && hollow > 0, qPrintable(QStringLiteral("%1, %2").arg(full).arg(hollow)));
    Tag tag;
    tag.node = NodeId(3);
    tag.text = QStringLiteral("−2 … 3  μ 0.1");
    tag.bar = 0.5;
    marks = {};
    marks.tags = {tag};
    canvas->setMarks(marks);
    const QRect under = canvas->boxRect(NodeId(3)).translated(0, canvas->boxRect(NodeId(3)).height());
    QVERIFY(shot().copy(under.adjusted(0, 2, 0, 0)) != plain.copy(under.adjusted(0, 2, 0, 0)));
    QVERIFY(countOf(shot(), color(Role::Traced)) > canvas->boxRect(NodeId(3)).width() / 2);
    canvas->setMarks({});
    QCOMPARE(shot(), plain);

    // Dimmed: what is kept looks as ever, what is not has lost its dark text.
    canvas->setDimmed(true, {NodeId(0)});
    const QImage dim = shot();
    const QRect kept = canvas->boxRect(NodeId(0)).adjusted(2, 2, -2, -2), faded = canvas->boxRect(NodeId(5));
    QCOMPARE(dim.copy(kept), plain.copy(kept));
    auto darkest = [](const QImage& image) {
        double least = 255;
        for (int y = 0; y < image.height(); ++y)
            for (int x = 0; x < image.width(); ++x)
                least = std::min(least, luminance(image.pixel(x, y)));
        return least;
    };
    QVERIFY(darkest(dim.copy(faded)) > darkest(plain.copy(faded)) + 60);
}

// Moving the kept layer must give the very picture that painting anew gives.
void TestCanvasPaint::scrolledLayerEqualsFreshPaint() {
    auto scene = grid(10, 40);
    for (double zoom : {0.31, 0.8, 1.0, 1.37}) {
        auto canvas = make(scene);
        canvas->setMinimapVisible(false);
        canvas->clearFocus();
        canvas->setViewState({zoom, QPointF(900, 1400)});
        QCoreApplication::processEvents(); // bars come and go
        canvas->viewport()->grab();
        canvas->horizontalScrollBar()->setValue(canvas->horizontalScrollBar()->value() + 37);
        canvas->viewport()->grab();
        canvas->verticalScrollBar()->setValue(canvas->verticalScrollBar()->value() - 61);
        canvas->viewport()->grab();
        canvas->horizontalScrollBar()->setValue(canvas->horizontalScrollBar()->value() - 5);
        const QImage moved = canvas->viewport()->grab().toImage();
        applyTheme(*qApp, Mode::Dark); // throws the layer away
        canvas->viewport()->grab();
        applyTheme(*qApp, Mode::Light);
        QCOMPARE(moved, canvas->viewport()->grab().toImage());
    }
}

void TestCanvasPaint::placeholderCancels() {
    auto canvas = make(nullptr);
    QSignalSpy spy(canvas.get(), &Canvas::cancelRequested);
    Placeholder busy{Placeholder::Kind::Busy, QStringLiteral("Laying out 1,908 nodes"), {}, 40, true};
    canvas->setPlaceholder(busy);
    auto* cancel = canvas->findChild<QPushButton*>(QStringLiteral("canvas.placeholder.cancel"));
    QVERIFY(cancel);
    QVERIFY(!cancel->isVisible()); // short work flashes nothing
    QTRY_VERIFY(cancel->isVisible());
    QTest::mouseClick(cancel, Qt::LeftButton);
    QCOMPARE(spy.size(), 1);
    canvas->setScene(grid(2, 2));
    QCOMPARE(canvas->placeholder().kind, Placeholder::Kind::None);
    QVERIFY(!cancel->isVisible());
}

void TestCanvasPaint::placeholderCopiesErrors() {
    auto canvas = make(nullptr);
    canvas->setPlaceholder({Placeholder::Kind::Error, QStringLiteral("Cannot lay out"),
        QStringLiteral("dot: line 4: syntax error"), -1, false});
    auto* copy = canvas->findChild<QPushButton*>(QStringLiteral("canvas.placeholder.copy"));
    QVERIFY(copy->isVisible());
    auto* report = canvas->findChild<QPlainTextEdit*>(QStringLiteral("canvas.placeholder.report"));
    QVERIFY(report->isVisible());
    QCOMPARE(report->toPlainText(), QStringLiteral("dot: line 4: syntax error"));
    QTest::mouseClick(copy, Qt::LeftButton);
    QCOMPARE(
        QGuiApplication::clipboard()->text(), QStringLiteral("Cannot lay out\ndot: line 4: syntax error"));
    QVERIFY(canvas->accessibleDescription().contains(QStringLiteral("Cannot lay out")));
    canvas->setScene(grid(2, 2)); // what is there now is what is shown
    QVERIFY(!copy->isVisible());
    QCOMPARE(canvas->placeholder().kind, Placeholder::Kind::None);
}

void TestCanvasPaint::busyOverAPictureIsAStrip() {
    auto canvas = make(grid(3, 3));
    canvas->setPlaceholder({Placeholder::Kind::Busy, QStringLiteral("Laying out"), {}, {}, true});
    auto* holder = canvas->findChild<QWidget*>(QStringLiteral("canvas.placeholder"));
    QTRY_VERIFY(holder->isVisible());
    QVERIFY(holder->height() <= 40); // the old picture stays in view
    QCOMPARE(holder->width(), canvas->viewport()->width());
}

void TestCanvasPaint::manyNodesPaint() {
    auto canvas = make(grid(50, 150), {1200, 900}); // 7,500 boxes
    canvas->setMinimapVisible(false);
    auto measure = [&](const char* what, int frames, auto&& change) {
        QElapsedTimer timer;
        double worst = 0, all = 0;
        for (int i = 0; i < frames; ++i) {
            change(i);
            timer.start();
            canvas->viewport()->repaint();
            const double ms = static_cast<double>(timer.nsecsElapsed()) / 1e6;
            worst = std::max(worst, ms);
            all += ms;
        }
        qInfo("%s: %.2f ms a frame, %.2f at worst", what, all / frames, worst);
    };
    canvas->fitAll();
    canvas->viewport()->repaint();
    measure("all 7,500 boxes, painted anew", 10,
        [&](int i) { canvas->setZoom(canvas->zoom() * (i % 2 ? 1.01 : 0.99)); });
    canvas->setHits({NodeId(10), NodeId(20), NodeId(3000)});
    measure("all 7,500 boxes, another selection", 20,
        [&](int i) { canvas->setSelected(NodeId(100u + static_cast<uint32_t>(i))); });
    canvas->setViewState({0.4, QPointF(4000, 5000)});
    measure("zoom 0.4, panned", 60,
        [&](int) { canvas->verticalScrollBar()->setValue(canvas->verticalScrollBar()->value() + 12); });
    measure("zoom 0.4, painted anew", 10, [&](int i) { canvas->setZoom(i % 2 ? 0.4 : 0.41); });
    canvas->setViewState({1.0, QPointF(4000, 5000)});
    measure("zoom 1, painted anew", 10, [&](int i) { canvas->setZoom(i % 2 ? 1.0 : 1.01); });
    measure("zoom 1, panned", 60,
        [&](int) { canvas->verticalScrollBar()->setValue(canvas->verticalScrollBar()->value() + 12); });

    // It did paint: the picture has boxes in the colours of several kinds.
    canvas->fitAll();
    canvas->setSelected({});
    const QImage image = canvas->viewport()->grab().toImage();
    QVERIFY(countOf(image, color(Role::Window)) < image.width() * image.height() * 95 / 100);
}

void TestCanvasPaint::exportsAreStable() {
    auto scene = withPort();
    scene->title = "0/0/forward/subgraph_0";
    ExportOptions options;
    const auto a = renderScene(*scene, options), b = renderScene(*scene, options);
    QVERIFY(a.ok() && b.ok());
    QCOMPARE(*a, *b);
    const QImage image = QImage::fromData(*a, "PNG");
    const ImageSize size = pngSize(*scene, options.scale);
    QCOMPARE(image.size(), QSize(size.width, size.height));
    QCOMPARE(image.pixelColor(1, 1), color(Role::Window, Scheme::Light));

    options.transparent = true;
    const auto clear = renderScene(*scene, options);
    QCOMPARE(QImage::fromData(*clear, "PNG").pixelColor(1, 1).alpha(), 0);
    options.transparent = false;
    options.scheme = Scheme::Dark;
    QCOMPARE(QImage::fromData(*renderScene(*scene, options), "PNG").pixelColor(1, 1),
        color(Role::Window, Scheme::Dark));

    options.format = ExportOptions::Format::Pdf;
    const auto pdf = renderScene(*scene, options), pdf2 = renderScene(*scene, options);
    QVERIFY(pdf.ok());
    QVERIFY(pdf->startsWith("%PDF-"));
    QVERIFY(pdf->contains("/CreationDate (D:20000101000000"));
    QCOMPARE(*pdf, *pdf2);

    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("a.pdf"));
    QVERIFY(exportScene(*scene, path, options).ok());
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.readAll(), *pdf);
}

void TestCanvasPaint::absurdPngIsRefused() {
    auto scene = grid(50, 700);
    ExportOptions options;
    const auto result = renderScene(*scene, options);
    QVERIFY(!result.ok());
    QCOMPARE(result.error().kind, Error::Kind::Usage);
    const QString text = QString::fromStdString(result.error().message);
    QVERIFY2(text.contains(QStringLiteral("SVG or PDF")), qPrintable(text));
    // The scale that it proposes does.
    const double scale = text.mid(text.lastIndexOf(u' ') + 1).toDouble();
    QVERIFY2(scale > 0.01, qPrintable(text));
    const ImageSize size = pngSize(*scene, scale);
    QVERIFY(size.width <= 32767 && size.height <= 32767 && size.bytes <= qint64(1) << 30);
    options.scale = 0;
    QCOMPARE(renderScene(*scene, options).error().kind, Error::Kind::Usage);
}

void TestCanvasPaint::exportToBadPathSaysWhere() {
    const Status status = exportScene(*grid(1, 1), QStringLiteral("/nonexistent/folder/a.png"), {});
    QVERIFY(!status.ok());
    QCOMPARE(status.error().file, std::string("/nonexistent/folder/a.png"));
}

QTEST_MAIN(TestCanvasPaint)
#include "tst_canvas_paint.moc"
