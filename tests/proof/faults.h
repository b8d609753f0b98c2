// Faults seeded into copies of bodies: one operator, constant, operand order or saved index edited at a time.
#pragma once

#include "tests/testdata.h"

#include "core/graph/print.h"

#include <QRegularExpression>
#include <QString>

#include <vector>

namespace hopscope::test {

struct Fault {
    QString where; // "0/0:forward, mm: addmm.default(a, b) becomes …"
    GraphId graph;
    QString text; // of the whole graph, edited
};

// The first and last line of a body's class in a graph's text; the root's where `name` is empty.
inline std::pair<qsizetype, qsizetype> linesOfBody(const QStringList& lines, const QString& name) {
    qsizetype begin = -1, end = lines.size();
    for (qsizetype i = 0; i < lines.size(); ++i) {
        const QString line = lines[i].trimmed();
        if (!line.startsWith(QStringLiteral("class ")))
            continue;
        if (begin >= 0) {
            end = i;
            break;
        }
        if (name.isEmpty() || line.startsWith(QStringLiteral("class ") + name + QLatin1Char('(')))
            begin = i;
    }
    return {begin, end};
}

// What one statement may be turned into. Each edit changes one thing.
inline QStringList edited(const QString& statement) {
    static const std::vector<std::pair<const char*, const char*>> operators{
        {"aten.add.Tensor", "aten.sub.Tensor"}, {"aten.mul.Tensor", "aten.add.Tensor"},
        {"aten.gelu.default", "aten.silu.default"}, {"aten.tanh.default", "aten.sigmoid.default"},
        {"aten.sin.default", "aten.cos.default"}, {"aten.cos.default", "aten.sin.default"},
        {"aten.sum.dim_IntList", "aten.mean.dim"}, {"aten.sigmoid_backward", "aten.tanh_backward"},
        {"aten.tanh_backward", "aten.sigmoid_backward"}, {"aten.neg.default", "aten.abs.default"},
        {"aten.silu.default", "aten.relu.default"}, {"aten.rsqrt.default", "aten.sqrt.default"},
        {"aten.sigmoid.default", "aten.tanh.default"},
        {"aten._softmax.default", "aten._log_softmax.default"}};
    static const QRegularExpression real(
        QStringLiteral(R"((?<=[(, ])(\d+\.\d*(?:e-?\d+)?|\d+e-\d+)(?=[,)]))"));
    static const QRegularExpression flag(QStringLiteral(R"(\bTrue\b)"));
    static const QRegularExpression operands(
        QStringLiteral(R"(((?:sub|div|mm|bmm|_backward|_backward_data|addmm)\.\w+)\((\w+), ([a-z]\w*))"));
    static const QRegularExpression number(QStringLiteral(R"((?<=, )(\d+)(?=\);|\)$))"));
    QStringList all;
    for (const auto& [from, to] : operators)
        if (statement.contains(QLatin1String(from)))
            all << QString(statement).replace(QLatin1String(from), QLatin1String(to));
    if (const auto match = real.match(statement); match.hasMatch()) {
        QString changed = statement;
        all << changed.replace(match.capturedStart(), match.capturedLength(),
            QString::number(match.captured().toDouble() * 3 + 0.001, 'g', 17));
    }
    if (const auto match = flag.match(statement); match.hasMatch()) {
        QString changed = statement;
        all << changed.replace(match.capturedStart(), match.capturedLength(), QStringLiteral("False"));
    }
    if (const auto match = operands.match(statement);
        match.hasMatch() && match.captured(2) != match.captured(3)) {
        QString changed = statement;
        all << changed.replace(match.capturedStart(), match.capturedLength(),
            match.captured(1) + QLatin1Char('(') + match.captured(3) + QStringLiteral(", ")
                + match.captured(2));
    }
    if (const auto match = number.match(statement);
        match.hasMatch() && !statement.contains(QStringLiteral("invoke_"))) {
        QString changed = statement;
        all << changed.replace(
            match.capturedStart(), match.capturedLength(), QString::number(match.captured().toInt() + 1));
    }
    return all;
}

// Every single edit of a body's statements.
inline std::vector<Fault> faultsIn(const Dump& dump, const Place& place) {
    std::vector<Fault> faults;
    const GraphModule& module = *dump.graph(place.graph).module;
    PrintOptions print;
    print.deletions = false; // but with the comments: calls are paired by what they say
    const QStringList lines =
        QString::fromStdString(print_readable(module, BodyId(0), print)).split(QLatin1Char('\n'));
    const std::string path = body_path(module, place.body);
    const auto [begin, end] = linesOfBody(lines, text(path).section(QLatin1Char('.'), -1));
    for (qsizetype i = begin + 2; begin >= 0 && i < end; ++i) {
        if (lines[i].trimmed().startsWith(QLatin1Char('#')))
            continue;
        for (const QString& changed : edited(lines[i])) {
            QStringList copy = lines;
            copy[i] = changed;
            faults.push_back(
                {QString::fromStdString(address_of(dump, place.graph, place.body)) + QStringLiteral(": ")
                        + lines[i].trimmed() + QStringLiteral("  BECOMES  ") + changed.trimmed(),
                    place.graph, copy.join(QLatin1Char('\n'))});
        }
    }
    return faults;
}

// The dump with one of its graphs read from another text. Null module where the text is none.
inline Dump withText(const Dump& dump, GraphId graph, const QString& text) {
    Dump copy = dump;
    copy.graphs[graph.index].module = readText(text.toStdString()).module;
    return copy;
}

} // namespace hopscope::test
