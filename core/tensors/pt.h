// Files of torch.save (.pt, .pth): a zip archive with a pickle and the bytes of storages. Tensors and numbers
// only; nothing of the pickle is executed (core/tensors/pickle.h).
#pragma once

#include "core/base/result.h"
#include "core/tensors/tensor_file.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope::tensors {

class PtFile {
public:
    // A leaf of what was saved.
    struct Entry {
        // Its path: "weight", "model.layers.0.weight"; places in lists and tuples as numbers, from 0; ""
        // where the file is one tensor.
        std::string name;
        // dtype, shape and stride as saved, or a number; without bytes: bytes_of() gives them.
        Value value;
        std::string opaque; // neither tensor nor number: what it is instead; then `value` holds nothing
        std::optional<uint32_t>
            tensor; // of the file's, in the order of the pickle; unset: a number or opaque
    };
    enum class Layout : uint8_t { Named, Listed, Single }; // a dict, a list or tuple, a single value

    // Errors: CannotRead where it is no zip archive of torch.save (files from before PyTorch 1.6 and
    // TorchScript are named as such), Damaged with what is wrong and where. `bytes` must stay as long as
    // `owner` does.
    static Result<PtFile> read(std::string_view bytes, std::shared_ptr<const void> owner);

    Layout layout() const;
    // In the file's order, which for lists is the order of a graph's inputs (containers flattened).
    const std::vector<Entry>& entries() const;
    // Errors: NotFound; Damaged where two entries have the name.
    Result<const Entry*> find(std::string_view name) const;

    // A tensor's elements, row-major whatever its strides. Errors: Damaged where it reaches outside of its
    // storage, the storage is missing, shorter than said or damaged; Usage where it takes more than 16 GiB.
    Result<std::string> bytes_of(const Entry& entry) const;

    // Whether the file is one storage without a tensor (torch/utils/_content_store.py), and its bytes.
    // Errors: Damaged.
    bool holds_storage() const;
    Result<std::string> storage_bytes() const;

private:
    struct Parts;
    std::shared_ptr<Parts> parts_;
};

} // namespace hopscope::tensors
