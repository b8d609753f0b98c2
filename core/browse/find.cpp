#include "core/browse/find.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace hopscope {

namespace {

// A node's texts are some hundred bytes: an expression that needs more is a mistake, not a question.
constexpr uint32_t kMostSteps = 100'000;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
}

std::string lowered(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower);
    return out;
}

// By rank, but that the whole name goes before all of them.
enum Field : uint8_t { kName, kTarget, kType, kPlace, kCode, kFieldCount };
using Texts = std::array<std::string, kFieldCount>;

// Into `texts`, whose memory serves again for the next node.
void texts_of(const GraphModule& module, const Node& node, Texts& texts) {
    for (std::string& text : texts)
        text.clear();
    const std::string_view name = module.text(node.name);
    texts[kName] = name.empty() ? std::string_view("output") : name;
    texts[kTarget] = module.text(node.target);
    if (const ValueType* type = module.type(node.type))
        texts[kType] = short_type(module, *type);
    if (const Source* source = module.source(node.source); source && source->has_place()) {
        const std::string_view path = module.text(source->file);
        texts[kPlace] = std::string(path) + ":" + std::to_string(source->line);
        texts[kCode] = module.text(source->code);
    }
}

using Range = std::pair<uint32_t, uint32_t>;

// Every place of `word` in `text`; both in lower case where case does not matter.
void mark_word(const std::string& low, std::string_view word, std::vector<Range>& marks) {
    for (size_t at = low.find(word); at != std::string::npos; at = low.find(word, at + word.size()))
        marks.emplace_back(uint32_t(at), uint32_t(at + word.size()));
}

std::string message_of(int code) {
    std::array<unsigned char, 256> text{};
    pcre2_get_error_message(code, text.data(), text.size());
    return reinterpret_cast<const char*>(text.data());
}

struct CodeFree {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct MatchFree {
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct ContextFree {
    void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

} // namespace

namespace {

struct Word {
    std::string text; // in lower case, unless case matters
    std::string
        type; // "f64[" of "float64" and "torch.float64": as annotations write it; empty of other words
};

Word word_of(std::string_view text, bool match_case) {
    Word word{match_case ? std::string(text) : lowered(text), {}};
    const std::string_view whole = word.text;
    const std::string_view name = whole.starts_with("torch.") ? whole.substr(6) : whole;
    if (const DType* dtype = dtype_by_name(name))
        word.type = std::string(dtype->abbreviation) + "[";
    return word;
}

// Where a dtype stands in a type: not as the end of another's name ("f16[" in "bf16[").
size_t find_type(std::string_view type, std::string_view dtype) {
    size_t at = dtype.empty() ? std::string_view::npos : type.find(dtype);
    while (at != std::string_view::npos && at > 0 && std::isalnum(static_cast<unsigned char>(type[at - 1])))
        at = type.find(dtype, at + 1);
    return at;
}

} // namespace

struct Find::State {
    std::vector<Word> words;
    bool match_case = false;
    std::unique_ptr<pcre2_code, CodeFree> expression;
};

// One pass over nodes: what a search needs besides what is looked for.
class FindAll {
public:
    explicit FindAll(const Find& find)
        : find_(*find.state_) {
        if (!find_.expression)
            return;
        match_.reset(pcre2_match_data_create_from_pattern(find_.expression.get(), nullptr));
        context_.reset(pcre2_match_context_create(nullptr));
        pcre2_set_match_limit(context_.get(), kMostSteps);
    }

    // The rank of a node, none where it does not fit.
    Result<std::optional<int>> rank(const GraphModule& module, const Node& node) {
        texts_of(module, node, texts_);
        if (find_.expression) {
            std::vector<Range> marks;
            const std::string all = joined();
            const Result<bool> found = match(all, 0, marks);
            if (!found)
                return found.error();
            if (!*found)
                return std::optional<int>();
            const auto line = std::count(all.begin(), all.begin() + marks.front().first, '\n');
            return std::optional<int>(int(line) + 1);
        }
        int rank = 0;
        for (const Word& word : find_.words) {
            const int here = rank_of(word);
            if (here < 0)
                return std::optional<int>();
            rank = std::max(rank, here);
        }
        return std::optional<int>(rank);
    }

    FindHit describe(const GraphModule& module, const Place& place, int rank) {
        FindHit hit;
        hit.place = place;
        hit.rank = rank;
        texts_of(module, module.body(place.body).node(place.node), texts_);
        for (size_t f = 0; f < kFieldCount; ++f) {
            std::vector<Range> marks = marks_in(f);
            // Name and operator say what it is; of the rest, what it was found by.
            if (texts_[f].empty() || (marks.empty() && f != kName && f != kTarget))
                continue;
            if (!hit.snippet.empty())
                hit.snippet += "  ";
            const uint32_t begin = uint32_t(hit.snippet.size());
            hit.snippet += texts_[f];
            for (const Range& mark : marks)
                hit.marks.emplace_back(begin + mark.first, begin + mark.second);
        }
        return hit;
    }

