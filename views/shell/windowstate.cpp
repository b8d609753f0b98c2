#include "views/shell/windowstate.h"

namespace hopscope {

WindowState::WindowState(QObject* parent)
    : QObject(parent) {
    navigator_.changed = [this](const NavState& before) { navigated(before); };
    const auto touches = [this](auto signal, Changes changes) {
        connect(&run_, signal, this, [this, changes] { touch(changes); });
    };
    touches(&RunController::stateChanged, Change::Run);
    touches(&RunController::moved, Change::Run);
    touches(&RunController::compared, Change::Run);
    touches(&RunController::breakpointsChanged, Change::Breakpoints);
    touches(&RunController::valuesReady, Change::Values);
    touches(&RunController::timingReady, Change::Values);
}

WindowState::~WindowState() {
    navigator_.changed = nullptr;
    disconnect(&run_, nullptr, this, nullptr);
}

void WindowState::setDocument(std::shared_ptr<const Document> document, bool sameRun) {
    const bool extended = extends(document_, document);
    if (!extended) {
        // A run is of the dump that was read: another reading has other nodes.
        run_.stop();
        run_.forgetBreakpoints();
        setComparison(nullptr);
        proofs_.clear();
    }
    document_ = std::move(document);
    notes_.set_document(document_);
    if (sameRun || extended)
        navigator_.replace_document(document_);
    else
        navigator_.set_document(document_);
    touch(Change::Document | Change::Place | Change::Selection | Change::Notes | Change::Run);
}

void WindowState::setComparison(std::shared_ptr<const Comparison> comparison) {
    if (comparison == comparison_)
        return;
    comparison_ = std::move(comparison);
    touch(Change::Comparison);
}

void WindowState::setProof(RegionRef region, const QString& text) {
    proofs_[{region.compilation.index, region.region.index}] = text;
    touch(Change::Proof);
}

void WindowState::navigated(const NavState& before) {
    const NavState& now = navigator_.state();
    Changes changes;
    if (now.node != before.node || now.subject != before.subject || now.wanted != before.wanted)
        changes |= Change::Selection;
    if (now.compilation != before.compilation || now.region != before.region || now.row != before.row
        || now.panes != before.panes || now.focus != before.focus)
        changes |= Change::Place;
    touch(changes);
}

void WindowState::add(Follower* panel) {
    panels_.push_back(panel);
}

void WindowState::touch(Changes changes) {
    pending_ |= changes;
    if (!pending_ || queued_)
        return;
    queued_ = true;
    QMetaObject::invokeMethod(this, &WindowState::flush, Qt::QueuedConnection);
}

void WindowState::flush() {
    queued_ = false;
    if (telling_)
        return; // the outer call goes on with it
    telling_ = true;
    while (pending_) {
        const Changes changes = std::exchange(pending_, {});
        shown_.document = document_;
        shown_.at = navigator_.state();
        const RegionRef& region = shown_.at.region;
        const auto proof = proofs_.find({region.compilation.index, region.region.index});
        shown_.proof = proof == proofs_.end() ? QString() : proof->second;
        shown_.comparison = comparison_;
        shown_.crossing.clear();
        const Place& body = shown_.body();
        if (shown_.at.node.node && shown_.at.node.graph == body.graph && shown_.at.node.body == body.body) {
            const bool left = shown_.at.focus == Pane::Left;
            const Place& other = navigator_.pane(other_pane(shown_.at.focus));
            for (const Crossing& pair : navigator_.crossings()) {
                if ((left ? pair.left : pair.right) == shown_.at.node.node)
                    shown_.crossing.push_back({other.graph, other.body, left ? pair.right : pair.left});
            }
        }
        for (Follower* panel : panels_)
            panel->follow(shown_, changes);
    }
    telling_ = false;
}

void WindowState::say(const QString& text, bool isError) {
    flush();
    Q_EMIT said(text, isError);
}

void WindowState::fail(const QString& title, const Error& error) {
    error_ = error;
    if (title.isEmpty())
        return;
    flush();
    Q_EMIT failedTo(title, error);
}

} // namespace hopscope
