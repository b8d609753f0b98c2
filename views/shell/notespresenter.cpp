#include "views/shell/notespresenter.h"

#include "views/base/text.h"
#include "views/inspector/notespane.h"
#include "views/shell/actions.h"
#include "views/shell/docks.h"

namespace hopscope {

namespace {
constexpr int kBookmarks = int(Do::Bookmark9) - int(Do::Bookmark1) + 1;

Do bookmarkAction(int slot) { // from 1
    return Do(int(Do::Bookmark1) + slot - 1);
}
} // namespace

NotesPresenter::NotesPresenter(
    WindowState* state, Actions* actions, Docks* docks, NotesPane* pane, bool dated)
    : state_(state)
    , actions_(actions)
    , docks_(docks)
    , pane_(pane)
    , dated_(dated) {
    connect(pane, &NotesPane::addRequested, this, [this](const QString& text) {
        const Status status = state_->history().add(state_->navigator().current_address(), ss(text));
        if (status)
            pane_->accept();
        done(status,
            state_->notes().has_file()
                ? tr("Note saved")
                : tr("Note kept until the window closes; save as a session to keep it"));
    });
    connect(pane, &NotesPane::editRequested, this, [this](qint64 id, const QString& text) {
        const Status status = state_->history().edit(id, ss(text));
        if (status)
            pane_->accept();
        done(status, tr("Note changed"));
    });
    connect(pane, &NotesPane::removeRequested, this,
        [this](qint64 id) { done(state_->history().remove(id), tr("Note deleted; Ctrl+Z brings it back")); });
    connect(pane, &NotesPane::left, this, &NotesPresenter::left);
    connect(pane, &NotesPane::refused, this,
        [this](const QString& why) { state_->say(tr("No note is kept: %1").arg(why), true); });
    connectActions();
}

void NotesPresenter::connectActions() {
    actions_->connectTo(this,
        {
            {Do::Undo, [this] { undo(false); }},
            {Do::Redo, [this] { undo(true); }},
            {Do::AddNote,
                [this] {
                    docks_->show(QStringLiteral("inspector"));
                    pane_->focusInput();
                }},
            {Do::ToggleBookmark,
                [this] {
                    const Navigator& navigator = state_->navigator();
                    const Status status = state_->notes().toggle_bookmark(
                        navigator.current_address(), navigator.title(navigator.state()));
                    state_->touch(Change::Notes);
                    if (!status)
                        state_->say(status.error());
                }},
        });
    for (int slot = 1; slot <= kBookmarks; ++slot) {
        actions_->connectTo(this, {{bookmarkAction(slot), [this, slot] {
                                        const Status status =
                                            state_->navigator().go_to(state_->notes().bookmark_at(slot));
                                        if (!status)
                                            state_->say(status.error());
                                    }}});
    }
}

void NotesPresenter::follow(const Shown&, Changes changed) {
    if (changed & (Change::Document | Change::Place | Change::Selection | Change::Notes))
        showNotes();
    if (!(changed & (Change::Document | Change::Notes)))
        return;
    const QString readOnly = state_->notes().read_only() ? tr("the session's file cannot be written")
        : state_->document()                             ? QString()
                                                         : tr("no dump is open");
    actions_->setReason({Do::AddNote, Do::ToggleBookmark}, readOnly);
    showSteps(readOnly);
    showBookmarks();
}

void NotesPresenter::showNotes() {
    const NoteStore& notes = state_->notes();
    std::vector<NoteText> texts;
    const std::string address = state_->document() ? state_->navigator().current_address() : std::string();
    const auto add = [&](const Note& note, const QString& elsewhere) {
        const QString when = dated_ ? qs(note.changed.empty() ? note.created : note.changed) : QString();
        texts.push_back({note.id, qs(note.text), when, elsewhere});
    };
    if (state_->document()) {
        for (const Note& note : notes.at(address))
            add(note, {});
        // No place of this dump would ever show them.
        for (const Note& note : notes.elsewhere())
            add(note, qs(note.address));
    }
    pane_->setNotes(
        qs(address), texts, notes.read_only() ? tr("the session's file cannot be written") : QString());
    pane_->setProblem(qs(notes.unreadable()));
}

namespace {
QString stepName(std::optional<NoteHistory::Kind> kind) {
    if (!kind)
        return {};
    switch (*kind) {
    case NoteHistory::Kind::Add:
        return NotesPresenter::tr("add note");
    case NoteHistory::Kind::Edit:
        return NotesPresenter::tr("edit note");
    case NoteHistory::Kind::Remove:
        return NotesPresenter::tr("delete note");
    }
    return {};
}
} // namespace

// The step's name stands in the menu and in the tooltip: nobody undoes what he does not know.
void NotesPresenter::showSteps(const QString& readOnly) {
    const auto name = [&](Do what, const QString& verb, const QString& step, const QString& nothing) {
        const QString text = step.isEmpty() ? verb : QStringLiteral("%1 %2").arg(verb, step);
        actions_->setText(what, QLatin1Char('&') + text, text);
        actions_->setReason(what, !readOnly.isEmpty() ? readOnly : step.isEmpty() ? nothing : QString());
    };
    const NoteHistory& history = state_->history();
    name(Do::Undo, tr("Undo"), stepName(history.undo_kind()), tr("no note was changed"));
    name(Do::Redo, tr("Redo"), stepName(history.redo_kind()), tr("nothing was undone"));
}

void NotesPresenter::showBookmarks() {
    for (int slot = 1; slot <= kBookmarks; ++slot) {
        const std::string address = state_->document() ? state_->notes().bookmark_at(slot) : std::string();
        const Do what = bookmarkAction(slot);
        actions_->setReason(what, address.empty() ? tr("no bookmark is set here") : QString());
        actions_->setText(what,
            address.empty() ? tr("Bookmark &%1").arg(slot)
                            : QStringLiteral("&%1 %2").arg(slot).arg(qs(address)),
            tr("Go to bookmark %1").arg(slot));
    }
}

void NotesPresenter::done(const Status& status, const QString& what) {
    state_->touch(Change::Notes);
    state_->say(status ? what : qs(status.error().text()), !status);
}

// Goes to the note as well: a change that is out of sight looks like none.
void NotesPresenter::undo(bool redo) {
    NoteHistory& history = state_->history();
    const QString name = stepName(redo ? history.redo_kind() : history.undo_kind());
    const Result<std::string> address = redo ? history.redo() : history.undo();
    if (!address) {
        done(address.error(), {});
        return;
    }
    if (state_->navigator().current_address() != *address)
        (void)state_->navigator().go_to(*address);
    done({}, (redo ? tr("Redone: %1 at %2") : tr("Undone: %1 at %2")).arg(name, qs(*address)));
}

} // namespace hopscope