    // In one line of a text; `marks` are offsets in it.
    Result<std::vector<Range>> in_line(std::string_view line) {
        std::vector<Range> marks;
        if (find_.expression) {
            texts_[kName] = line; // what an error names
            for (size_t from = 0; from <= line.size();) {
                const Result<bool> found = match(texts_[kName], from, marks);
                if (!found)
                    return found.error();
                if (!*found)
                    break;
                from = std::max<size_t>(marks.back().second, marks.back().first + 1);
            }
            std::erase_if(marks, [](const Range& mark) { return mark.first == mark.second; });
            return marks;
        }
        const std::string low = folded(line);
        for (const Word& word : find_.words) {
            const size_t before = marks.size();
            mark_word(low, word.text, marks);
            mark_type(line, word, marks);
            if (marks.size() == before)
                return std::vector<Range>();
        }
        return joined(std::move(marks));
    }

private:
    int rank_of(const Word& word) const {
        for (size_t f = 0; f < kFieldCount; ++f) {
            const std::string low = folded(texts_[f]);
            if (f == kName && low == word.text)
                return 0;
            if (low.find(word.text) != std::string::npos
                || (f == kType && find_type(texts_[f], word.type) != std::string::npos))
                return int(f) + 1;
        }
        return -1;
    }

    static void mark_type(std::string_view text, const Word& word, std::vector<Range>& marks) {
        if (const size_t at = find_type(text, word.type); at != std::string_view::npos)
            marks.emplace_back(uint32_t(at), uint32_t(at + word.type.size() - 1));
    }

    std::string joined() const {
        std::string all;
        for (const std::string& text : texts_)
            all += text + "\n";
        return all;
    }

    // Of one field, in order and without overlap.
    std::vector<Range> marks_in(size_t field) {
        std::vector<Range> marks;
        if (find_.expression) {
            // What was found over all texts is looked for in each again; a match over two of them has no
            // mark.
            size_t from = 0;
            while (from <= texts_[field].size()) {
                const Result<bool> found = match(texts_[field], from, marks);
                if (!found || !*found)
                    break;
                from = std::max<size_t>(marks.back().second, marks.back().first + 1);
            }
            std::erase_if(marks, [](const Range& mark) { return mark.first == mark.second; });
        } else {
            for (const Word& word : find_.words) {
                mark_word(folded(texts_[field]), word.text, marks);
                if (field == kType)
                    mark_type(texts_[field], word, marks);
            }
        }
        return joined(std::move(marks));
    }

    // In order and without overlap.
    static std::vector<Range> joined(std::vector<Range> marks) {
        std::vector<Range> out;
        std::sort(marks.begin(), marks.end());
        for (const Range& mark : marks) {
            if (!out.empty() && mark.first <= out.back().second)
                out.back().second = std::max(out.back().second, mark.second);
            else
                out.push_back(mark);
        }
        return out;
    }

    std::string folded(std::string_view text) const {
        return find_.match_case ? std::string(text) : lowered(text);
    }

    Result<bool> match(const std::string& text, size_t from, std::vector<Range>& marks) {
        const int found = pcre2_match(find_.expression.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
            text.size(), from, 0, match_.get(), context_.get());
        if (found == PCRE2_ERROR_NOMATCH)
            return false;
        if (found == PCRE2_ERROR_MATCHLIMIT)
            return make_error(Error::Kind::Usage,
                "the regular expression takes too many steps at \"" + texts_[kName]
                    + "\", expected a simpler one");
        if (found < 0)
            return make_error(Error::Kind::Usage, "the regular expression fails: " + message_of(found));
        const size_t* ends = pcre2_get_ovector_pointer(match_.get());
        marks.emplace_back(uint32_t(ends[0]), uint32_t(std::max(ends[0], ends[1])));
        return true;
    }

