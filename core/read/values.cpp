#include "core/read/values.h"

#include "core/base/text.h"
#include "core/read/scan.h"

#include <algorithm>
#include <array>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
// Real arguments nest five deep; this much may be asked of every bracket on the way out.
constexpr size_t kMostDepth = 200;

bool looks_symbolic(std::string_view text) {
    // "<…>" is the repr of an object, never an expression.
    return !text.empty() && text.front() != '<' && std::all_of(text.begin(), text.end(), [](char c) {
        return is_identifier_char(c) || std::string_view(" +-*/%().,<>=!&|~^").find(c) != npos;
    });
}

ArgKind torch_name_kind(std::string_view path) {
    static constexpr std::array kLayouts{"torch.strided", "torch.sparse_coo", "torch.sparse_csr",
        "torch.sparse_csc", "torch.sparse_bsr", "torch.sparse_bsc", "torch.jagged"};
    static constexpr std::array kFormats{
        "torch.preserve_format", "torch.contiguous_format", "torch.channels_last", "torch.channels_last_3d"};
    if (std::find(kLayouts.begin(), kLayouts.end(), path) != kLayouts.end())
        return ArgKind::Layout;
    if (std::find(kFormats.begin(), kFormats.end(), path) != kFormats.end())
        return ArgKind::MemoryFormat;
    if (path.starts_with("torch.") && dtype_by_name(path.substr(6)))
        return ArgKind::Dtype;
    if (path.starts_with("self."))
        return ArgKind::Attribute;
    return path.starts_with("torch.") ? ArgKind::Operator : ArgKind::Opaque;
}

} // namespace

Outcome ValueReader::bad(std::string message) {
    error_ = std::move(message);
    return Outcome::Bad;
}

void ValueReader::push(ArgKind kind, StringId text) {
    builder_.body().args.push_back({kind, 1, text ? text.index : Id<void>::kNone});
}

Outcome ValueReader::number(std::string_view text, size_t& at) {
    const size_t from = at;
    if (text[at] == '-' || text[at] == '+')
        ++at;
    bool real = false;
    if (text.substr(at, 3) == "inf" || text.substr(at, 3) == "nan") {
        at += 3;
        real = true;
    } else {
        while (at < text.size()) {
            const char c = text[at];
            const bool exponent_sign =
                (c == '-' || c == '+') && (text[at - 1] == 'e' || text[at - 1] == 'E') && real;
            if (!is_digit(c) && c != '.' && c != 'e' && c != 'E' && !exponent_sign)
                break;
            real = real || c == '.' || c == 'e' || c == 'E';
            ++at;
        }
    }
    ArgKind kind = real ? ArgKind::Float : ArgKind::Int;
    if (at < text.size() && text[at] == 'j') {
        ++at;
        kind = ArgKind::Complex;
    }
    if (at < text.size() && is_identifier_char(text[at]))
        return bad("unexpected '" + std::string(1, text[at]) + "' in a number");
    push(kind, builder_.intern(text.substr(from, at - from)));
    return Outcome::Ok;
}

Outcome ValueReader::quoted(std::string_view text, size_t& at) {
    const size_t from = at;
    while (text[at] != '\'' && text[at] != '"')
        ++at; // b, r, u, f
    const size_t end = string_end(text, at);
    if (end == npos)
        return Outcome::Unfinished;
    at = end;
    push(ArgKind::String, builder_.intern(text.substr(from, end - from)));
    return Outcome::Ok;
}

// Whether values of the graph are put together here, as people write it: FX gives each operation a statement.
// Sizes are, `2*s0` and `s0 // 2`.
bool ValueReader::computes(std::string_view words) const {
    for (size_t at = 0; at < words.size();) {
        const std::string_view name = identifier_at(words, at);
        if (name.empty()) {
            ++at;
            continue;
        }
        at += name.size();
        const NodeId node = builder_.node_named(builder_.intern(name));
        if (!node || builder_.is_symbol(builder_.intern(name)))
            continue;
        const ValueType* type = builder_.module().type(builder_.body().node(node).type);
        if (!type || type->kind != TypeKind::Sym)
            return true;
    }
    return false;
}

