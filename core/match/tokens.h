// A node's arguments as a flat list that is the same for arguments that mean the same.
#pragma once

#include "core/graph/body.h"
#include "core/match/options.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hopscope::match {

// One argument or container of arguments, in pre-order; depth tells the tree.
struct Token {
    enum class Kind : uint8_t {
        Node,
        Leaf, // compared by its text: same_literal()
        Container,
        Keyword, // by its name
        Constant, // some argument without a node, where constants do not count
        Skipped, // an identifier, where ids do not count
    };
    Kind kind = Kind::Leaf;
    uint32_t depth = 0;
    const Arg* arg = nullptr;
};

// Of the node's arguments in order, keywords behind the others and by name. `out` is cleared first. Pointers
// are into the body's arguments.
void tokens_of(const GraphModule& module, BodyId body, NodeId node, const MatchOptions& options,
    std::vector<Token>& out);

// Everything but which node: two tokens of kind Node are alike.
bool same_token(const GraphModule& a, const Token& x, const GraphModule& b, const Token& y);
uint64_t token_hash(const GraphModule& module, const Token& token);

// The top-level argument that a token lies in: "argument 1", "keyword alpha".
std::string argument_name(const GraphModule& module, std::span<const Token> tokens, size_t at);
// The token at which that argument starts: for a keyword its value's.
size_t argument_start(std::span<const Token> tokens, size_t at);

} // namespace hopscope::match
