// What the window asks the executor about regions: derived joint graphs, proofs, schemas. The answers are
// core's.
#include "views/shell/mainwindow.h"

#include "core/graph/calls.h"
#include "core/proof/derive.h"
#include "core/proof/proof_text.h"
#include "core/proof/schema.h"
#include "core/regions/ledger.h"
#include "views/base/text.h"
#include "views/base/theme.h"

#include <QClipboard>
#include <QDialogButtonBox>
#include <QGuiApplication>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace hopscope {

namespace {

// What a job brings back: a text to show, or a graph.
struct Answer {
    Error error;
    bool failed = false;
    std::string text;
    std::optional<proof::DerivedJoint> joint;

    void fail(const Error& e) {
        failed = true;
        error = e;
    }
};

void derive(const Document& document, const Place& forward, Answer& answer, const Job& job) {
    const Dump& dump = document.dump();
    auto derived = proof::derive(dump, forward, {}, job);
    if (!derived)
        return answer.fail(derived.error());
    answer.joint = std::move(derived->joint);
}

void prove(const Document& document, const std::string& region, Answer& answer, const Job& job) {
    proof::ProveOptions options;
    options.region = region;
    const auto proofs = proof::prove(document.dump(), document.ledger(), options, job);
    if (!proofs)
        return answer.fail(proofs.error());
    for (const proof::Proof& proof : proofs->all)
        answer.text += proof::proof_text(document.dump(), proof, /*recorded_given=*/false);
}

void schema(const Document& document, const Place& call, Answer& answer, const Job& job) {
    const auto found = proof::call_schema(document.dump(), call, run::Request(), job);
    if (!found)
        return answer.fail(found.error());
    answer.text = proof::schema_text(*found);
}

} // namespace

void MainWindow::showReport(const QString& title, const QString& text) {
    auto* dialog = new QDialog(this);
    dialog->setObjectName(QStringLiteral("report"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(title);
    auto* view = new QPlainTextEdit(text, dialog);
    view->setReadOnly(true);
    view->setFont(monoFont());
    view->setLineWrapMode(QPlainTextEdit::NoWrap);
    view->setAccessibleName(title);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, dialog);
    QPushButton* copy = buttons->addButton(tr("&Copy"), QDialogButtonBox::ActionRole);
    connect(copy, &QPushButton::clicked, dialog, [text] { QGuiApplication::clipboard()->setText(text); });
    connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::close);
    auto* layout = new QVBoxLayout(dialog);
    layout->addWidget(view);
    layout->addWidget(buttons);
    dialog->resize(760, 420);
    dialog->show();
}

// Runs `work` as a job on the document that is open now; `done` gets its answer, unless another document came
// meanwhile.
void MainWindow::askAbout(const QString& name, std::function<void(const Document&, void*, const Job&)> work,
    std::function<void(void*)> done) {
    auto answer = std::make_shared<Answer>();
    const std::shared_ptr<const Document> document = document_;
    jobs_.start(
        name, [=](const Job& job) { work(*document, answer.get(), job); },
        [=, this] {
            if (!document_ || !document->same_reading(*document_))
                return;
            if (answer->failed && answer->error.kind == Error::Kind::Cancelled)
                note(tr("Cancelled"));
            else if (answer->failed)
                showError(name, answer->error);
            else
                done(answer.get());
        });
}

void MainWindow::connectDerive() {
    on(Do::DeriveJoint, [this] {
        const Place forward = navigator_.pane(navigator_.state().focus);
        askAbout(
            tr("Deriving the joint graph"),
            [forward](const Document& document, void* answer, const Job& job) {
                derive(document, forward, *static_cast<Answer*>(answer), job);
            },
            [this, forward](void* got) {
                const Answer& answer = *static_cast<Answer*>(got);
                auto wider = std::make_shared<Dump>(document_->dump());
                const CompilationId compilation = wider->graph(forward.graph).compilation;
                const GraphId graph = proof::add_to(*wider, compilation, *answer.joint);
                setDocument(document_->with(std::move(wider)), /*sameRun=*/true);
                navigator_.show_body(other_pane(navigator_.state().focus), {graph, BodyId(0), {}});
                note(tr("Derived on synthetic inputs; it is in the tree as joint (derived)"));
            });
    });
    on(Do::ProveRegion, [this] {
        const RegionRef ref = navigator_.state().region;
        const std::string region = ref.valid() ? document_->region(ref).identifier : std::string();
        askAbout(
            tr("Proving %1").arg(qs(region)),
            [region](const Document& document, void* answer, const Job& job) {
                prove(document, region, *static_cast<Answer*>(answer), job);
            },
            [this, region](void* got) {
                showReport(tr("Proof of %1").arg(qs(region)), qs(static_cast<Answer*>(got)->text));
            });
    });
    on(Do::CallSchema, [this] {
        const Place call = navigator_.state().node;
        askAbout(
            tr("Schema of %1").arg(qs(document_->node_name(call))),
            [call](const Document& document, void* answer, const Job& job) {
                schema(document, call, *static_cast<Answer*>(answer), job);
            },
            [this, call](void* got) {
                showReport(tr("Schema of %1").arg(qs(document_->node_name(call))),
                    qs(static_cast<Answer*>(got)->text));
            });
    });
}

void MainWindow::updateDeriveActions() {
    const NavState& s = navigator_.state();
    const Place body = document_ ? s.panes[size_t(s.focus)] : Place();
    QString noJoint, noProof, noSchema;
    if (!body.graph) {
        noJoint = noProof = noSchema = tr("no graph is shown");
    } else {
        const Stage stage = document_->dump().graph(body.graph).stage;
        if (stage == Stage::Backward)
            noJoint = tr("a backward body is differentiated already; show its forward");
        if (!s.region.valid())
            noProof = tr("no region is selected");
        if (!s.node.node || !region_call(document_->module(s.node.graph), s.node.body, s.node.node))
            noSchema = tr("select a call of a region");
    }
    actions_.setReason(Do::DeriveJoint, noJoint);
    actions_.setReason(Do::ProveRegion, noProof);
    actions_.setReason(Do::CallSchema, noSchema);
}

} // namespace hopscope
