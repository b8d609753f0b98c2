// hopscope as a person or a script starts it.
#pragma once

#include <QByteArray>
#include <QProcess>
#include <QStringList>

namespace hopscope::test {

struct Run {
    int status = -1; // stays so where it does not end by itself within a minute
    QByteArray out, err;
};

inline Run run(const QStringList& words) {
    QProcess process;
    process.start(QStringLiteral(HOPSCOPE_BIN "/hopscope"), words);
    Run r;
    if (process.waitForFinished(60'000) && process.exitStatus() == QProcess::NormalExit)
        r.status = process.exitCode();
    else
        process.kill();
    r.out = process.readAllStandardOutput();
    r.err = process.readAllStandardError();
    return r;
}

} // namespace hopscope::test
