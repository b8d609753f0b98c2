// hopscope prove: bodies that belong together are the same computation, and one edit in one of them is found.
#include "tests/worker/worker.h"

#include "core/graph/print.h"
#include "core/graph/reading.h"
#include "core/proof/difference.h"
#include "core/proof/proof_text.h"
#include "core/proof/prove.h"
#include "core/proof/wiring.h"
#include "core/regions/ledger.h"
#include "core/run/input_files.h"
#include "tests/proof/faults.h"

#include <QTest>

#include <cmath>

using namespace hopscope;
using namespace hopscope::test;

namespace {

// Recordings that are here for this alone lie apart.
std::string recordingOf(const QString& name) {
    const QString alone = dataPath(QStringLiteral("joint/") + name + QStringLiteral(".log.gz"));
    return QFile::exists(alone) ? alone.toStdString() : traceOf(name);
}

// The backward of a layer norm takes its bias, but no gradient depends on the bias's values.
bool isBiasOnly(const Dump& dump, const Invocation& invocation, int result) {
    const Place &f = invocation.body(CallSite::Forward), &b = invocation.body(CallSite::Backward);
    const GraphModule &forward = *dump.graph(f.graph).module, &backward = *dump.graph(b.graph).module;
    const Arg* arg = results_of(forward.body(f.body)).at(static_cast<size_t>(result));
    const std::string_view name = forward.text(forward.body(f.body).node(arg->node()).name);
    const Body& body = backward.body(b.body);
    const NodeId placeholder = find_node(backward, body, name);
    const auto users = body.users_of(body.node(placeholder));
    if (users.size() != 1
        || short_target(backward, body.node(users[0])) != "aten.native_layer_norm_backward.default")
        return false;
    size_t position = 0;
    const auto args = body.args_of(body.node(users[0]));
    for (size_t i = 0; i < args.size(); i += args[i].size, ++position)
        if (args[i].node() == placeholder)
            return position == 6;
    return false;
}

} // namespace

class TestProve : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void provesRecordings_data();
    void provesRecordings();
    void provesWithoutARecordedJoint();
    void rerunsARecordedInvocation();
    void findsSeededFaults_data();
    void findsSeededFaults();
    void findsWrongSavedIndices_data();
    void findsWrongSavedIndices();
    void toleratesRoundingOnly();
    void saysWhatWasCompared();
    void refuses();

private:
    Result<std::vector<proof::Proof>> prove(const Dump& dump) {
        return proof::prove(*executor_, dump, build_ledger(dump), {});
    }
    // What is wrong with what a fault in `dump` gives; empty: nothing, the fault was not found.
    QString found(const Dump& dump);

    std::unique_ptr<worker::Worker> executor_;
};

void TestProve::initTestCase() {
    auto started = startExecutor();
    QVERIFY2(started.ok(), started.ok() ? "" : started.error().text().c_str());
    executor_ = std::move(*started);
}

QString TestProve::found(const Dump& dump) {
    for (const Graph& graph : dump.graphs)
        if (!graph.module)
            return QStringLiteral("not readable");
    const auto proofs = prove(dump);
    if (!proofs)
        return QString::fromStdString(proofs.error().text());
    for (const proof::Proof& proof : *proofs) {
        if (!proof.problem.empty())
            return QString::fromStdString(proof.problem);
        for (const proof::ProvenOutput& output : proof.outputs)
            if (!output.equal)
                return QString::fromStdString(output.name + ": " + output.problem);
    }
    return {};
}

void TestProve::provesRecordings_data() {
    QTest::addColumn<QString>("recording");
    QTest::addColumn<int>("proofs");
    const std::pair<const char*, int> rows[] = {{"checkpointed", 1}, {"ddp4", 5}, {"dup_tangents", 2},
        {"gpt12", 1}, {"gpt12_nested", 2}, {"graph_breaks", 3}, {"hf_llama", 1}, {"kwargs_and_ints", 1},
        {"lstm_like", 2}, {"mlp4", 1}, {"moe", 1}, {"outputs_mixed", 2}, {"recompiles", 3}, {"shapes", 2},
        {"two_functions", 2}, {"v2.9-dup_tangents", 2}, {"v2.9-mlp4", 1}};
    for (const auto& [name, proofs] : rows)
        QTest::newRow(name) << QString::fromLatin1(name) << proofs;
}

