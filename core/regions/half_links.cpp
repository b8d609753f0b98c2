#include "core/regions/half_links.h"

#include "core/graph/operators.h"
#include "core/graph/reading.h"
#include "core/regions/roles.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

namespace hopscope {

namespace {

constexpr size_t kMostOfALine = 8; // a line with more nodes than that says nothing of one of them

using Line = std::tuple<std::string_view, uint32_t, std::string_view>; // file, line, function

Line line_of(const GraphModule& module, const Node& node) {
    const Source* source = module.source(node.source);
    if (!source || !source->has_place())
        return {};
    return {module.text(source->file), source->line, module.text(source->function)};
}

// gelu_backward → gelu, _softmax_backward_data → _softmax, convolution_backward → convolution; empty where it
// is none.
std::string_view stem_of(std::string_view op) {
    const size_t at = op.find("_backward");
    return at == std::string_view::npos ? std::string_view() : op.substr(0, at);
}

// A derivative is often the operator itself (mm of addmm), or one with a prefix of the implementation.
bool is_derivative(std::string_view backward, std::string_view forward) {
    const std::string_view stem = stem_of(backward);
    if (!stem.empty())
        return forward == stem || forward.ends_with(stem) || forward.starts_with(stem);
    if (backward == "mm")
        return forward == "mm" || forward == "addmm" || forward == "linear" || forward == "matmul";
    if (backward == "bmm")
        return forward == "bmm" || forward == "baddbmm" || forward == "matmul";
    return false;
}

class Linker {
public:
    Linker(const Dump& dump, const Place& forward, const Place& backward)
        : from_(*dump.graph(forward.graph).module)
        , to_(*dump.graph(backward.graph).module)
        , fw_(from_.body(forward.body))
        , bw_(to_.body(backward.body))
        , saved_of_(bw_.nodes.size()) {
        for (size_t i = 0; i < fw_.nodes.size(); ++i)
            if (computes(fw_.nodes[i]))
                if (const Line line = line_of(from_, fw_.nodes[i]); !std::get<0>(line).empty())
                    lines_[line].push_back(NodeId(i));
        for (const SavedValue& value : saved_values(dump, forward, backward))
            if (value.placeholder.index < saved_of_.size())
                saved_of_[value.placeholder.index] = value.node;
    }

    HalfLinks run() {
        HalfLinks out;
        for (size_t i = 0; i < bw_.nodes.size(); ++i) {
            if (!computes(bw_.nodes[i]))
                continue;
            ++out.backward_nodes;
            HalfEvidence evidence = HalfEvidence::SourceLine;
            std::vector<NodeId> found = find(bw_.nodes[i], evidence);
            std::sort(found.begin(), found.end());
            found.erase(std::unique(found.begin(), found.end()), found.end());
            out.linked += !found.empty();
            for (const NodeId node : found)
                out.links.push_back({node, NodeId(i), evidence});
        }
        return out;
    }

private:
    static bool computes(const Node& node) {
        return node.op != Opcode::Placeholder && node.op != Opcode::GetAttr && node.op != Opcode::Output;
    }
    std::string_view op_of(const GraphModule& module, const Node& node) const {
        return operator_name(module.text(node.target));
    }

    // Of what was saved: the node that yields it, and where that is an input or a view of one, those that use
    // it.
    std::vector<NodeId> of_saved(const Node& node) const {
        std::vector<NodeId> found;
        for (const NodeId input : bw_.inputs_of(node)) {
            const NodeId value = saved_of_[input.index];
            if (!value)
                continue;
            const Node& producer = fw_.node(value);
            if (computes(producer))
                found.push_back(value);
            for (const NodeId user : fw_.users_of(producer))
                if (computes(fw_.node(user)))
                    found.push_back(user);
        }
        return found;
    }

    std::vector<NodeId> find(const Node& node, HalfEvidence& evidence) const {
        const auto line = lines_.find(line_of(to_, node));
        const std::vector<NodeId> of_line = line == lines_.end() ? std::vector<NodeId>() : line->second;
        const std::vector<NodeId> saved = of_saved(node);
        const std::string_view op = op_of(to_, node);
        const auto derivatives = [&](const std::vector<NodeId>& nodes) {
            std::vector<NodeId> kept;
            std::copy_if(nodes.begin(), nodes.end(), std::back_inserter(kept),
                [&](NodeId n) { return is_derivative(op, op_of(from_, fw_.node(n))); });
            return kept;
        };
        const auto both = [&] {
            std::vector<NodeId> kept;
            std::copy_if(saved.begin(), saved.end(), std::back_inserter(kept),
                [&](NodeId n) { return std::find(of_line.begin(), of_line.end(), n) != of_line.end(); });
            return kept;
        };
        const Source* source = to_.source(node.source);
        const bool told = source && source->backward_of && !of_line.empty();
        evidence = told ? HalfEvidence::BackwardOf : HalfEvidence::Operator;
        // What two of them say beats what one says.
        const std::vector<NodeId> agreed = both();
        for (const auto& nodes : {derivatives(agreed), derivatives(of_line), derivatives(saved)})
            if (!nodes.empty())
                return nodes;
        if (told && of_line.size() <= kMostOfALine)
            return agreed.empty() ? of_line : agreed;
        evidence = HalfEvidence::Saved;
        if (!agreed.empty())
            return agreed;
        evidence = HalfEvidence::SourceLine;
        if (!of_line.empty() && of_line.size() <= kMostOfALine)
            return of_line;
        evidence = HalfEvidence::Saved;
        return saved;
    }

    const GraphModule &from_, &to_;
    const Body &fw_, &bw_;
    std::map<Line, std::vector<NodeId>> lines_; // of nodes of the forward body
    std::vector<NodeId> saved_of_; // by backward node: the value that a placeholder takes
};

} // namespace

std::string_view half_evidence_text(HalfEvidence evidence) {
    switch (evidence) {
    case HalfEvidence::BackwardOf:
        return "the dump says so";
    case HalfEvidence::Operator:
        return "its operator";
    case HalfEvidence::Saved:
        return "what was saved of it";
    case HalfEvidence::SourceLine:
        return "the same source line";
    }
    return "";
}

HalfLinks link_halves(const Dump& dump, const Place& forward, const Place& backward) {
    return Linker(dump, forward, backward).run();
}

} // namespace hopscope
