#include "core/executor/body_compiler.h"

namespace hopscope::executor {

// Every slot is emptied after the last step that reads it, as `x = None` does in PyTorch's generated code.
void BodyCompiler::find_last_uses() {
    constexpr uint32_t kNever = UINT32_MAX;
    std::vector<uint32_t> last(out_.slots, kNever);
    const auto use = [&](const Range& range, uint32_t step) {
        std::vector<Range> todo{range};
        while (!todo.empty()) {
            const Range r = todo.back();
            todo.pop_back();
            for (uint32_t i = r.begin; i < r.end; ++i) {
                const Operand& operand = program_.operands[i];
                if (operand.kind == Operand::Kind::Constant)
                    continue;
                if (operand.kind >= Operand::Kind::IntList)
                    todo.push_back({operand.index, operand.index + operand.count});
                else
                    last[operand.index] = step;
            }
        }
    };
    for (uint32_t i = 0; i < out_.steps.size(); ++i) {
        const Step& step = out_.steps[i];
        for (uint32_t slot = step.result; slot < step.result + step.results; ++slot)
            last[slot] = i; // a value that nobody uses goes at once; a tuple's item renews its slot
        use(step.operands, i);
        if (step.kind == StepKind::Functionalized)
            use(program_.functionalized[static_cast<size_t>(step.op)].bases, i);
    }
    std::vector<std::vector<uint32_t>> by_step(out_.steps.size());
    for (uint32_t slot = 0; slot < last.size(); ++slot)
        if (last[slot] != kNever)
            by_step[last[slot]].push_back(slot);
    for (size_t i = 0; i < by_step.size(); ++i) {
        out_.steps[i].releases.begin = static_cast<uint32_t>(program_.releases.size());
        program_.releases.insert(program_.releases.end(), by_step[i].begin(), by_step[i].end());
        out_.steps[i].releases.end = static_cast<uint32_t>(program_.releases.size());
    }
}

} // namespace hopscope::executor