Outcome ValueReader::opaque(std::string_view text, size_t& at, size_t from) {
    bool closed = false;
    const size_t end = balanced_end(text, from, closed);
    if (!closed)
        return Outcome::Unfinished;
    if (end == from)
        return bad("expected a value, found '" + std::string(text.substr(from, 1)) + "'");
    std::string_view words = text.substr(from, end - from);
    while (words.ends_with(' '))
        words.remove_suffix(1);
    if (words.find_first_of("+-*/%@&|^~ ") != npos && looks_symbolic(words) && computes(words))
        return bad("expected one value, found the expression '" + std::string(words.substr(0, 40)) + "'");
    push(looks_symbolic(words) ? ArgKind::Symbol : ArgKind::Opaque, builder_.intern(words));
    at = end;
    return Outcome::Ok;
}

// A name, a dotted path, or the head of a call; for a call `opened` is set and `container` says which.
Outcome ValueReader::word(std::string_view text, size_t& at, bool& opened, Arg& container) {
    const std::string_view path = path_at(text, at);
    const size_t end = at + path.size();
    const char next = end < text.size() ? text[end] : '\0';
    if (next == '\'' || next == '"')
        return path.size() <= 2 ? quoted(text, at)
                                : bad("unexpected quote after '" + std::string(path) + "'");
    if (next == '(') {
        if (path == "device") {
            bool closed = false;
            const size_t device_end = balanced_end(text, at, closed);
            if (!closed)
                return Outcome::Unfinished;
            push(ArgKind::Device, builder_.intern(text.substr(at, device_end - at)));
            at = device_end;
            return Outcome::Ok;
        }
        opened = true;
        container.kind = path == "slice" ? ArgKind::Slice : path == "range" ? ArgKind::Range : ArgKind::Call;
        container.ref = builder_.intern(path).index;
        at = end + 1;
        return Outcome::Ok;
    }
    at = end;
    if (path == "None")
        push(ArgKind::None);
    else if (path == "Ellipsis")
        push(ArgKind::Ellipsis);
    else if (path == "True" || path == "False")
        push(ArgKind::Bool, builder_.intern(path));
    else if (path == "inf" || path == "nan")
        push(ArgKind::Float, builder_.intern(path));
    else if (path.find('.') != npos)
        push(torch_name_kind(path), builder_.intern(path));
    else {
        const StringId name = builder_.intern(path);
        if (const NodeId node = builder_.node_named(name))
            builder_.body().args.push_back({ArgKind::Node, 1, node.index});
        else if (const auto local = locals_.find(name); local != locals_.end())
            builder_.body().args.insert(
                builder_.body().args.end(), local->second.begin(), local->second.end());
        else
            unknown(name);
    }
    return Outcome::Ok;
}

void ValueReader::unknown(StringId name) {
    push(ArgKind::Symbol, name);
    // Symbols are few in a body, and so are names that nothing defines.
    constexpr size_t kMost = 1000;
    const bool known =
        std::any_of(unknown_.begin(), unknown_.end(), [&](const UnknownName& u) { return u.name == name; });
    // The repr of an object speaks of dtypes without their module.
    if (!known && unknown_.size() < kMost && !dtype_by_name(builder_.module().text(name)))
        unknown_.push_back({name, number_, offset_});
}

// A value that is no container.
Outcome ValueReader::leaf(std::string_view text, size_t& at) {
    const char c = text[at];
    if (is_digit(c) || c == '.'
        || ((c == '-' || c == '+') && at + 1 < text.size()
            && (is_digit(text[at + 1]) || text[at + 1] == '.' || text[at + 1] == 'i'
                || text[at + 1] == 'n'))) {
        const size_t from = at;
        const size_t args = builder_.body().args.size();
        const Outcome outcome = number(text, at);
        if (outcome != Outcome::Bad)
            return outcome;
        builder_.body().args.resize(args);
        return opaque(text, at, from);
    }
    if (c == '\'' || c == '"')
        return quoted(text, at);
    return opaque(text, at, at);
}

