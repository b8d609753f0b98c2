#include "views/bodytext/bodytext.h"

#include "core/graph/print.h"
#include "views/base/findbar.h"
#include "views/base/text.h"
#include "views/base/theme.h"

#include <QRegularExpression>
#include <QTextBlock>

#include <algorithm>

#include <unordered_map>

namespace hopscope {

namespace {
// The selected node may be one of another body that is drawn with this one.
NodeId nodeOfBody(const Shown& shown) {
    const Place &node = shown.at.node, &body = shown.body();
    return node.graph == body.graph && node.body == body.body ? node.node : NodeId();
}
} // namespace

namespace {
// Whether a printed line is the statement that makes `name`.
bool makes(std::string_view line, std::string_view name) {
    const size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos || line.substr(begin, name.size()) != name)
        return false;
    const std::string_view rest = line.substr(begin + name.size());
    return rest.empty() || rest[0] == ':' || rest[0] == ' ' || rest[0] == ';';
}

using Placeholders = std::unordered_map<std::string_view, NodeId>;
// Of "# primals_5: layers.0.weight", the placeholder; none for other lines.
NodeId notedIn(std::string_view line, const Placeholders& placeholders) {
    const size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos || line.substr(begin, 2) != "# ")
        return {};
    const std::string_view name = line.substr(begin + 2, line.find(':', begin) - begin - 2);
    const auto found = placeholders.find(name);
    return found == placeholders.end() ? NodeId() : found->second;
}

bool returns(std::string_view line) {
    const size_t begin = line.find_first_not_of(" \t");
    return begin != std::string_view::npos && line.substr(begin, 6) == "return";
}
} // namespace

BodyText::BodyText(QWidget* parent)
    : QPlainTextEdit(parent)
    , find_(new FindBar(tr("Find in this text; /regex/"), {}, this)) {
    setObjectName(QStringLiteral("bodyText"));
    setAccessibleName(tr("Text of the body"));
    setReadOnly(true);
    setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    setLineWrapMode(QPlainTextEdit::NoWrap);
    setFrameShape(QFrame::NoFrame);
    setFont(monoFont());
    setPlaceholderText(tr("No body is shown"));
    find_->setObjectName(QStringLiteral("textFindBar"));
    connect(find_, &FindBar::searchChanged, this, &BodyText::search);
    connect(find_, &FindBar::stepRequested, this, &BodyText::findStep);
    connect(find_, &FindBar::closed, this, [this] {
        search();
        setFocus();
    });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        setFont(monoFont());
        mark();
    });
}

void BodyText::setDocument(std::shared_ptr<const Document> document) {
    if (extends(document_, document)) {
        document_ = std::move(document);
        return; // what is shown stays
    }
    document_ = std::move(document);
    body_ = {};
    selected_ = {};
    clear();
    lineOfNode_.clear();
    nodeOfLine_.clear();
    setExtraSelections({});
}

void BodyText::showBody(const Place& body, NodeId selected) {
    if (!document_)
        return;
    if (body.graph != body_.graph || body.body != body_.body)
        fill(body);
    if (selected_ == selected && !extraSelections().isEmpty() == selected.valid())
        return;
    selected_ = selected;
    mark();
    if (const std::optional<int> line = lineOf(selected)) {
        QTextCursor cursor(document()->findBlockByNumber(*line));
        setTextCursor(cursor);
        ensureCursorVisible();
    }
}

// Statements stand in graph order, one a line, so one pass finds every node's line.
void BodyText::fill(const Place& body) {
    body_ = {body.graph, body.body, {}};
    selected_ = {};
    lineOfNode_.clear();
    nodeOfLine_.clear();
    if (!body.graph) {
        clear();
        return;
    }
    const GraphModule& module = document_->module(body.graph);
    const Body& nodes = module.body(body.body);
    PrintOptions options;
    options.nested = false;
    options.note = [&](BodyId id, NodeId node) { return document_->input_note({body.graph, id, node}); };
    const std::string text = print_readable(module, body.body, options);
    lineOfNode_.assign(nodes.nodes.size(), {});
    Placeholders placeholders;
    for (size_t i = 0; i < nodes.placeholder_count(); ++i)
        placeholders.emplace(module.text(nodes.nodes[i].name), NodeId(i));
    size_t next = nodes.placeholder_count();
    int line = 0;
    std::optional<int> signature;
    NodeId open;
    for (size_t begin = 0; begin <= text.size(); ++line) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        const std::string_view at(text.data() + begin, end - begin);
        begin = end + 1;
        nodeOfLine_.emplace_back();
        if (!signature && at.find("def forward") != std::string_view::npos)
            signature = line;
        if (const NodeId noted = notedIn(at, placeholders); noted && next == nodes.placeholder_count()) {
            lineOfNode_[noted.index] = line;
            nodeOfLine_.back() = noted;
        } else if (next < nodes.nodes.size()) {
            const Node& node = nodes.nodes[next];
            if (node.op == Opcode::Output ? returns(at) : makes(at, module.text(node.name))) {
                lineOfNode_[next] = line;
                nodeOfLine_.back() = NodeId(next);
                ++next;
            }
        }
    }
    // What is said of a placeholder has a line of its own.
    for (size_t i = 0; i < nodes.placeholder_count(); ++i)
        if (!lineOfNode_[i])
            lineOfNode_[i] = signature;
    // A comment above a statement belongs to it.
    for (size_t i = nodeOfLine_.size(); i-- > 0;) {
        if (nodeOfLine_[i])
            open = nodeOfLine_[i];
        else if (!signature || int(i) > *signature)
            nodeOfLine_[i] = open;
    }
    setPlainText(qs(text));
    setExtraSelections({});
    search();
}

