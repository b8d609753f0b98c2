// Files of tensors that a body is run on or compared with, whatever their kind.
#pragma once

#include "core/base/result.h"
#include "core/run/inputs.h"

#include <string>

namespace hopscope::run {

// The values of a .safetensors file. Errors: CannotRead, Damaged.
Result<tensors::TensorFile> read_tensors(const std::string& path);

// Values for the inputs of a body (its placeholders, then the tensors that it has as attributes), by the
// file's name:
//   .safetensors (or any other): by name, of the keys below `prefix` where there are any;
//   .npy: of a body with one input; a folder: NAME.npy for each;
//   .pt, .pth, .bin, whatever begins as torch.save begins: a dict by name, or by the parameter that the dump
//   says a placeholder is; a list or tuple by place, as PyTorch flattens it; a single tensor
//   (core/tensors/pt.h).
// Sets symbols that sizes of placeholders say. Errors: CannotRead, Damaged, NotFound, Usage naming the
// placeholder, what was found and what was expected.
Result<Inputs> file_inputs(const std::string& path, const GraphModule& module, BodyId body,
    const std::string& prefix, Bindings& symbols);

} // namespace hopscope::run