// The brackets that are open while one value is read, and what to do when they close.
class ValueReader::Scan {
public:
    Scan(ValueReader& reader, std::string_view text, size_t& at, Stop stop)
        : reader_(reader)
        , builder_(reader.builder_)
        , args_(reader.builder_.body().args)
        , text_(text)
        , at_(at)
        , stop_(stop) { }

    Outcome run() {
        for (;;) {
            skip_spaces(text_, at_);
            if (at_ >= text_.size())
                return open_.empty() ? reader_.bad("expected a value, found the end of the line")
                                     : Outcome::Unfinished;
            if (open_.size() > kMostDepth)
                return reader_.bad("brackets nested deeper than " + std::to_string(kMostDepth));
            value_from_ = at_;
            value_args_ = args_.size();
            state_ = State::Opened;
            if (const Outcome o = read_one(); o != Outcome::Ok)
                return o;
            if (state_ == State::Opened)
                continue;
            if (const Outcome o = settle(); o != Outcome::Ok || state_ == State::Finished)
                return o;
        }
    }

private:
    struct Open {
        ArgKind kind;
        char closing; // '\0' for a keyword, which ends with its value
        size_t args; // index of its entry
        size_t from; // where its text starts
        size_t items = 0;
        bool comma = false; // the last thing was a comma
    };
    enum class State : uint8_t {
        Opened, // a container or a keyword was opened: its first item comes next
        Value, // a whole value was read
        Closing, // the innermost container closes here, without a value before it
        Finished, // the outermost value is complete
    };

    // Reads a leaf, or opens a container, or sees that the innermost one closes.
    Outcome read_one() {
        const char c = text_[at_];
        if (!open_.empty() && c == open_.back().closing && (open_.back().items == 0 || open_.back().comma)) {
            state_ = State::Closing;
            return Outcome::Ok;
        }
        if (c == '(' || c == '[' || c == '{') {
            const ArgKind kind = c == '(' ? ArgKind::Tuple : c == '[' ? ArgKind::List : ArgKind::Dict;
            open(kind, c == '(' ? ')' : c == '[' ? ']' : '}', {kind});
            ++at_;
            return Outcome::Ok;
        }
        if (is_identifier_start(c) || ((c & 0x80) && !identifier_at(text_, at_).empty()))
            return read_word();
        state_ = State::Value;
        return reader_.leaf(text_, at_);
    }

    Outcome read_word() {
        // A keyword: name = value, inside a call only.
        const std::string_view name = identifier_at(text_, at_);
        size_t behind = at_ + name.size();
        skip_spaces(text_, behind);
        const bool in_call = !open_.empty() && open_.back().kind == ArgKind::Call;
        if (in_call && behind + 1 < text_.size() && text_[behind] == '=' && text_[behind + 1] != '=') {
            open(ArgKind::Keyword, '\0', {ArgKind::Keyword, 1, builder_.intern(name).index});
            at_ = behind + 1;
            return Outcome::Ok;
        }
        bool opened = false;
        Arg container;
        const Outcome outcome = reader_.word(text_, at_, opened, container);
        if (opened)
            open(container.kind, ')', container);
        else
            state_ = State::Value;
        return outcome;
    }

    void open(ArgKind kind, char closing, Arg entry) {
        open_.push_back({kind, closing, args_.size(), value_from_});
        args_.push_back(entry);
    }
    void seal(const Open& o) { args_[o.args].size = static_cast<uint32_t>(args_.size() - o.args); }

