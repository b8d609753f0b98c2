// What tests over recordings share: where they lie, how they are opened, and comparison with golden files.
#pragma once

#include "core/graph/dump.h"
#include "core/read/file.h"
#include "core/read/open.h"

#include <QByteArray>
#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QStringList>
#include <QTemporaryDir>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace hopscope::test {

inline QString dataPath(const QString& relative) {
    return QStringLiteral(HOPSCOPE_TEST_DATA "/") + relative;
}

// Folders of tests/data that hold a TORCH_TRACE log, sorted.
inline QStringList recordings() {
    QStringList found;
    const QDir data(QStringLiteral(HOPSCOPE_TEST_DATA));
    for (const QString& name : data.entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name))
        if (QDir(data.filePath(name + QStringLiteral("/trace"))).exists())
            found << name;
    return found;
}

// A recording's trace folder, and its text log beside it.
inline std::string traceOf(const QString& recording) {
    return dataPath(recording + QStringLiteral("/trace")).toStdString();
}
inline std::string textLogOf(const QString& recording) {
    return dataPath(recording + QStringLiteral("/torch_logs.txt.gz")).toStdString();
}

// The bytes of a file, gzip unpacked; empty if it cannot be read.
inline QByteArray bytesOf(const QString& path) {
    const auto file = read::map_file(path.toStdString());
    return file ? QByteArray(file->bytes.data(), static_cast<qsizetype>(file->bytes.size())) : QByteArray();
}

// The one trace log of a recording, unpacked.
inline QByteArray traceBytes(const QString& recording) {
    const QDir folder(dataPath(recording + QStringLiteral("/trace")));
    const QStringList files = folder.entryList(QDir::Files, QDir::Name);
    return files.isEmpty() ? QByteArray() : bytesOf(folder.filePath(files.first()));
}

inline bool writeFile(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size();
}

struct ReadText {
    std::shared_ptr<const GraphModule> module; // null where no graph was found
    std::vector<Problem> problems;
};

// A print_readable text that the module keeps alive.
inline ReadText readText(const std::string& text) {
    const auto storage = std::make_shared<std::string>(text);
    ReadText result;
    result.module = read_print_readable(*storage, storage, false, result.problems);
    return result;
}

inline QString problemText(const std::vector<Problem>& problems) {
    QString text;
    for (const Problem& p : problems)
        text += QStringLiteral("line %1, byte %2: %3\n")
                    .arg(p.line)
                    .arg(p.offset)
                    .arg(QString::fromStdString(p.message));
    return text;
}

inline QString text(std::string_view view) {
    return QString::fromUtf8(view.data(), static_cast<qsizetype>(view.size()));
}

// Whether `actual` equals the golden file tests/golden/NAME. On a difference writes NAME.actual beside it and
// prints a diff, so that accepting a change is one `mv`.
inline bool equalsGolden(const QString& name, const QByteArray& actual) {
    const QString golden = QStringLiteral(HOPSCOPE_GOLDEN "/") + name;
    const QString mine = golden + QStringLiteral(".actual");
    QFile file(golden);
    const bool there = file.open(QIODevice::ReadOnly);
    if (there && file.readAll() == actual) {
        QFile::remove(mine);
        return true;
    }
    QDir().mkpath(QFileInfo(golden).path());
    if (!writeFile(mine, actual)) {
        std::fprintf(stderr, "cannot write %s\n", qPrintable(mine));
        return false;
    }
    if (!there) {
        std::fprintf(stderr, "there is no golden file %s\n", qPrintable(golden));
        return false;
    }
    QProcess diff;
    diff.start(QStringLiteral("diff"), {QStringLiteral("-u"), golden, mine});
    diff.waitForFinished();
    std::fprintf(stderr, "%s\n", diff.readAllStandardOutput().left(8000).constData());
    return false;
}

} // namespace hopscope::test
