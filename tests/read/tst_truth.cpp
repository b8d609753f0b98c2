// What is read of recordings against what PyTorch itself held in memory (values/truth.json), node by node.
#include "core/graph/calls.h"
#include "tests/testdata.h"

#include <QJsonArray>
#include <QRegularExpression>
#include <QTest>

#include <algorithm>

using namespace hopscope;
using namespace hopscope::test;

class TestTruth : public QObject {
    Q_OBJECT

private slots:
    void nodesEqualTheTruth_data();
    void nodesEqualTheTruth();
};

namespace {

// PyTorch logs Dynamo's graph before it puts regions inline that are used once; the truth has it after.
const QStringList kLoggedBeforeInlining{"shapes", "kwargs_and_ints", "lstm_like", "used_once"};
const QStringList kStages{"dynamo", "forward", "backward", "inference"};

struct TruthFile {
    int rank = -1;
    QString path;
};

QList<TruthFile> truthFiles(const QString& recording) {
    QList<TruthFile> files;
    const QDir folder(dataPath(recording));
    for (const QString& rank : folder.entryList({"rank*"}, QDir::Dirs, QDir::Name))
        files.append({rank.mid(4).toInt(), folder.filePath(rank + "/values/truth.json.gz")});
    if (files.isEmpty())
        files.append({-1, folder.filePath("values/truth.json.gz")});
    return files;
}

QStringList names(const GraphModule& m, const Body& body, std::span<const NodeId> nodes) {
    QStringList list;
    for (const NodeId n : nodes)
        list << test::text(m.text(body.node(n).name));
    return list;
}

QStringList strings(const QJsonValue& array) {
    QStringList list;
    for (const QJsonValue& v : array.toArray())
        list << v.toString();
    return list;
}

QStringList dims(const GraphModule& m, std::span<const StringId> ids) {
    QStringList list;
    for (const StringId id : ids)
        list << test::text(m.text(id));
    return list;
}

// Python's repr stands for functions that have no stable name: '<built-in function add>', '<function silu at
// 0x…>'.
bool sameTarget(const QString& ours, const QString& truth) {
    static const QRegularExpression repr(QStringLiteral("^<(?:built-in )?(?:function|method) (\\w+)"));
    const auto match = repr.match(truth);
    if (!match.hasMatch())
        return ours == truth;
    static const QRegularExpression underscores(QStringLiteral("_+$"));
    return QString(ours.section('.', -1)).remove(underscores) == match.captured(1).remove(underscores);
}

QStringList valDifferences(const GraphModule& m, const Node& node, const QJsonObject& val) {
    const ValueType* type = m.type(node.type);
    if (!type || type->kind != TypeKind::Tensor)
        return {QStringLiteral("no tensor type")};
    const DType* dtype = dtype_by_abbreviation(m.text(type->dtype));
    QStringList found;
    if (!dtype || test::text(dtype->name) != val["dtype"].toString())
        found << "dtype " + test::text(m.text(type->dtype)) + ", truth " + val["dtype"].toString();
    if (dims(m, m.shape(*type)) != strings(val["shape"]))
        found << "shape " + dims(m, m.shape(*type)).join(',') + ", truth " + strings(val["shape"]).join(',');
    if (dims(m, m.stride(*type)) != strings(val["stride"]))
        found << "stride " + dims(m, m.stride(*type)).join(',') + ", truth "
                + strings(val["stride"]).join(',');
    if (test::text(m.text(type->device)) != val["device"].toString())
        found << "device " + test::text(m.text(type->device)) + ", truth " + val["device"].toString();
    return found;
}

QStringList nodeDifferences(const GraphModule& m, BodyId scope, NodeId id, const QJsonObject& truth) {
    const Body& body = m.body(scope);
    const Node& node = body.node(id);
    QStringList found;
    const auto check = [&](const char* what, const QString& ours, const QString& theirs) {
        if (ours != theirs)
            found << QString::fromLatin1(what) + ' ' + ours + ", truth " + theirs;
    };
    check("name", test::text(m.text(node.name)), truth["name"].toString());
    check("op", test::text(opcode_name(node.op)), truth["op"].toString());
    if (!sameTarget(test::text(short_target(m, node)), truth["target"].toString()))
        check("target", test::text(short_target(m, node)), truth["target"].toString());
    check("inputs", names(m, body, body.inputs_of(node)).join(' '), strings(truth["inputs"]).join(' '));
    // PyTorch's order of users is the order in which passes added them; the text cannot tell it.
    QStringList ours = names(m, body, body.users_of(node));
    QStringList theirs = strings(truth["users"]);
    ours.sort();
    theirs.sort();
    check("users", ours.join(' '), theirs.join(' '));
    if (truth["val"].toObject().contains("dtype"))
        found << valDifferences(m, node, truth["val"].toObject());
    const bool commented = node.op != Opcode::Placeholder && node.op != Opcode::Output;
    if (truth["call_id"].isDouble() && commented) {
        const Source* source = m.source(node.source);
        check("call_id", QString::number(source ? source->call_id.value_or(-1) : -1),
            QString::number(truth["call_id"].toInt()));
    }
    if (node.op == Opcode::CallFunction && truth.contains("identifier")) {
        const auto call = region_call(m, scope, id);
        check("identifier", call ? test::text(call->identifier) : QString(), truth["identifier"].toString());
        check("body", call ? test::text(m.text(call->attribute)) : QString(), truth["body"].toString());
    }
    return found;
}

QStringList bodyDifferences(const GraphModule& m, BodyId id, const QJsonArray& truth) {
    const Body& body = m.body(id);
    QStringList found;
    if (static_cast<qsizetype>(body.nodes.size()) != truth.size())
        found << QStringLiteral("%1 nodes, truth %2").arg(body.nodes.size()).arg(truth.size());
    for (size_t i = 0; i < body.nodes.size() && static_cast<qsizetype>(i) < truth.size(); ++i)
        for (const QString& d :
            nodeDifferences(m, id, NodeId(i), truth[static_cast<qsizetype>(i)].toObject()))
            found << test::text(m.text(body.nodes[i].name)) + ": " + d;
    return found;
}

} // namespace

