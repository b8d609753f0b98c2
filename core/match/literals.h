// Texts that mean the same although they are written differently: by another version, or another form of
// dump.
#pragma once

#include "core/graph/body.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace hopscope::match {

// "torch.ops.aten.mm.default" and "aten.mm.default", "_operator.add" and "operator.add".
std::string_view plain_target(std::string_view target);
// "device(type='cuda', index=0)" as "cuda:0".
std::string plain_device(std::string_view text);
// A path with every index in it as '#': "layers.3.mlp.weight", "_tensor_constant0". Indices are whole digit
// runs at the end of a part between dots and underscores.
std::string without_indices(std::string_view path);

// Whether two leaves of the same kind mean the same, and a hash that agrees with it.
bool same_literal(ArgKind kind, std::string_view a, std::string_view b);
uint64_t literal_hash(ArgKind kind, std::string_view text);

} // namespace hopscope::match