    // What stands behind a value: an operator, which makes it a symbolic expression; commas; closing
    // brackets.
    Outcome settle() {
        for (;;) {
            if (state_ == State::Value) {
                if (const Outcome o = take_value(); o != Outcome::Ok || state_ == State::Finished)
                    return o;
            }
            skip_spaces(text_, at_);
            if (at_ >= text_.size())
                return Outcome::Unfinished;
            Open& outer = open_.back();
            if (text_[at_] == ',' || (text_[at_] == ':' && outer.kind == ArgKind::Dict)) {
                outer.comma = text_[at_] == ',';
                ++at_;
                return Outcome::Ok;
            }
            if (text_[at_] != outer.closing)
                return reader_.bad(
                    "expected ',' or '" + std::string(1, outer.closing) + "', found '" + text_[at_] + "'");
            ++at_;
            close_innermost();
        }
    }

    Outcome take_value() {
        size_t next = at_;
        skip_spaces(text_, next);
        const bool ends = next >= text_.size() || is_delimiter(text_[next]);
        if (!ends && !(open_.empty() && stop_ == Stop::Anywhere)) {
            args_.resize(value_args_);
            if (const Outcome o = reader_.opaque(text_, at_, value_from_); o != Outcome::Ok)
                return o;
        }
        while (!open_.empty() && open_.back().kind == ArgKind::Keyword) {
            seal(open_.back());
            open_.pop_back();
        }
        if (open_.empty()) {
            state_ = State::Finished;
            return Outcome::Ok;
        }
        ++open_.back().items;
        open_.back().comma = false;
        return Outcome::Ok;
    }

    void close_innermost() {
        const Open closed = open_.back();
        open_.pop_back();
        const std::string_view words = text_.substr(closed.from, at_ - closed.from);
        if (closed.kind == ArgKind::Tuple && closed.items == 1 && !closed.comma) {
            // No tuple but a bracketed expression, or a complex number such as (-0-2j).
            const bool complex = words.ends_with("j)") && words.size() > 2 && !is_identifier_start(words[1]);
            replace(closed, complex ? ArgKind::Complex : ArgKind::Symbol, words);
        } else if (closed.kind == ArgKind::Call
            && builder_.module().text(args_[closed.args].text()) == "complex") {
            replace(closed, ArgKind::Complex, words);
        } else {
            seal(closed);
        }
        value_from_ = closed.from;
        value_args_ = closed.args;
        state_ = State::Value;
    }
    void replace(const Open& closed, ArgKind kind, std::string_view words) {
        args_.resize(closed.args);
        reader_.push(kind, builder_.intern(words));
    }

    ValueReader& reader_;
    ModuleBuilder& builder_;
    std::vector<Arg>& args_;
    std::string_view text_;
    size_t& at_;
    Stop stop_;
    std::vector<Open> open_;
    State state_ = State::Opened;
    size_t value_from_ = 0; // where the latest value's text starts
    size_t value_args_ = 0; // and its entries
};

Outcome ValueReader::value(std::string_view text, size_t& at, Stop stop) {
    return Scan(*this, text, at, stop).run();
}

Outcome ValueReader::call_arguments(std::string_view text, size_t& at) {
    std::vector<Arg>& args = builder_.body().args;
    for (;;) {
        skip_spaces(text, at);
        if (at >= text.size())
            return Outcome::Unfinished;
        if (text[at] == ')') {
            ++at;
            return Outcome::Ok;
        }
        const std::string_view name = identifier_at(text, at);
        size_t behind = at + name.size();
        skip_spaces(text, behind);
        const size_t entry = args.size();
        const bool keyword =
            !name.empty() && behind + 1 < text.size() && text[behind] == '=' && text[behind + 1] != '=';
        if (keyword) {
            push(ArgKind::Keyword, builder_.intern(name));
            at = behind + 1;
        }
        if (const Outcome o = value(text, at, Stop::Delimiter); o != Outcome::Ok)
            return o;
        if (keyword)
            args[entry].size = static_cast<uint32_t>(args.size() - entry);
        skip_spaces(text, at);
        if (at < text.size() && text[at] == ',')
            ++at;
        else if (at < text.size() && text[at] != ')')
            return bad("expected ',' or ')' in a call, found '" + std::string(1, text[at]) + "'");
    }
}

} // namespace hopscope::read