std::optional<int> BodyText::lineOf(NodeId node) const {
    return node && node.index < lineOfNode_.size() ? lineOfNode_[node.index] : std::nullopt;
}

NodeId BodyText::nodeAt(int line) const {
    return line >= 0 && size_t(line) < nodeOfLine_.size() ? nodeOfLine_[size_t(line)] : NodeId();
}

void BodyText::mark() {
    QList<QTextEdit::ExtraSelection> marks;
    if (const std::optional<int> line = lineOf(selected_)) {
        QTextEdit::ExtraSelection selection;
        selection.cursor = QTextCursor(document()->findBlockByNumber(*line));
        selection.format.setBackground(color(Role::AccentSoft));
        selection.format.setProperty(QTextFormat::FullWidthSelection, true);
        marks << selection;
        // A placeholder has no line of its own: its name in the signature.
        const Node& node = document_->body(body_).node(selected_);
        if (node.op == Opcode::Placeholder) {
            const QString name = qs(document_->module(body_.graph).text(node.name));
            const int at = selection.cursor.block().text().indexOf(
                QRegularExpression(QStringLiteral("\\b%1\\b").arg(QRegularExpression::escape(name))));
            if (at >= 0) {
                QTextEdit::ExtraSelection word;
                word.cursor = selection.cursor;
                word.cursor.movePosition(QTextCursor::Right, QTextCursor::MoveAnchor, at);
                word.cursor.movePosition(QTextCursor::Right, QTextCursor::KeepAnchor, int(name.size()));
                word.format.setBackground(color(Role::Hit));
                word.format.setForeground(Qt::black);
                marks << word;
            }
        }
    }
    for (size_t i = 0; i < hits_.size(); ++i) {
        QTextEdit::ExtraSelection hit;
        hit.cursor = QTextCursor(document());
        hit.cursor.setPosition(hits_[i].first);
        hit.cursor.setPosition(hits_[i].second, QTextCursor::KeepAnchor);
        hit.format.setBackground(color(Role::Hit));
        hit.format.setForeground(Qt::black);
        if (hit_ == i) // told apart without colour as well
            hit.format.setProperty(QTextFormat::TextUnderlineStyle, QTextCharFormat::SingleUnderline);
        marks << hit;
    }
    setExtraSelections(marks);
}

// --- find

void BodyText::openFind() {
    find_->open();
    layOut();
}

// The document's own characters are searched: what is shown is what is found.
void BodyText::search() {
    hits_.clear();
    hit_.reset();
    findError_.clear();
    if (!find_->isHidden()) {
        const QString shown = toPlainText();
        const std::string bytes = ss(shown);
        const Result<Find> find = Find::parse(ss(find_->text()), find_->options());
        const auto found =
            find ? find->in_text(bytes) : Result<std::vector<std::pair<size_t, size_t>>>(find.error());
        if (!found)
            findError_ = qs(found.error().message);
        // From bytes to characters in one pass: all are the same unless the text is other than ASCII.
        size_t at = 0;
        int character = 0;
        const auto to = [&](size_t byte) {
            character += int(QString::fromUtf8(bytes.data() + at, qsizetype(byte - at)).size());
            at = byte;
            return character;
        };
        if (found) {
            for (const auto& [first, last] : *found) {
                const int begin = to(first);
                hits_.emplace_back(begin, to(last));
            }
        }
    }
    layOut();
    mark();
    sayHits(false);
}

void BodyText::sayHits(bool wrapped) {
    FindBar::Shown shown;
    shown.total = hits_.size();
    shown.current = hit_ ? *hit_ + 1 : 0;
    shown.wrapped = wrapped;
    shown.error = findError_;
    find_->setResult(shown);
}

void BodyText::findStep(int direction) {
    if (find_->isHidden())
        openFind();
    if (hits_.empty())
        return;
    const int from = textCursor().position();
    size_t next = 0;
    if (hit_) {
        next = *hit_ + size_t(direction + int(hits_.size()));
    } else {
        const auto behind = std::lower_bound(hits_.begin(), hits_.end(), std::pair(from, from));
        next = size_t(behind - hits_.begin()) + hits_.size() - size_t(direction < 0);
    }
    const bool wrapped = next < hits_.size() || next >= 2 * hits_.size();
    hit_ = next % hits_.size();
    QTextCursor cursor(document());
    cursor.setPosition(hits_[*hit_].first);
    setTextCursor(cursor);
    centerCursor();
    chooseAtCursor();
    mark();
    sayHits(wrapped);
}

void BodyText::layOut() {
    const int height = find_->isHidden() ? 0 : find_->sizeHint().height();
    setViewportMargins(0, height, 0, 0);
    find_->setGeometry(0, 0, width(), height);
}

void BodyText::resizeEvent(QResizeEvent* event) {
    QPlainTextEdit::resizeEvent(event);
    layOut();
}

void BodyText::chooseAtCursor() {
    if (textCursor().hasSelection())
        return; // text is being taken, not a node
    const NodeId node = nodeAt(textCursor().blockNumber());
    if (node && node != selected_)
        Q_EMIT nodeChosen(node);
}

void BodyText::mouseReleaseEvent(QMouseEvent* event) {
    QPlainTextEdit::mouseReleaseEvent(event);
    chooseAtCursor();
}

void BodyText::keyReleaseEvent(QKeyEvent* event) {
    QPlainTextEdit::keyReleaseEvent(event);
    chooseAtCursor();
}

void BodyText::follow(const Shown& shown, Changes changed) {
    if (changed & Change::Document)
        setDocument(shown.document);
    if (shown.document && changed & (Change::Document | Change::Place | Change::Selection))
        showBody(shown.body(), nodeOfBody(shown));
}

} // namespace hopscope
