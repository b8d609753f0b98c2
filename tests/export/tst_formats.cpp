// The table of export formats.
#include "core/export/formats.h"

#include <QTest>

#include <set>

using namespace hopscope;

class TestFormats : public QObject {
    Q_OBJECT

private slots:
    void findsByExtension() {
        QVERIFY(export_format("svg"));
        QCOMPARE(export_format("SVG"), export_format("svg"));
        QCOMPARE(export_format("gv"), export_format("dot"));
        for (const char* none : {"", "xyz", ".svg", "sv", "svgz"})
            QVERIFY2(!export_format(none), none);
    }

    void tableIsSound() {
        std::set<std::string_view> extensions;
        for (const ExportFormat& format : export_formats()) {
            QVERIFY(extensions.insert(format.extension).second);
            QVERIFY(!format.name.empty());
            QVERIFY(!format.pixels || format.painted);
            QCOMPARE(export_format(format.extension), &format);
        }
        QVERIFY(extensions.contains("svg") && extensions.contains("png"));
    }

    void listsThem() { QCOMPARE(export_format_list(), std::string("svg, pdf, png, dot, json, html or txt")); }
};

QTEST_GUILESS_MAIN(TestFormats)
#include "tst_formats.moc"
