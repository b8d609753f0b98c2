#include "core/read/sympy.h"

#include "core/base/text.h"
#include "core/read/scan.h"

#include <algorithm>
#include <array>
#include <vector>

namespace hopscope::read {

namespace {

constexpr size_t kLongest = 1 << 16, kDeepest = 200;

enum Precedence { kRelation, kSum, kProduct, kPower, kAtom };

struct Term {
    std::string text;
    int precedence = kAtom;
};

std::string bracketed(const Term& term, int least) {
    return term.precedence < least ? '(' + term.text + ')' : term.text;
}

struct Relation {
    std::string_view name, symbol;
};
constexpr std::array kRelations{Relation{"StrictGreaterThan", " > "}, Relation{"GreaterThan", " >= "},
    Relation{"StrictLessThan", " < "}, Relation{"LessThan", " <= "}};

Term sum(const std::vector<Term>& terms) {
    Term out{"", kSum};
    for (const Term& term : terms) {
        const bool negative = term.text.starts_with('-') && !out.text.empty();
        out.text += out.text.empty() ? "" : negative ? " - " : " + ";
        out.text += negative ? term.text.substr(1) : bracketed(term, kSum);
    }
    return out;
}

Term product(const std::vector<Term>& terms) {
    Term out{"", kProduct};
    for (size_t i = 0; i < terms.size(); ++i) {
        if (i == 0 && terms.size() > 1 && terms[0].text == "-1") {
            out.text = "-";
            continue;
        }
        out.text += out.text.empty() || out.text == "-" ? "" : "*";
        out.text += bracketed(terms[i], kProduct);
    }
    return out;
}

// What a call of the constructor `name` stands for.
std::optional<Term> applied(std::string_view name, const std::vector<Term>& terms) {
    const auto is = [&](std::string_view n, size_t least) { return name == n && terms.size() >= least; };
    if (is("Symbol", 1) || is("Dummy", 1))
        return is_identifier(terms[0].text) ? std::optional(Term{terms[0].text, kAtom}) : std::nullopt;
    if (is("Integer", 1) || is("Float", 1))
        return Term{terms[0].text, terms[0].text.starts_with('-') ? kProduct : kAtom};
    if (is("Rational", 2))
        return Term{terms[0].text + '/' + terms[1].text, kProduct};
    if (is("Add", 1))
        return sum(terms);
    if (is("Mul", 1))
        return product(terms);
    if (is("Pow", 2))
        return Term{bracketed(terms[0], kAtom) + "**" + bracketed(terms[1], kAtom), kPower};
    if (is("FloorDiv", 2) || is("CleanDiv", 2))
        return Term{'(' + bracketed(terms[0], kPower) + "//" + bracketed(terms[1], kPower) + ')', kAtom};
    for (const Relation& relation : kRelations)
        if (is(relation.name, 2))
            return Term{bracketed(terms[0], kSum) + std::string(relation.symbol) + bracketed(terms[1], kSum),
                kRelation};
    std::string text(name == "Equality" ? "Eq" : name == "Unequality" ? "Ne" : name);
    text += '(';
    for (size_t i = 0; i < terms.size(); ++i)
        text += (i ? ", " : "") + terms[i].text;
    return Term{text + ')', kAtom};
}

class Reader {
public:
    explicit Reader(std::string_view text)
        : text_(text) { }

    std::optional<Term> read() {
        open_.push_back({});
        while (at_ < text_.size() && good_)
            step();
        if (!good_ || open_.size() != 1 || open_[0].terms.size() != 1)
            return std::nullopt;
        return open_[0].terms[0];
    }

private:
    struct Open {
        std::string_view name;
        std::vector<Term> terms;
    };

    void step() {
        const char c = text_[at_];
        if (c == ' ' || c == ',') {
            ++at_;
        } else if (c == ')') {
            close();
        } else if (c == '\'' || c == '"') {
            const size_t end = string_end(text_, at_);
            good_ = end != std::string_view::npos;
            if (good_)
                push(std::string(text_.substr(at_ + 1, end - at_ - 2)));
            at_ = end;
        } else if (is_identifier_start(c)) {
            word();
        } else {
            size_t end = at_;
            while (end < text_.size() && (is_digit(text_[end]) || text_[end] == '-' || text_[end] == '.'))
                ++end;
            good_ = end > at_;
            push(std::string(text_.substr(at_, end - at_)));
            at_ = end;
        }
    }

    void word() {
        const std::string_view name = identifier_at(text_, at_);
        at_ += name.size();
        if (at_ < text_.size() && text_[at_] == '(') {
            open_.push_back({name, {}});
            good_ = open_.size() <= kDeepest;
            ++at_;
        } else if (at_ < text_.size() && text_[at_] == '=') { // positive=True and the like say nothing here
            at_ = std::min(text_.find_first_of(",)", at_), text_.size());
        } else {
            push(std::string(name == "true" ? "True" : name == "false" ? "False" : name));
        }
    }

    void close() {
        ++at_;
        good_ = open_.size() > 1;
        if (!good_)
            return;
        auto term = applied(open_.back().name, open_.back().terms);
        open_.pop_back();
        good_ = term.has_value();
        if (good_)
            open_.back().terms.push_back(std::move(*term));
    }

    void push(std::string text) {
        const int precedence = text.starts_with('-') ? kProduct : kAtom;
        open_.back().terms.push_back({std::move(text), precedence});
    }

    std::string_view text_;
    size_t at_ = 0;
    bool good_ = true;
    std::vector<Open> open_;
};

} // namespace

std::optional<std::string> plain_expression(std::string_view text) {
    if (text.empty() || text.size() > kLongest)
        return std::nullopt;
    for (const char c : text) // it goes into a line of generated code, between quotes
        if (static_cast<unsigned char>(c) < ' ' || c == '\\')
            return std::nullopt;
    if (text.find("('") == std::string_view::npos && text.find("Integer(") == std::string_view::npos)
        return text.find('"') == std::string_view::npos ? std::optional(std::string(text)) : std::nullopt;
    const auto term = Reader(text).read();
    return term ? std::optional(term->text) : std::nullopt;
}

} // namespace hopscope::read
