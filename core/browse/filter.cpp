#include "core/browse/filter.h"

#include <algorithm>

namespace hopscope {

namespace {
std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z')
            c = char(c - 'A' + 'a');
    }
    return out;
}

constexpr int kDeepest = 16; // of brackets: more is a mistake, not a question
} // namespace

struct Filter::Parser {
    std::string_view text;
    const std::vector<std::string_view>& fields;
    size_t at = 0;

    Error error(std::string message) const {
        Error e = make_error(Error::Kind::Usage, std::move(message));
        e.offset = at;
        return e;
    }
    void skip_spaces() {
        while (at < text.size() && (text[at] == ' ' || text[at] == '\t'))
            ++at;
    }

    Result<std::string> word() {
        if (at < text.size() && text[at] == '"') {
            const size_t close = text.find('"', at + 1);
            if (close == std::string_view::npos)
                return error("found a \" that is not closed, expected another \"");
            std::string out = lower(text.substr(at + 1, close - at - 1));
            at = close + 1;
            return out;
        }
        const size_t begin = at;
        while (at < text.size() && text[at] != ' ' && text[at] != '\t' && text[at] != ')' && text[at] != '('
            && text[at] != ':' && text[at] != '"')
            ++at;
        return lower(text.substr(begin, at - begin));
    }

    Result<Term> term(int depth) {
        Term t;
        if (text[at] == '+' || text[at] == '-') {
            t.sign = text[at] == '+' ? Sign::Must : Sign::MustNot;
            ++at;
            if (at >= text.size() || text[at] == ' ')
                return error(std::string("found ") + (t.sign == Sign::Must ? "+" : "-")
                    + " alone, expected a word behind it");
        }
        if (text[at] == '(') {
            ++at;
            Result<std::vector<Term>> group = list(depth + 1);
            if (!group)
                return group.error();
            if (at >= text.size())
                return error("found a ( that is not closed, expected )");
            ++at;
            if (group->empty())
                return error("found (), expected a word between the brackets");
            t.group = std::move(*group);
            return t;
        }
        Result<std::string> first = word();
        if (!first)
            return first.error();
        if (at < text.size() && text[at] == ':') {
            if (std::find(fields.begin(), fields.end(), *first) == fields.end()) {
                std::string known;
                for (std::string_view field : fields)
                    known += (known.empty() ? "" : ", ") + std::string(field);
                return error("found the field \"" + *first + "\", expected one of " + known);
            }
            ++at;
            t.field = *first;
            if (at >= text.size() || text[at] == ' ' || text[at] == ')')
                return error("found nothing after \"" + t.field + ":\", expected a value");
            first = word();
            if (!first)
                return first.error();
        }
        t.word = *first;
        if (t.word.empty())
            return error("found an empty word, expected a word");
        return t;
    }

    Result<std::vector<Term>> list(int depth) {
        if (depth > kDeepest)
            return error("found brackets nested deeper than 16");
        std::vector<Term> terms;
        for (skip_spaces(); at < text.size(); skip_spaces()) {
            if (text[at] == ')') {
                if (depth == 0)
                    return error("found a ) without (");
                break;
            }
            Result<Term> t = term(depth);
            if (!t)
                return t.error();
            terms.push_back(std::move(*t));
        }
        return terms;
    }
};

Result<Filter> Filter::parse(std::string_view text, const std::vector<std::string_view>& fields) {
    Parser parser{text, fields};
    Result<std::vector<Term>> terms = parser.list(0);
    if (!terms)
        return terms.error();
    Filter filter;
    filter.terms_ = std::move(*terms);
    return filter;
}

bool Filter::matches_one(const Term& term, const FilterRow& row) {
    if (!term.group.empty())
        return matches_all(term.group, row);
    for (const auto& [field, value] : row) {
        if ((term.field.empty() || term.field == field) && lower(value).find(term.word) != std::string::npos)
            return true;
    }
    return false;
}

// Plain words: any of them. Fields: each field named must fit one of the values given for it.
bool Filter::matches_all(const std::vector<Term>& terms, const FilterRow& row) {
    bool any_word = false, one_fits = false;
    for (const Term& term : terms) {
        if (term.sign == Sign::MustNot) {
            if (matches_one(term, row))
                return false;
        } else if (term.sign == Sign::Must) {
            if (!matches_one(term, row))
                return false;
        } else if (term.field.empty()) {
            any_word = true;
            one_fits = one_fits || matches_one(term, row);
        } else if (!std::any_of(terms.begin(), terms.end(), [&](const Term& other) {
                       return other.sign == Sign::Any && other.field == term.field && matches_one(other, row);
                   })) {
            return false;
        }
    }
    return !any_word || one_fits;
}

bool Filter::matches(const FilterRow& row) const {
    return matches_all(terms_, row);
}

} // namespace hopscope
