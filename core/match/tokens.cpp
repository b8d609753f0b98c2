#include "core/match/tokens.h"

#include "core/graph/reading.h"
#include "core/match/hash.h"
#include "core/match/literals.h"

#include <algorithm>

namespace hopscope::match {

namespace {

bool is_container(ArgKind kind) {
    switch (kind) {
    case ArgKind::Tuple:
    case ArgKind::List:
    case ArgKind::Dict:
    case ArgKind::Slice:
    case ArgKind::Range:
    case ArgKind::Call:
        return true;
    default:
        return false;
    }
}

bool has_node(std::span<const Arg> args) {
    return std::any_of(args.begin(), args.end(), [](const Arg& a) { return a.kind == ArgKind::Node; });
}

// Which literals count as constants, as dtypes, as devices.
bool counts(ArgKind kind, const MatchOptions& o) {
    switch (kind) {
    case ArgKind::Dtype:
        return o.dtypes;
    case ArgKind::Device:
        return o.devices;
    case ArgKind::Operator:
    case ArgKind::None:
    case ArgKind::Node:
        return true;
    default:
        return o.constants;
    }
}

class Reader {
public:
    Reader(size_t node_count, const MatchOptions& options, const Arg* identifier, std::vector<Token>& out)
        : node_count_(node_count)
        , options_(options)
        , identifier_(identifier)
        , out_(out) { }

    // One top-level argument.
    void argument(std::span<const Arg> args) {
        if (!options_.constants && args[0].kind != ArgKind::Keyword && collapses(args)) {
            out_.push_back({Token::Kind::Constant, 0, &args[0]});
            return;
        }
        ends_.clear();
        for (size_t i = 0; i < args.size(); ++i) {
            while (!ends_.empty() && ends_.back() == i)
                ends_.pop_back();
            const auto depth = static_cast<uint32_t>(ends_.size());
            const Arg& arg = args[i];
            if (arg.kind == ArgKind::Keyword) {
                out_.push_back({Token::Kind::Keyword, depth, &arg});
                ends_.push_back(i + arg.size);
                const auto value = args.subspan(i + 1, arg.size - 1);
                if (!options_.constants && !value.empty() && collapses(value)) {
                    out_.push_back({Token::Kind::Constant, depth + 1, &value[0]});
                    i += value.size();
                }
            } else if (&arg == identifier_ && !options_.ids) {
                out_.push_back({Token::Kind::Skipped, depth, &arg});
            } else if (is_container(arg.kind)) {
                out_.push_back({Token::Kind::Container, depth, &arg});
                ends_.push_back(i + arg.size);
            } else if (arg.kind == ArgKind::Node) {
                const bool there = arg.node().index < node_count_;
                out_.push_back({there ? Token::Kind::Node : Token::Kind::Constant, depth, &arg});
            } else {
                out_.push_back(
                    {counts(arg.kind, options_) ? Token::Kind::Leaf : Token::Kind::Constant, depth, &arg});
            }
        }
    }

private:
    bool collapses(std::span<const Arg> args) const {
        const ArgKind kind = args[0].kind;
        return &args[0] != identifier_ && kind != ArgKind::None && kind != ArgKind::Operator
            && !(args.size() == 1 && counts(kind, options_)) && !has_node(args);
    }

    size_t node_count_;
    const MatchOptions& options_;
    const Arg* identifier_;
    std::vector<Token>& out_;
    std::vector<size_t> ends_; // of the open containers, as positions in the argument
};

} // namespace

void tokens_of(const GraphModule& module, BodyId scope, NodeId id, const MatchOptions& options,
    std::vector<Token>& out) {
    out.clear();
    const Body& body = module.body(scope);
    const auto names = call_names(module, scope, id);
    Reader reader(body.nodes.size(), options, names ? names->identifier : nullptr, out);
    std::vector<const Arg*> keywords;
    for (const Arg& arg : entries_of(body, body.node(id))) {
        if (arg.kind == ArgKind::Keyword)
            keywords.push_back(&arg);
        else
            reader.argument(subtree(arg));
    }
    std::stable_sort(keywords.begin(), keywords.end(),
        [&](const Arg* x, const Arg* y) { return module.text(x->text()) < module.text(y->text()); });
    for (const Arg* arg : keywords)
        reader.argument(subtree(*arg));
}

bool same_token(const GraphModule& a, const Token& x, const GraphModule& b, const Token& y) {
    if (x.kind != y.kind || x.depth != y.depth)
        return false;
    switch (x.kind) {
    case Token::Kind::Node:
    case Token::Kind::Constant:
    case Token::Kind::Skipped:
        return true;
    case Token::Kind::Keyword:
        return a.text(x.arg->text()) == b.text(y.arg->text());
    case Token::Kind::Container:
        return x.arg->kind == y.arg->kind && a.text(x.arg->text()) == b.text(y.arg->text());
    case Token::Kind::Leaf:
        return x.arg->kind == y.arg->kind
            && same_literal(x.arg->kind, a.text(x.arg->text()), b.text(y.arg->text()));
    }
    return false;
}

uint64_t token_hash(const GraphModule& module, const Token& token) {
    const uint64_t h = mix(static_cast<uint64_t>(token.kind), token.depth);
    switch (token.kind) {
    case Token::Kind::Node:
    case Token::Kind::Constant:
    case Token::Kind::Skipped:
        return h;
    case Token::Kind::Keyword:
        return mix(h, text_hash(module.text(token.arg->text())));
    case Token::Kind::Container:
        return mix(mix(h, static_cast<uint64_t>(token.arg->kind)), text_hash(module.text(token.arg->text())));
    case Token::Kind::Leaf:
        break;
    }
    return mix(mix(h, static_cast<uint64_t>(token.arg->kind)),
        literal_hash(token.arg->kind, module.text(token.arg->text())));
}

size_t argument_start(std::span<const Token> tokens, size_t at) {
    while (at > 0 && tokens[at].depth > 0)
        --at;
    return tokens[at].kind == Token::Kind::Keyword && at + 1 < tokens.size() ? at + 1 : at;
}

std::string argument_name(const GraphModule& module, std::span<const Token> tokens, size_t at) {
    size_t position = 0;
    size_t start = at;
    while (start > 0 && tokens[start].depth > 0)
        --start;
    if (tokens[start].kind == Token::Kind::Keyword)
        return "keyword " + std::string(module.text(tokens[start].arg->text()));
    for (size_t i = 0; i < start; ++i)
        position += tokens[i].depth == 0;
    return "argument " + std::to_string(position);
}

} // namespace hopscope::match