    const Find::State& find_;
    Texts texts_;
    std::unique_ptr<pcre2_match_data, MatchFree> match_;
    std::unique_ptr<pcre2_match_context, ContextFree> context_;
};

Find::Find()
    : state_(std::make_unique<State>()) { }
Find::~Find() = default;
Find::Find(Find&&) noexcept = default;
Find& Find::operator=(Find&&) noexcept = default;

Result<Find> Find::parse(std::string_view text, const FindOptions& options) {
    Find find;
    find.state_->match_case = options.match_case;
    const bool slashes = !options.regex && text.size() > 2 && text.front() == '/' && text.back() == '/';
    if (slashes || (options.regex && !text.empty())) {
        const std::string_view pattern = slashes ? text.substr(1, text.size() - 2) : text;
        int code = 0;
        size_t at = 0;
        find.state_->expression.reset(
            pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                (options.match_case ? 0U : PCRE2_CASELESS) | PCRE2_MULTILINE | PCRE2_UTF | PCRE2_UCP
                    | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C,
                &code, &at, nullptr));
        if (find.state_->expression)
            return find;
        Error error = make_error(Error::Kind::Usage, "this is no regular expression: " + message_of(code));
        error.offset = at + slashes;
        return error;
    }
    for (size_t begin = 0; begin < text.size();) {
        const size_t end = std::min(text.find(' ', begin), text.size());
        if (end > begin)
            find.state_->words.push_back(word_of(text.substr(begin, end - begin), options.match_case));
        begin = end + 1;
    }
    return find;
}

bool Find::empty() const {
    return state_->words.empty() && !state_->expression;
}

Result<std::vector<NodeId>> Find::in_body(const GraphModule& module, BodyId body) const {
    std::vector<NodeId> hits;
    if (empty())
        return hits;
    FindAll pass(*this);
    const Body& in = module.body(body);
    for (size_t i = 0; i < in.nodes.size(); ++i) {
        const Result<std::optional<int>> rank = pass.rank(module, in.nodes[i]);
        if (!rank)
            return rank.error();
        if (*rank)
            hits.push_back(NodeId(i));
    }
    return hits;
}

Result<std::vector<std::pair<size_t, size_t>>> Find::in_text(std::string_view text) const {
    std::vector<std::pair<size_t, size_t>> all;
    if (empty())
        return all;
    FindAll pass(*this);
    uint64_t number = 1;
    for (size_t begin = 0; begin < text.size(); ++number) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        const Result<std::vector<Range>> marks = pass.in_line(text.substr(begin, end - begin));
        if (!marks) {
            Error error = marks.error();
            error.line = number;
            return error;
        }
        for (const Range& mark : *marks)
            all.emplace_back(begin + mark.first, begin + mark.second);
        begin = end + 1;
    }
    return all;
}

Result<Hits> find_hits(const Dump& dump, const Place& body, const Find& find) {
    Result<std::vector<NodeId>> nodes = find.in_body(*dump.graph(body.graph).module, body.body);
    if (!nodes)
        return nodes.error();
    std::vector<BodyHits> all;
    if (!nodes->empty())
        all.push_back({{body.graph, body.body, {}}, std::move(*nodes)});
    return Hits(std::move(all));
}

Result<Hits> find_hits(const Dump& dump, const Find& find, const Job& job) {
    std::vector<BodyHits> all;
    for (size_t g = 0; g < dump.graphs.size() && !find.empty(); ++g) {
        if (!dump.graphs[g].module)
            continue;
        for (size_t b = 0; b < dump.graphs[g].module->bodies.size(); ++b) {
            if (job.cancelled())
                return make_error(Error::Kind::Cancelled, "cancelled");
            Result<std::vector<NodeId>> nodes = find.in_body(*dump.graphs[g].module, BodyId(b));
            if (!nodes)
                return nodes.error();
            if (!nodes->empty())
                all.push_back({{GraphId(g), BodyId(b), {}}, std::move(*nodes)});
        }
        job.report(g + 1, dump.graphs.size(), "searching");
    }
    return Hits(std::move(all));
}

Result<FindResult> find_all(
    const Dump& dump, const Find& find, size_t limit, const Job& job, const Place& only) {
    FindResult result;
    if (find.empty())
        return result;
    struct Ranked {
        Place place;
        int rank;
    };
    std::vector<Ranked> found;
    FindAll pass(find);
    for (size_t g = 0; g < dump.graphs.size(); ++g) {
        if (!dump.graphs[g].module || (only.graph && only.graph != GraphId(g)))
            continue;
        if (job.cancelled())
            return make_error(Error::Kind::Cancelled, "cancelled");
        const GraphModule& module = *dump.graphs[g].module;
        for (size_t b = 0; b < module.bodies.size(); ++b) {
            if (only.graph && only.body != BodyId(b))
                continue;
            for (size_t n = 0; n < module.bodies[b].nodes.size(); ++n) {
                const Result<std::optional<int>> rank = pass.rank(module, module.bodies[b].nodes[n]);
                if (!rank)
                    return rank.error();
                if (*rank)
                    found.push_back({{GraphId(g), BodyId(b), NodeId(n)}, **rank});
            }
        }
    }
    result.total = found.size();
    std::stable_sort(
        found.begin(), found.end(), [](const Ranked& a, const Ranked& b) { return a.rank < b.rank; });
    if (found.size() > limit)
        found.resize(limit);
    for (const Ranked& hit : found)
        result.hits.push_back(pass.describe(*dump.graph(hit.place.graph).module, hit.place, hit.rank));
    return result;
}

} // namespace hopscope