void TestTruth::nodesEqualTheTruth_data() {
    QTest::addColumn<QString>("recording");
    int count = 0;
    for (const QString& name : recordings())
        if (QFile::exists(truthFiles(name).first().path)) {
            QTest::newRow(qPrintable(name)) << name;
            ++count;
        }
    QVERIFY2(count >= 12, "recordings with a truth are missing");
}

void TestTruth::nodesEqualTheTruth() {
    QFETCH(QString, recording);
    const auto dump = open_dump({traceOf(recording)});
    QVERIFY2(dump.ok(), dump.ok() ? "" : dump.error().text().c_str());
    QVERIFY2(dump->problems.empty(), qPrintable(problemText(dump->problems)));
    int compared = 0;
    int apart = 0;
    int stages = 0;
    for (const TruthFile& file : truthFiles(recording)) {
        const QJsonDocument truth = QJsonDocument::fromJson(bytesOf(file.path));
        QVERIFY(truth.isObject());
        std::vector<const Graph*> ours;
        for (const Graph& g : dump->graphs)
            if (g.label.empty() && (file.rank < 0 || dump->compilation(g.compilation).key.rank == file.rank))
                ours.push_back(&g);
        for (const QJsonValue& value : truth["stages"].toArray()) {
            const QJsonObject stage = value.toObject();
            if (!kStages.contains(stage["stage"].toString()))
                continue;
            ++stages;
            const QJsonArray bodies = stage["bodies"].toArray();
            const QJsonArray root = bodies.first().toObject()["nodes"].toArray();
            // Several frames may log graphs of the same names: the one that differs least is meant.
            size_t best = ours.size();
            qsizetype least = 0;
            for (size_t i = 0; i < ours.size(); ++i) {
                if (test::text(stage_name(ours[i]->stage)) != stage["stage"].toString())
                    continue;
                const qsizetype n = bodyDifferences(*ours[i]->module, BodyId(0), root).size();
                if (best == ours.size() || n < least) {
                    best = i;
                    least = n;
                }
            }
            QVERIFY2(best < ours.size(), qPrintable("no graph of stage " + stage["stage"].toString()));
            const GraphModule& m = *ours[best]->module;
            ours.erase(ours.begin() + static_cast<ptrdiff_t>(best));
            if (stage["stage"] == "dynamo" && least > 0 && kLoggedBeforeInlining.contains(recording)) {
                ++apart;
                continue;
            }
            for (const QJsonValue& b : bodies) {
                const QString path = b.toObject()["path"].toString();
                const BodyId id = find_body(m, path.toStdString());
                QVERIFY2(id.valid(), qPrintable(stage["stage"].toString() + ": no body " + path));
                const QJsonArray nodes = b.toObject()["nodes"].toArray();
                const QStringList found = bodyDifferences(m, id, nodes);
                QVERIFY2(found.isEmpty(),
                    qPrintable(stage["stage"].toString() + ':' + path + '\n' + found.mid(0, 10).join('\n')));
                compared += static_cast<int>(nodes.size());
            }
        }
    }
    QCOMPARE(apart, kLoggedBeforeInlining.contains(recording) ? 1 : 0);
    if (stages > 0)
        QVERIFY(compared > 0);
    else // nothing to compare only where PyTorch failed before it had a graph
        QVERIFY(!dump->failures.empty());
}

QTEST_GUILESS_MAIN(TestTruth)
#include "tst_truth.moc"
