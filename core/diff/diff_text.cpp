// A comparison in the manner of a unified diff: lines of a with '-', of b with '+', what changed below them.
#include "core/diff/diff.h"

#include "core/base/text.h"
#include "core/graph/print.h"

#include <algorithm>

namespace hopscope {

std::string change_text(const FieldDifference& f) {
    const auto shown = [](const std::string& text) { return text.empty() ? std::string("none") : text; };
    std::string out(field_name(f.field));
    if (!f.where.empty())
        out += " of " + f.where;
    if (f.expected.empty() && f.found.empty())
        return out;
    return out + ": " + shown(f.expected) + " → " + shown(f.found);
}

std::string statement_text(const GraphModule& module, BodyId body, NodeId node) {
    constexpr size_t kWidest = 200; // a call of 50 operands is not read in a diff
    const Node& n = module.body(body).node(node);
    std::string text;
    if (n.op == Opcode::Placeholder) {
        const ValueType* type = module.type(n.type);
        text = "input " + std::string(module.text(n.name))
            + (type ? ": \"" + std::string(module.text(type->text)) + '"' : "");
    } else {
        text = print_statement(module, body, node);
    }
    if (text.size() > kWidest) {
        size_t cut = kWidest;
        while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80)
            --cut;
        text.resize(cut);
        text += " …";
    }
    return text;
}

namespace {

// One thing to show, at its place in a; what only b has stands behind the node of a that its predecessor is.
struct Item {
    enum class Kind : uint8_t { Changed, Group, OnlyA, OnlyB } kind;
    size_t index; // into the list of its kind
    uint64_t place;
};

class Writer {
public:
    Writer(const GraphModule& a, const GraphModule& b, const BodyDiff& diff)
        : a_(a)
        , b_(b)
        , d_(diff) { }

    std::string run() {
        place_b();
        collect();
        std::stable_sort(
            items_.begin(), items_.end(), [](const Item& p, const Item& q) { return p.place < q.place; });
        for (const Item& item : items_)
            write(item);
        return std::move(out_);
    }

private:
    // For each node of b, where it stands in terms of a: behind the last pair before it.
    void place_b() {
        places_.assign(b_.body(d_.body_b).nodes.size(), 0);
        for (const PairedNodes& p : d_.pairs)
            places_[p.b.index] = 2 * (static_cast<uint64_t>(p.a.index) + 1);
        uint64_t last = 0;
        for (uint64_t& place : places_) {
            last = place ? place : last;
            place = last;
        }
    }

    void collect() {
        const auto of_a = [](NodeId n) { return 2 * (static_cast<uint64_t>(n.index) + 1); };
        for (size_t i = 0; i < d_.pairs.size(); ++i)
            if (!d_.pairs[i].fields.empty())
                items_.push_back({Item::Kind::Changed, i, of_a(d_.pairs[i].a)});
        for (size_t i = 0; i < d_.groups.size(); ++i)
            items_.push_back({Item::Kind::Group, i, of_a(d_.groups[i].a[0])});
        for (size_t i = 0; i < d_.only_a.size(); ++i)
            items_.push_back({Item::Kind::OnlyA, i, of_a(d_.only_a[i])});
        for (size_t i = 0; i < d_.only_b.size(); ++i)
            items_.push_back({Item::Kind::OnlyB, i, places_[d_.only_b[i].index] + 1});
    }

    void write(const Item& item) {
        switch (item.kind) {
        case Item::Kind::Changed: {
            const PairedNodes& p = d_.pairs[item.index];
            head(line_of(a_, d_.body_a, p.a));
            statement('-', a_, d_.body_a, p.a);
            statement('+', b_, d_.body_b, p.b);
            fields(p.fields);
            break;
        }
        case Item::Kind::Group: {
            const NodeGroup& g = d_.groups[item.index];
            head(line_of(a_, d_.body_a, g.a[0]));
            for (const NodeId n : g.a)
                statement('-', a_, d_.body_a, n);
            for (const NodeId n : g.b)
                statement('+', b_, d_.body_b, n);
            out_ += "      " + std::to_string(g.a.size()) + " became " + std::to_string(g.b.size()) + '\n';
            break;
        }
        case Item::Kind::OnlyA:
            head(line_of(a_, d_.body_a, d_.only_a[item.index]));
            statement('-', a_, d_.body_a, d_.only_a[item.index]);
            break;
        case Item::Kind::OnlyB:
            head(line_of(b_, d_.body_b, d_.only_b[item.index]));
            statement('+', b_, d_.body_b, d_.only_b[item.index]);
            break;
        }
    }

    static std::string line_of(const GraphModule& module, BodyId body, NodeId node) {
        const Source* s = module.source(module.body(body).node(node).source);
        if (!s || !s->has_place())
            return {};
        const std::string_view file = module.text(s->file);
        return std::string(file.substr(file.rfind('/') + 1)) + ':' + std::to_string(s->line) + "  "
            + std::string(module.text(s->code));
    }

    void head(const std::string& line) {
        if (line == head_ && !out_.empty())
            return;
        head_ = line;
        out_ += line.empty() ? "@@\n" : "@@ " + line + '\n';
    }

    void statement(char mark, const GraphModule& module, BodyId body, NodeId node) {
        out_ += std::string{mark, ' '} + statement_text(module, body, node) + '\n';
    }

    void fields(const std::vector<FieldDifference>& list) {
        constexpr size_t kMost = 8; // of an output with hundreds of items
        for (size_t i = 0; i < std::min(list.size(), kMost); ++i)
            out_ += "      " + change_text(list[i]) + '\n';
        if (list.size() > kMost)
            out_ += "      … " + std::to_string(list.size() - kMost) + " more\n";
    }

    const GraphModule& a_;
    const GraphModule& b_;
    const BodyDiff& d_;
    std::vector<uint64_t> places_;
    std::vector<Item> items_;
    std::string head_;
    std::string out_;
};

} // namespace

std::string counts_text(const BodyDiff& d) {
    std::string out = std::to_string(d.same()) + " same";
    const auto add = [&](size_t n, const char* what) {
        if (n)
            out += ", " + std::to_string(n) + ' ' + what;
    };
    add(d.changed(), "changed");
    if (!d.groups.empty())
        out += ", " + counted(d.groups.size(), "group");
    add(d.only_a.size(), "only in the first");
    add(d.only_b.size(), "only in the second");
    return out;
}

std::string diff_text(const GraphModule& a, const GraphModule& b, const std::vector<BodyDiff>& diffs,
    std::string_view name_a, std::string_view name_b) {
    std::string out;
    for (size_t i = 0; i < diffs.size(); ++i) {
        const BodyDiff& d = diffs[i];
        const auto named = [&](std::string_view name, const GraphModule& module, BodyId body) {
            return i == 0 ? std::string(name) : "called body " + body_path(module, body);
        };
        out += (i ? "\n--- " : "--- ") + named(name_a, a, d.body_a) + '\n';
        out += "+++ " + named(name_b, b, d.body_b) + '\n';
        out += counts_text(d) + '\n';
        out += Writer(a, b, d).run();
    }
    return out;
}

} // namespace hopscope
