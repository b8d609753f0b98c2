#include "core/graph/writes.h"

#include "core/graph/reading.h"

namespace hopscope {

bool writes_in_place(const GraphModule& module, const Node& node) {
    if (node.op != Opcode::CallFunction && node.op != Opcode::CallMethod)
        return false;
    const std::string_view target = module.text(node.target);
    if (node.syntax == Syntax::InplaceOperator || target.ends_with("operator.setitem"))
        return true;
    const std::string_view name = node.op == Opcode::CallMethod ? target : operator_name(target);
    // Python's own and_, or_, not_ have their underscore for another reason.
    return name.size() > 1 && name.back() == '_' && !name.ends_with("__") && !target.starts_with("operator.")
        && !target.starts_with("_operator.");
}

} // namespace hopscope
