// What a recorder heard, as the nodes of a graph: named as FX names them, without what nobody uses.
#pragma once

#include "core/executor/derive.h"

#include <unordered_set>

namespace hopscope::executor {

class Listing {
public:
    Listing(Recorder& recorder, const Program& program);

    void reserve(const std::string& name) { taken_.insert(name); }
    // As the body's placeholders are named: arg7_1 after arg6_1, else tangents_0.
    std::string name_tangent(size_t index);
    std::string type_of_input(size_t index, const c10::IValue& value) const;
    // Gives the call that made these values, or the item of a call's, the name of the forward's node; `root`:
    // of the body itself. Names of regions put inline give way to the body's own.
    void name_forward(
        const std::vector<std::optional<uint32_t>>& values, bool tuple, const std::string& name, bool root);
    // The nodes that `returned` needs, and what is returned.
    void write(const std::vector<c10::IValue>& returned, Joint& joint);

private:
    std::string unique(const std::string& base);
    std::vector<bool> needed(const std::vector<c10::IValue>& returned) const;
    std::string text_of(const c10::IValue& value) const;
    std::string arguments_of(const RecordedCall& call) const;
    void name_rest(const std::vector<bool>& keep);
    std::unordered_set<uint32_t> items_used(
        const std::vector<bool>& keep, const std::vector<c10::IValue>& returned) const;

    Recorder& recorder_;
    const Program& program_;
    std::unordered_set<std::string> taken_, forward_names_;
};

} // namespace hopscope::executor
