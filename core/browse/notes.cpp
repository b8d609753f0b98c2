#include "core/browse/notes.h"

#include "core/base/clock.h"
#include "core/base/text.h"

#include <algorithm>

namespace hopscope {

namespace {

uint64_t key_of(GraphId graph, BodyId body) {
    return uint64_t(graph.index) << 32 | body.index;
}

bool by_slot(const Bookmark& a, const Bookmark& b) {
    return a.slot < b.slot;
}

// Counts what could not be kept, and keeps the first reason.
struct Losses {
    uint64_t notes = 0, bookmarks = 0;
    std::optional<Error> first;

    void add(const Status& status, uint64_t& count) {
        if (status)
            return;
        ++count;
        if (!first)
            first = status.error();
    }
    Status status() const {
        if (!first)
            return {};
        std::string what;
        if (notes)
            what = counted(notes, "note");
        if (bookmarks)
            what += (what.empty() ? "" : " and ") + counted(bookmarks, "bookmark");
        Error error = *first;
        error.message = what + " could not be written and " + (notes + bookmarks == 1 ? "is" : "are")
            + " kept in memory only: " + error.message;
        return error;
    }
};

} // namespace

// --- whose notes they are

void NoteStore::set_document(std::shared_ptr<const Document> document) {
    document_ = std::move(document);
    changed();
}

Status NoteStore::attach(std::unique_ptr<Session> session) {
    const std::vector<Note> notes = std::move(notes_);
    const std::vector<Bookmark> bookmarks = std::move(bookmarks_);
    // What another session would not tell is not in this one either.
    const std::string before = session_ ? unreadable_ : std::string();
    session_ = std::move(session);
    read();
    const Status written = write(notes, bookmarks);
    if (!before.empty())
        unreadable_ = before + (unreadable_.empty() ? "" : "; " + unreadable_);
    if (written && !unreadable_.empty())
        return make_error(Error::Kind::Damaged, unreadable_);
    return written;
}

void NoteStore::read() {
    notes_.clear();
    bookmarks_.clear();
    unsaved_notes_.clear();
    unsaved_bookmarks_.clear();
    unreadable_.clear();
    changed();
    if (Result<std::vector<Note>> notes = session_->notes(); notes)
        notes_ = std::move(*notes);
    else
        unreadable_ = "the notes cannot be read: " + notes.error().text();
    if (Result<std::vector<Bookmark>> bookmarks = session_->bookmarks(); bookmarks)
        bookmarks_ = std::move(*bookmarks);
    else
        unreadable_ += (unreadable_.empty() ? "" : "; ") + std::string("the bookmarks cannot be read: ")
            + bookmarks.error().text();
    for (const Note& note : notes_)
        last_ = std::max(last_, note.id);
}

Status NoteStore::write(const std::vector<Note>& notes, const std::vector<Bookmark>& bookmarks) {
    Losses losses;
    for (const Note& note : notes)
        losses.add(take(note), losses.notes);
    for (const Bookmark& bookmark : bookmarks)
        losses.add(take(bookmark), losses.bookmarks);
    return losses.status();
}

// Keeps a note beside those that are there, in the session if that takes it. `last_` is above every number
// that the store has held, so that the next one is nobody's.
Status NoteStore::take(Note note) {
    if (const Note* there = find(note.id); there && !unsaved_notes_.contains(note.id)) {
        if (*there == note)
            return {};
        note.id = last_ + 1;
    }
    last_ = std::max(last_, note.id);
    const Status status = session_->restore_note(note);
    put(note);
    if (status)
        unsaved_notes_.erase(note.id);
    else
        unsaved_notes_.insert(note.id);
    return status;
}

Status NoteStore::take(Bookmark bookmark) {
    if (const Bookmark* there = bookmark_in(bookmark.slot);
        there && !unsaved_bookmarks_.contains(bookmark.slot)) {
        if (there->address == bookmark.address)
            return {};
        bookmark.slot = free_slot();
        if (bookmark.slot == kBookmarkSlots) // as a note it is kept, though no key jumps to it
            return take(Note{.id = last_ + 1,
                .address = bookmark.address,
                .text = "bookmark: " + bookmark.label,
                .created = bookmark.created,
                .changed = {}});
    }
    const Status status = session_->restore_bookmark(bookmark);
    put(bookmark);
    if (status)
        unsaved_bookmarks_.erase(bookmark.slot);
    else
        unsaved_bookmarks_.insert(bookmark.slot);
    return status;
}

void NoteStore::detach() {
    if (!session_)
        return;
    session_.reset();
    unreadable_.clear();
    std::erase_if(notes_, [this](const Note& note) { return !unsaved_notes_.contains(note.id); });
    std::erase_if(bookmarks_, [this](const Bookmark& b) { return !unsaved_bookmarks_.contains(b.slot); });
    changed();
}

void NoteStore::clear() {
    session_.reset();
    notes_.clear();
    bookmarks_.clear();
    unsaved_notes_.clear();
    unsaved_bookmarks_.clear();
    unreadable_.clear();
    last_ = 0;
    changed();
}

size_t NoteStore::unsaved() const {
    return unsaved_notes_.size() + unsaved_bookmarks_.size();
}

Status NoteStore::save_unsaved() {
    if (!session_ || !has_unsaved())
        return {};
    std::vector<Note> notes;
    std::vector<Bookmark> bookmarks;
    for (const Note& note : notes_) {
        if (unsaved_notes_.contains(note.id))
            notes.push_back(note);
    }
    for (const Bookmark& bookmark : bookmarks_) {
        if (unsaved_bookmarks_.contains(bookmark.slot))
            bookmarks.push_back(bookmark);
    }
    return write(notes, bookmarks);
}

// --- notes

// As a session writes it, where it is of a place in the document.
Result<std::string> NoteStore::checked_address(const std::string& address) const {
    const Result<Address> parsed = parse_address(address);
    if (!parsed)
        return parsed.error();
    if (const Result<Place> place = resolve(document_->dump(), *parsed); !place)
        return place.error();
    return to_string(*parsed);
}

std::vector<Note>::iterator NoteStore::place_of(int64_t id) {
    return std::lower_bound(
        notes_.begin(), notes_.end(), id, [](const Note& note, int64_t wanted) { return note.id < wanted; });
}

void NoteStore::put(const Note& note) {
    const auto at = place_of(note.id);
    if (at != notes_.end() && at->id == note.id)
        *at = note;
    else
        notes_.insert(at, note);
    changed();
}

void NoteStore::put(const Bookmark& bookmark) {
    std::erase_if(bookmarks_, [&](const Bookmark& b) { return b.slot == bookmark.slot; });
    bookmarks_.insert(std::upper_bound(bookmarks_.begin(), bookmarks_.end(), bookmark, by_slot), bookmark);
    changed();
}

const Note* NoteStore::find(int64_t id) const {
    const auto at = const_cast<NoteStore*>(this)->place_of(id);
    return at != notes_.end() && at->id == id ? &*at : nullptr;
}

Result<int64_t> NoteStore::add(const std::string& address, const std::string& text) {
    if (!document_)
        return make_error(Error::Kind::Usage, "no dump is open");
    const Result<std::string> checked = checked_address(address);
    if (!checked)
        return checked.error();
    Note note;
    note.address = *checked;
    note.text = text;
    note.created = utc_now();
    if (session_ && !unsaved_notes_.empty()) {
        // The session does not know of the numbers that it has refused.
        note.id = last_ + 1;
        if (Status status = session_->restore_note(note); !status)
            return status.error();
    } else if (session_) {
        const Result<int64_t> id = session_->add_note(document_->dump(), note.address, text);
        if (!id)
            return id.error();
        note.id = *id;
    } else {
        note.id = last_ + 1;
        unsaved_notes_.insert(note.id);
    }
    last_ = std::max(last_, note.id);
    put(note);
    return note.id;
}

Status NoteStore::edit(int64_t id, const std::string& text) {
    const Note* there = find(id);
    if (!there)
        return make_error(Error::Kind::NotFound, "there is no note " + std::to_string(id));
    if (session_ && !unsaved_notes_.contains(id)) {
        if (Status status = session_->edit_note(id, text); !status)
            return status;
    }
    Note note = *there;
    note.text = text;
    note.changed = utc_now();
    put(note);
    return {};
}

Status NoteStore::remove(int64_t id) {
    const auto at = place_of(id);
    if (at == notes_.end() || at->id != id)
        return make_error(Error::Kind::NotFound, "there is no note " + std::to_string(id));
    if (session_ && !unsaved_notes_.contains(id)) {
        if (Status status = session_->remove_note(id); !status)
            return status;
    }
    notes_.erase(at);
    unsaved_notes_.erase(id);
    changed();
    return {};
}

Status NoteStore::restore(const Note& note) {
    // Where the session refuses, a note that it does not hold anyway is still as safe as before.
    if (session_ && !unsaved_notes_.contains(note.id)) {
        if (Status status = session_->restore_note(note); !status)
            return status;
    } else {
        unsaved_notes_.insert(note.id);
    }
    last_ = std::max(last_, note.id);
    put(note);
    return {};
}

// --- where they are

std::optional<Place> NoteStore::resolved(std::string_view address) const {
    if (!document_)
        return std::nullopt;
    const Result<Place> place = resolve(document_->dump(), address);
    return place ? std::optional<Place>(*place) : std::nullopt;
}

void NoteStore::located() const {
    if (located_)
        return;
    located_ = true;
    places_.clear();
    marked_.clear();
    const auto mark = [this](const std::optional<Place>& place) {
        if (place && place->node)
            marked_[key_of(place->graph, place->body)].push_back(place->node);
    };
    for (const Note& note : notes_) {
        places_.push_back(resolved(note.address));
        mark(places_.back());
    }
    for (const Bookmark& bookmark : bookmarks_)
        mark(resolved(bookmark.address));
    for (auto& [body, nodes] : marked_) {
        std::sort(nodes.begin(), nodes.end());
        nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    }
}

std::vector<Note> NoteStore::at(std::string_view address) const {
    located();
    const std::optional<Place> here = resolved(address);
    std::vector<Note> out;
    for (size_t i = 0; i < notes_.size(); ++i) {
        if (here ? places_[i] == here : notes_[i].address == address)
            out.push_back(notes_[i]);
    }
    return out;
}

std::vector<Note> NoteStore::elsewhere() const {
    located();
    std::vector<Note> out;
    for (size_t i = 0; i < notes_.size(); ++i) {
        if (!places_[i])
            out.push_back(notes_[i]);
    }
    return out;
}

const std::vector<NodeId>& NoteStore::marked(GraphId graph, BodyId body) const {
    static const std::vector<NodeId> none;
    located();
    const auto found = marked_.find(key_of(graph, body));
    return found == marked_.end() ? none : found->second;
}

// --- bookmarks

const Bookmark* NoteStore::bookmark_in(int slot) const {
    const auto at = std::find_if(
        bookmarks_.begin(), bookmarks_.end(), [slot](const Bookmark& b) { return b.slot == slot; });
    return at == bookmarks_.end() ? nullptr : &*at;
}

int NoteStore::free_slot() const {
    int slot = 1;
    while (slot < kBookmarkSlots && bookmark_in(slot))
        ++slot;
    return slot;
}

std::string NoteStore::bookmark_at(int slot) const {
    const Bookmark* bookmark = bookmark_in(slot);
    return bookmark ? bookmark->address : std::string();
}

Status NoteStore::toggle_bookmark(const std::string& address, const std::string& label) {
    if (!document_)
        return make_error(Error::Kind::Usage, "no dump is open");
    const std::optional<Place> here = resolved(address);
    for (auto at = bookmarks_.begin(); at != bookmarks_.end(); ++at) {
        if (at->address != address && (!here || resolved(at->address) != here))
            continue;
        if (session_ && !unsaved_bookmarks_.contains(at->slot)) {
            if (Status status = session_->remove_bookmark(at->slot); !status)
                return status;
        }
        unsaved_bookmarks_.erase(at->slot);
        bookmarks_.erase(at);
        changed();
        return {};
    }
    Bookmark bookmark;
    bookmark.slot = free_slot();
    if (bookmark.slot == kBookmarkSlots)
        return make_error(Error::Kind::Usage, "all nine bookmarks are taken: take one away first");
    const Result<std::string> checked = checked_address(address);
    if (!checked)
        return checked.error();
    bookmark.address = *checked;
    bookmark.label = label;
    bookmark.created = utc_now();
    if (session_) {
        if (Status status = session_->restore_bookmark(bookmark); !status)
            return status;
    } else {
        unsaved_bookmarks_.insert(bookmark.slot);
    }
    put(bookmark);
    return {};
}

} // namespace hopscope