void TestProve::provesRecordings() {
    QFETCH(QString, recording);
    QFETCH(int, proofs);
    const auto dump = open_dump({recordingOf(recording)});
    QVERIFY(dump.ok());
    const auto all = prove(*dump);
    QVERIFY2(all.ok(), all.ok() ? "" : all.error().text().c_str());
    QCOMPARE(static_cast<int>(all->size()), proofs);
    int halves = 0;
    for (const proof::Proof& proof : *all) {
        QVERIFY2(proof.problem.empty(), proof.problem.c_str());
        QVERIFY(proof.equal);
        QCOMPARE(proof.reference, std::string("recorded joint"));
        QVERIFY(proof.trials >= 3); // whatever permuted strides the bodies refuse
        halves += proof.backward.graph.valid();
        for (const proof::ProvenOutput& output : proof.outputs) {
            QVERIFY2(output.equal && output.problem.empty(), output.problem.c_str());
            QVERIFY(output.derived_error && *output.derived_error < 2e-6);
            QVERIFY(!proof.backward.graph || (output.halves_error && *output.halves_error < 2e-6));
        }
        for (const proof::OperatorDifference& d : proof.operators)
            QVERIFY2(!d.reason.empty(), d.target.c_str());
    }
    // The inner region of a nested one has a joint graph in the place of its backward body.
    QCOMPARE(halves, recording == QStringLiteral("gpt12_nested") ? 1 : proofs);
}

void TestProve::provesWithoutARecordedJoint() {
    const auto dump = open_dump({dataPath(QStringLiteral("mlp4/values/00_forward.txt")).toStdString(),
        dataPath(QStringLiteral("mlp4/values/01_backward.txt")).toStdString()});
    QVERIFY(dump.ok());
    const auto all = prove(*dump);
    QVERIFY2(all.ok(), all.ok() ? "" : all.error().text().c_str());
    QCOMPARE(all->size(), size_t{1});
    QCOMPARE(all->front().reference, std::string("derived joint"));
    QVERIFY2(all->front().equal, all->front().problem.c_str());
    // Cut back to its true output: seven gradients and one output.
    QCOMPARE(all->front().outputs.size(), size_t{8});
    for (const proof::ProvenOutput& output : all->front().outputs)
        QVERIFY(output.halves_error && *output.halves_error < 2e-6 && !output.derived_error);
}

namespace {

// Why an edit changes nothing; empty if it must be found.
QString provablyEqual(const QString& fault) {
    // Without keepdim the same numbers stand in the same order, and the one user is a view to given sizes, or
    // a broadcast that puts the dimension back.
    if (fault.contains(QStringLiteral("sum.dim_IntList")) && fault.contains(QStringLiteral("True)  BECOMES"))
        && fault.contains(QStringLiteral(", False)")))
        return QStringLiteral("keepdim before a view");
    // An end beyond the dimension is its end.
    if (fault.contains(QStringLiteral("slice.Tensor(mm, 1, 16, 32)  BECOMES")))
        return QStringLiteral("a slice's end beyond the dimension");
    // The backward masks gradients where the probability is 0, and so they are 0 already.
    if (fault.contains(QStringLiteral(":backward:")) && fault.contains(QStringLiteral("triu.default")))
        return QStringLiteral("a mask of what is 0");
    return {};
}

} // namespace

void TestProve::rerunsARecordedInvocation() {
    const auto dump = open_dump({recordingOf(QStringLiteral("mlp4"))});
    QVERIFY(dump.ok());
    proof::ProveOptions options;
    options.seeds = 1;
    options.invocation = 2;
    for (const char* stem : {"00_forward", "01_backward"}) {
        auto file = run::read_tensors(
            dataPath(QStringLiteral("mlp4/values/%1.safetensors.gz").arg(QLatin1String(stem))).toStdString());
        QVERIFY(file);
        options.recorded.push_back(std::move(*file));
    }
    auto proofs = proof::prove(*executor_, *dump, build_ledger(*dump), options);
    QVERIFY(proofs);
    QCOMPARE(proofs->size(), size_t{1});
    QVERIFY(proofs->front().on_recorded);
    QCOMPARE(proofs->front().invocation, 2);
    QVERIFY(proofs->front().equal);
    const int trials = proofs->front().trials;
    // Without the backward's values there are no tangents, and what is left are the made inputs.
    options.recorded.pop_back();
    proofs = proof::prove(*executor_, *dump, build_ledger(*dump), options);
    QVERIFY(proofs);
    QVERIFY(!proofs->front().on_recorded);
    QCOMPARE(proofs->front().trials, trials - 1);
}

