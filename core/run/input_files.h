// Files of tensors that a body is run on or compared with, whatever their kind.
#pragma once

#include "core/base/result.h"
#include "core/run/inputs.h"

#include <string>

namespace hopscope::run {

// The values of a .safetensors file. Errors: CannotRead, Damaged.
Result<wire::TensorFile> read_tensors(const std::string& path);

// Values for the placeholders of a body: from a .safetensors file (of the keys below `prefix`), a .npy file
// for a body with one placeholder, or a folder with NAME.npy for each. Sets symbols that sizes of
// placeholders say. Errors: CannotRead, Damaged, NotFound, Usage naming the placeholder, what was found and
// what was expected.
Result<Inputs> file_inputs(const std::string& path, const GraphModule& module, BodyId body,
    const std::string& prefix, Bindings& symbols);

} // namespace hopscope::run
