#include "core/read/stage.h"

#include "core/base/text.h"

#include <algorithm>
#include <charconv>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
        [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

// Whether `word` stands in `text` with no letter beside it.
bool has_word(std::string_view text, std::string_view word) {
    const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
    for (size_t at = text.find(word); at != npos; at = text.find(word, at + 1)) {
        const size_t end = at + word.size();
        if ((at == 0 || !letter(text[at - 1])) && (end == text.size() || !letter(text[end])))
            return true;
    }
    return false;
}

// Stages by the words that name them, the telling ones first.
std::optional<Stage> stage_of_words(std::string_view words) {
    struct Word {
        std::string_view word;
        Stage stage;
    };
    static constexpr Word kWords[]{{"pre_grad", Stage::PreGrad}, {"pre grad", Stage::PreGrad},
        {"post_grad", Stage::PostGrad}, {"post grad", Stage::PostGrad}, {"joint", Stage::Joint},
        {"backward", Stage::Backward}, {"bw", Stage::Backward}, {"bwd", Stage::Backward},
        {"inference", Stage::Inference}, {"forward", Stage::Forward}, {"fw", Stage::Forward},
        {"fwd", Stage::Forward}};
    for (const Word& w : kWords)
        if (has_word(words, w.word))
            return w.stage;
    return std::nullopt;
}

} // namespace

std::optional<StageGuess> stage_of_title(std::string_view title) {
    StageGuess guess;
    guess.evidence = "title";
    const std::string words = lower(title);
    if (words.starts_with("exportedprogram")) {
        guess.stage = Stage::Export;
        return guess;
    }
    if (words.find("compiled_fn") != npos) {
        guess.stage = Stage::Dynamo;
        return guess;
    }
    if (words.find("compiled autograd") != npos) {
        guess.label = std::string(title);
        return guess;
    }
    const auto stage = stage_of_words(words);
    if (!stage || (words.find("graph") == npos && words.find("grad") == npos))
        return std::nullopt;
    guess.stage = *stage;
    if (const size_t at = words.find("graph "); at != npos)
        std::from_chars(words.data() + at + 6, words.data() + words.size(), guess.number);
    // The stages that stand before and after a pass are told apart by that.
    if (guess.stage == Stage::PreGrad || guess.stage == Stage::PostGrad)
        guess.label = std::string(title);
    return guess;
}

std::optional<StageGuess> stage_of_artifact(std::string_view artifact) {
    StageGuess guess;
    guess.evidence = "log artifact";
    if (artifact.starts_with("graph_code") || artifact == "graph") {
        guess.stage = Stage::Dynamo;
    } else if (artifact.starts_with("compiled_autograd")) {
        guess.label = "Compiled autograd graph";
    } else if (artifact == "aot_joint_graph") {
        guess.stage = Stage::Joint;
    } else if (artifact == "pre_grad_graphs") {
        guess.stage = Stage::PreGrad;
        guess.label = "pre_grad_graphs";
    } else if (artifact == "post_grad_graphs") {
        guess.stage = Stage::PostGrad;
        guess.label = "post_grad_graphs";
    } else if (artifact == "ddp_graphs") {
        guess.label = "ddp_graphs";
    } else {
        return std::nullopt;
    }
    return guess;
}

std::optional<StageGuess> stage_of_file(std::string_view name) {
    const std::string words = lower(name);
    StageGuess guess;
    guess.evidence = "file name";
    const auto stage = stage_of_words(words);
    if (!stage)
        return std::nullopt;
    guess.stage = *stage;
    return guess;
}

std::optional<StageGuess> stage_of_class(std::string_view name) {
    StageGuess guess;
    guess.evidence = "class name";
    if (name.starts_with("CompiledAutograd"))
        guess.label = "Compiled autograd graph";
    else if (name == "joint_fn" || name == "joint_helper" || name == "inner_f")
        guess.stage = Stage::Joint;
    else
        return std::nullopt;
    return guess;
}

namespace {

// Whether a computed value is returned that no tangent went into: an output of the forward, in a joint graph.
bool returns_forward_values(const GraphModule& module, const Body& body) {
    std::vector<bool> of_tangent(body.nodes.size(), false);
    for (size_t i = 0; i < body.nodes.size(); ++i) {
        const Node& node = body.nodes[i];
        if (node.op == Opcode::Placeholder) {
            of_tangent[i] = module.text(node.name).starts_with("tangents_");
            continue;
        }
        for (const NodeId input : body.inputs_of(node)) {
            of_tangent[i] = of_tangent[i] || of_tangent[input.index];
            const Node& from = body.node(input);
            if (node.op == Opcode::Output && !of_tangent[input.index] && from.op != Opcode::Placeholder
                && from.inputs_begin != from.inputs_end)
                return true;
        }
    }
    return false;
}

} // namespace

std::optional<StageGuess> stage_of_placeholders(const GraphModule& module) {
    if (module.bodies.empty())
        return std::nullopt;
    size_t primals = 0;
    size_t tangents = 0;
    size_t dynamo = 0;
    const Body& root = module.bodies[0];
    for (const Node& node : root.nodes) {
        if (node.op != Opcode::Placeholder)
            continue;
        primals += module.text(node.name).starts_with("primals_");
        tangents += module.text(node.name).starts_with("tangents_");
        dynamo += module.text(node.target).starts_with("L_") || module.text(node.target).starts_with("G_");
    }
    StageGuess guess;
    guess.evidence = "placeholders";
    if (tangents) {
        guess.stage = primals && returns_forward_values(module, root) ? Stage::Joint : Stage::Backward;
    } else if (primals) {
        guess.stage = Stage::Forward;
    } else if (dynamo) {
        guess.stage = Stage::Dynamo;
    } else {
        return std::nullopt;
    }
    return guess;
}

} // namespace hopscope::read