void TestProve::findsSeededFaults_data() {
    QTest::addColumn<QString>("recording");
    QTest::addColumn<int>("step"); // every so many edits, for time's sake
    QTest::addColumn<int>("least"); // edits that are made
    const std::tuple<const char*, int, int> rows[] = {{"mlp4", 1, 35}, {"dup_tangents", 1, 25},
        {"lstm_like", 5, 30}, {"outputs_mixed", 1, 20}, {"gpt12", 3, 40}, {"kwargs_and_ints", 1, 15},
        {"moe", 3, 30}};
    for (const auto& [name, step, least] : rows)
        QTest::newRow(name) << QString::fromLatin1(name) << step << least;
}

void TestProve::findsSeededFaults() {
    QFETCH(QString, recording);
    QFETCH(int, step);
    QFETCH(int, least);
    const auto dump = open_dump({recordingOf(recording)});
    QVERIFY(dump.ok());
    std::vector<Place> seen;
    std::vector<Fault> faults;
    const Ledger ledger = build_ledger(*dump);
    for (const Invocation& invocation : ledger.compilations.front().invocations)
        for (const CallSite site :
            {CallSite::Joint, CallSite::JointBackward, CallSite::Forward, CallSite::Backward}) {
            const Place& body = invocation.body(site);
            if (!body.graph || std::find(seen.begin(), seen.end(), body) != seen.end())
                continue;
            seen.push_back(body);
            for (Fault& fault : faultsIn(*dump, body))
                faults.push_back(std::move(fault));
        }
    int made = 0;
    for (size_t i = 0; i < faults.size(); i += static_cast<size_t>(step), ++made) {
        const QString what = found(withText(*dump, faults[i].graph, faults[i].text));
        const QString excuse = provablyEqual(faults[i].where);
        QVERIFY2(
            what.isEmpty() == !excuse.isEmpty(), qPrintable(faults[i].where + QStringLiteral("  ") + what));
    }
    QVERIFY2(made >= least, qPrintable(QString::number(made)));
}

