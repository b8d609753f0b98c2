#include "views/shell/derivepresenter.h"

#include "core/graph/calls.h"
#include "core/proof/derive.h"
#include "core/proof/proof_text.h"
#include "core/proof/schema.h"
#include "core/regions/ledger.h"
#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/shell/actions.h"

#include <QClipboard>
#include <QDialog>
#include <QDialogButtonBox>
#include <QGuiApplication>
#include <QPlainTextEdit>
#include <QPointer>
#include <QPushButton>
#include <QVBoxLayout>

namespace hopscope {

struct DerivePresenter::Answer {
    Error error;
    bool failed = false;
    std::string text;
    std::optional<proof::DerivedJoint> joint;

    void fail(const Error& e) {
        failed = true;
        error = e;
    }
};

namespace {

void derive(const Document& document, const Place& forward, DerivePresenter::Answer& answer, const Job& job) {
    const Dump& dump = document.dump();
    auto derived = proof::derive(dump, forward, {}, job);
    if (!derived)
        return answer.fail(derived.error());
    answer.joint = std::move(derived->joint);
}

void prove(
    const Document& document, const std::string& region, DerivePresenter::Answer& answer, const Job& job) {
    proof::ProveOptions options;
    options.region = region;
    const auto proofs = proof::prove(document.dump(), document.ledger(), options, job);
    if (!proofs)
        return answer.fail(proofs.error());
    for (const proof::Proof& proof : proofs->all)
        answer.text += proof::proof_text(document.dump(), proof, /*recorded_given=*/false);
}

void schema(const Document& document, const Place& call, DerivePresenter::Answer& answer, const Job& job) {
    const auto found = proof::call_schema(document.dump(), call, run::Request(), job);
    if (!found)
        return answer.fail(found.error());
    answer.text = proof::schema_text(*found);
}

} // namespace

DerivePresenter::DerivePresenter(WindowState* state, Actions* actions, QWidget* window)
    : state_(state)
    , actions_(actions)
    , window_(window) {
    actions_->connectTo(this,
        {
            {Do::DeriveJoint, [this] { deriveJoint(state_->body()); }},
            {Do::ProveRegion, [this] { proveRegion(state_->at().region); }},
            {Do::CallSchema, [this] { showSchema(state_->at().node); }},
        });
}

void DerivePresenter::deriveJoint(const Place& forward) {
    ask(
        tr("Deriving the joint graph"),
        [forward](const Document& document, Answer& answer, const Job& job) {
            derive(document, forward, answer, job);
        },
        [this, forward](const Answer& answer) {
            auto wider = std::make_shared<Dump>(state_->document()->dump());
            const CompilationId compilation = wider->graph(forward.graph).compilation;
            const GraphId graph = proof::add_to(*wider, compilation, *answer.joint);
            state_->setDocument(state_->document()->with(std::move(wider)), /*sameRun=*/true);
            state_->navigator().show_body(other_pane(state_->at().focus), {graph, BodyId(0), {}});
            state_->say(tr("Derived on synthetic inputs; it is in the tree as joint (derived)"));
        });
}

void DerivePresenter::proveRegion(RegionRef ref) {
    const std::string region = ref.valid() ? state_->document()->region(ref).identifier : std::string();
    ask(
        tr("Proving %1").arg(qs(region)),
        [region](const Document& document, Answer& answer, const Job& job) {
            prove(document, region, answer, job);
        },
        [this, ref](const Answer& answer) {
            state_->setProof(ref, qs(answer.text));
            Q_EMIT proved(ref);
        });
}

void DerivePresenter::showSchema(const Place& call) {
    const QString title = tr("Schema of %1").arg(qs(state_->document()->node_name(call)));
    ask(
        title,
        [call](const Document& document, Answer& answer, const Job& job) {
            schema(document, call, answer, job);
        },
        [this, title](const Answer& answer) { showReport(title, qs(answer.text)); });
}

void DerivePresenter::ask(const QString& name, Work work, std::function<void(const Answer&)> done) {
    auto answer = std::make_shared<Answer>();
    const std::shared_ptr<const Document> document = state_->document();
    state_->jobs().start(
        name, [=](const Job& job) { work(*document, *answer, job); },
        [=, self = QPointer(this)] {
            // Another document may have come meanwhile.
            if (!self || !self->state_->document() || !document->same_reading(*self->state_->document()))
                return;
            if (answer->failed && answer->error.kind == Error::Kind::Cancelled)
                self->state_->say(tr("Cancelled"));
            else if (answer->failed)
                self->state_->fail(name, answer->error);
            else
                done(*answer);
        });
}

void DerivePresenter::showReport(const QString& title, const QString& text) {
    auto* dialog = new QDialog(window_);
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

void DerivePresenter::follow(const Shown& shown, Changes changed) {
    if (!(changed & (Change::Document | Change::Place | Change::Selection)))
        return;
    const NavState& at = shown.at;
    const Place body = shown.document ? shown.body() : Place();
    QString noJoint, noProof, noSchema;
    if (!body.graph) {
        noJoint = noProof = noSchema = tr("no graph is shown");
    } else {
        if (shown.document->dump().graph(body.graph).stage == Stage::Backward)
            noJoint = tr("a backward body is differentiated already; show its forward");
        if (!at.region.valid())
            noProof = tr("no region is selected");
        if (!at.node.node || !region_call(shown.document->module(at.node.graph), at.node.body, at.node.node))
            noSchema = tr("select a call of a region");
    }
    actions_->setReason(Do::DeriveJoint, noJoint);
    actions_->setReason(Do::ProveRegion, noProof);
    actions_->setReason(Do::CallSchema, noSchema);
}

} // namespace hopscope
