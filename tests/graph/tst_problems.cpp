// What counts as a problem of the input and what only as a note.
#include "core/graph/problems.h"

#include <QTest>

using namespace hopscope;

class TestProblems : public QObject {
    Q_OBJECT

private slots:
    void countsNotesApart();
    void addsUp();
};

namespace {

Problem said(Severity severity) {
    return Problem{.severity = severity, .message = "said", .file = {}};
}

} // namespace

void TestProblems::countsNotesApart() {
    QVERIFY(count_problems({}).none());
    QCOMPARE(count_problems({}).text(), std::string());
    const std::vector<Problem> healthy{said(Severity::Note)};
    QCOMPARE(count_problems(healthy).problems, size_t{0});
    QCOMPARE(count_problems(healthy).text(), std::string("1 note"));
    const std::vector<Problem> ill{
        said(Severity::Error), said(Severity::Note), said(Severity::Warning), said(Severity::Note)};
    QCOMPARE(count_problems(ill).text(), std::string("2 problems, 2 notes"));
    QCOMPARE(count_problems(std::span(ill).first(1)).text(), std::string("1 problem"));
}

void TestProblems::addsUp() {
    const std::vector<Problem> one{said(Severity::Error), said(Severity::Note)};
    ProblemCount sum = count_problems(one);
    sum += count_problems(one);
    sum.problems += 3;
    QCOMPARE(sum.text(), std::string("5 problems, 2 notes"));
}

QTEST_APPLESS_MAIN(TestProblems)
#include "tst_problems.moc"