void TestProve::findsWrongSavedIndices_data() {
    QTest::addColumn<QString>("recording");
    for (const char* name : {"mlp4", "dup_tangents"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

// The calls hand the wrong value on: another item of the forward call, or two operands of the backward call
// exchanged.
void TestProve::findsWrongSavedIndices() {
    QFETCH(QString, recording);
    const auto dump = open_dump({recordingOf(recording)});
    QVERIFY(dump.ok());
    const Ledger ledger = build_ledger(*dump);
    const Invocation& invocation = ledger.compilations.front().invocations.front();
    const auto textOf = [&](CallSite site) {
        return QString::fromStdString(
            print_readable(*dump->graph(invocation.call(site).graph).module, BodyId(0)));
    };
    int made = 0;
    const QString forward = textOf(CallSite::Forward);
    const QString call = text(dump->graph(invocation.call(CallSite::Forward).graph)
                                  .module->text(dump->graph(invocation.call(CallSite::Forward).graph)
                                                    .module->body(BodyId(0))
                                                    .node(invocation.call(CallSite::Forward).node)
                                                    .name));
    const QRegularExpression of(QStringLiteral(R"( = %1\[(\d+)\])").arg(call));
    for (auto at = of.globalMatch(forward); at.hasNext();) {
        const auto match = at.next();
        const int index = match.captured(1).toInt();
        if (index < 2) // the first is the output, the second has the first for a neighbour
            continue;
        QString changed = forward;
        changed.replace(match.capturedStart(1), match.capturedLength(1), QString::number(index - 1));
        const QString what = found(withText(*dump, invocation.call(CallSite::Forward).graph, changed));
        QVERIFY2(what.isEmpty() == isBiasOnly(*dump, invocation, index), qPrintable(match.captured() + what));
        ++made;
    }
    const QString backward = textOf(CallSite::Backward);
    static const QRegularExpression operands(
        QStringLiteral(R"(invoke_subgraph\(\w+, '(partitioned_bw_\w+)', (\w+), (\w+))"));
    for (auto at = operands.globalMatch(backward); at.hasNext();) {
        const auto match = at.next();
        QString changed = backward;
        changed.replace(match.capturedStart(2), match.capturedEnd(3) - match.capturedStart(2),
            match.captured(3) + QStringLiteral(", ") + match.captured(2));
        const QString what = found(withText(*dump, invocation.call(CallSite::Backward).graph, changed));
        QVERIFY2(!what.isEmpty(), qPrintable(match.captured()));
        ++made;
    }
    QVERIFY2(made >= 3, qPrintable(QString::number(made)));
}

void TestProve::toleratesRoundingOnly() {
    Values values;
    values.floats("a", {2}, {1.0f, 100.0f})
        .floats("b", {2}, {1.0f, 100.001f})
        .floats("c", {2}, {1.0f, 100.01f});
    values.floats("noise", {2}, {1e-9f, -2e-9f})
        .floats("zero", {2}, {3e-9f, 1e-9f})
        .floats("nan", {2}, {1.0f, NAN});
    values.floats("other", {1, 2}, {1.0f, 100.0f}).integers("i", {1}, {7}).integers("j", {1}, {8});
    const auto differ = [&](int a, int b, double reach) {
        return proof::difference(
            values.all[static_cast<size_t>(a)], values.all[static_cast<size_t>(b)], reach);
    };
    enum { A, B, C, Noise, Zero, Nan, Other, I, J };
    QVERIFY(differ(B, A, 0).equal);
    QVERIFY(!differ(C, A, 0).equal);
    QVERIFY(std::abs(differ(C, A, 0).relative - 1e-4) < 1e-6);
    // What cancels to zero among values of 1 is noise; alone it is not.
    QVERIFY(differ(Zero, Noise, 1).equal);
    QVERIFY(!differ(Zero, Noise, 0).equal);
    QVERIFY(differ(Nan, Nan, 0).equal);
    QVERIFY(!differ(Nan, A, 1e9).equal);
    QVERIFY(differ(Other, A, 0).reason.find("[1, 2]") != std::string::npos);
    QVERIFY(!differ(I, J, 1e9).equal);
    QVERIFY(differ(I, I, 0).equal);
}

// Where only the derived joint graph refuses its inputs, the halves were compared all the same.
void TestProve::saysWhatWasCompared() {
    const auto dump = open_dump({recordingOf(QStringLiteral("mlp4"))});
    QVERIFY(dump.ok());
    const auto all = prove(*dump);
    QVERIFY2(all.ok(), all.ok() ? "" : all.error().text().c_str());
    proof::Proof proof = all->at(0);
    const auto said = [&] {
        return QString::fromStdString(proof::proof_text(*dump, proof, false))
            .section(QLatin1Char('\n'), 0, 0);
    };
    const QString region = QString::fromStdString(proof.region) + QStringLiteral(" variant 0: ");
    const QString sets = QStringLiteral("on %1 sets of synthetic inputs").arg(proof.trials);
    QCOMPARE(said(), region + QStringLiteral("equal ") + sets);
    proof.equal = false;
    QCOMPARE(said(), region + QStringLiteral("DIFFERENT ") + sets);
    proof.compared = false;
    QCOMPARE(said(),
        region + QStringLiteral("halves equal the recorded joint ") + sets
            + QStringLiteral("; derived joint NOT COMPARED on all of them"));
    for (proof::ProvenOutput& output : proof.outputs)
        output.derived_error.reset();
    QCOMPARE(said(),
        region + QStringLiteral("halves equal the recorded joint ") + sets
            + QStringLiteral("; derived joint NOT COMPARED"));
    for (proof::ProvenOutput& output : proof.outputs)
        output.halves_error.reset();
    QCOMPARE(said(), region + QStringLiteral("NOT COMPARED"));
}

void TestProve::refuses() {
    const auto dump = open_dump({traceOf(QStringLiteral("mlp4"))});
    QVERIFY(dump.ok());
    proof::ProveOptions options;
    options.region = "nobody";
    const auto unknown = proof::prove(*executor_, *dump, build_ledger(*dump), options);
    QVERIFY(!unknown.ok() && unknown.error().message.find("'nobody'") != std::string::npos);
    options.region.clear();
    options.invocation = 77;
    const auto never = proof::prove(*executor_, *dump, build_ledger(*dump), options);
    QVERIFY(!never.ok() && never.error().message.find("no invocation 77") != std::string::npos);
    const auto none = open_dump({traceOf(QStringLiteral("gpt4_infer"))});
    QVERIFY(none.ok());
    const auto nothing = prove(*none);
    QVERIFY(!nothing.ok() && nothing.error().kind == Error::Kind::NotFound);
}

QTEST_GUILESS_MAIN(TestProve)
#include "tst_prove.moc"
