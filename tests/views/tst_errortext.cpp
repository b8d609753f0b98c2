// What the window says of an error: the core's words, and what a person can do about it here.
#include "views/base/errortext.h"

#include <QTest>

using namespace hopscope;

class TestErrorText : public QObject {
    Q_OBJECT

private slots:
    void remedies_data() {
        QTest::addColumn<int>("remedy");
        QTest::addColumn<QString>("subject");
        QTest::addColumn<QString>("said"); // behind the core's own words
        const auto row = [](const char* name, Error::Remedy remedy, const char* subject, const char* said) {
            QTest::newRow(name) << int(remedy) << QString::fromLatin1(subject) << QString::fromUtf8(said);
        };
        using Remedy = Error::Remedy;
        row("none", Remedy::None, "", "");
        row("a symbol", Remedy::BindSymbol, "s0", "; Run Body… takes it under Symbols: s0=8");
        row("inputs of a script", Remedy::GiveInputs, "",
            "; open the graph's dump, and give this to Run Body… as recorded inputs");
        row("one input", Remedy::GiveInputs, "primals_1",
            "; Run Body… takes a file or folder with it as recorded inputs");
        row("outputs", Remedy::CountOutputs, "",
            "; open the backward's dump too: it says how many results are the region's own");
        row("a seed", Remedy::SeedOrInputs, "", ""); // the dialog has asked for it
        row("a body", Remedy::ChooseBody, "", ""); // the window has chosen one
    }
    void remedies() {
        QFETCH(int, remedy);
        QFETCH(QString, subject);
        QFETCH(QString, said);
        Error error = make_error(Error::Kind::Usage, "it is missing");
        error.file = "a.txt";
        error.line = 7;
        error.remedy = static_cast<Error::Remedy>(remedy);
        error.subject = subject.toStdString();
        QCOMPARE(errorText(error), QStringLiteral("a.txt:7: it is missing") + said);
        // No option of the command line, which this window does not have.
        QVERIFY(!errorText(error).contains(QStringLiteral("--")));
    }

    // Names out of a dump are shown as they are, not taken for places in a sentence.
    void namesArePlain() {
        Error error = make_error(Error::Kind::Usage, "no value for %1");
        error.remedy = Error::Remedy::BindSymbol;
        error.subject = "%2";
        QCOMPARE(
            errorText(error), QString::fromUtf8("no value for %1; Run Body… takes it under Symbols: %2=8"));
    }
};

QTEST_MAIN(TestErrorText)
#include "tst_errortext.moc"
