#include "core/read/stage.h"

#include "core/base/text.h"
#include "core/graph/roles.h"

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
    if (const size_t at = words.find("graph "); at != npos) {
        int number = 0;
        if (std::from_chars(words.data() + at + 6, words.data() + words.size(), number).ec == std::errc{}
            && number >= 0)
            guess.number = number;
    }
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
    // "fw-bw.txt" holds both.
    const bool both = stage == Stage::Backward
        && (has_word(words, "forward") || has_word(words, "fw") || has_word(words, "fwd"));
    if (!stage || both)
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
    else if (name == "backward_fn") // Lightning Thunder's two
        guess.stage = Stage::Backward;
    else if (name == "augmented_forward_fn")
        guess.stage = Stage::Forward;
    else
        return std::nullopt;
    return guess;
}

namespace {
// What compiled autograd hands its graphs (torch/_dynamo/compiled_autograd.py, begin_capture), in all
// versions.
bool takes_autograd_state(const GraphModule& module) {
    static constexpr std::string_view kNames[]{"inputs", "sizes", "scalars", "hooks"};
    const Body& root = module.bodies.front();
    size_t i = 0;
    for (const std::string_view name : kNames) {
        const bool there = i < root.placeholder_count() && module.text(root.nodes[i].name) == name;
        if (!there && name != "scalars") // since 2.5
            return false;
        i += there;
    }
    return true;
}
} // namespace

std::optional<StageGuess> stage_of_placeholders(const GraphModule& module) {
    StageGuess guess;
    guess.evidence = "placeholders";
    if (const auto stage = stage_by_signature(module))
        guess.stage = *stage;
    else if (!module.bodies.empty() && takes_autograd_state(module))
        guess.label = "Compiled autograd graph";
    else
        return std::nullopt;
    return guess;
}

} // namespace hopscope::read
