// What nodes are, concluded from targets, names and descriptors. Shared inside drawing.
#pragma once

#include "core/draw/scene.h"

#include <string_view>
#include <vector>

namespace hopscope::draw {

// The kind of an operator by its target as printed, whatever spells it: an ATen or other operator, a function
// or method of torch, of operator or of Python's math.
Kind kind_of_target(std::string_view target, Opcode op = Opcode::CallFunction);

// The operator's plain name: "torch.ops.aten.add.Tensor" -> "add", "torch._C._nn.gelu" -> "gelu".
std::string_view base_name(std::string_view target);

// What a placeholder is for its body. AOTAutograd's dumps do not say it, so it is concluded: from descriptors
// and names, from the operators that take it, and for a region's body from what its calls pass.
enum class Role : uint8_t { Unknown, Data, Parameter, Symbol };
// By NodeId::index; Unknown for nodes that are no placeholders.
std::vector<Role> placeholder_roles(const GraphModule& module, BodyId body);

// Whether a body is the forward or the backward half of something; none where nothing tells.
std::optional<Half> half_of(const GraphModule& module, BodyId body);

} // namespace hopscope::draw
