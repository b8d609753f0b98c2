// The pickles inside of torch.save files, read as data: nothing is imported, nothing is called.
//
// The opcodes are those that torch.save writes (Python's pickletools names them); globals are names, and the
// few that rebuild tensors (torch/_utils.py: _rebuild_tensor_v2 and its kin) are known by name. Whatever else
// a pickle builds becomes an opaque object that says what it was: an error only for who needs it.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope::tensors {

// A view into a storage. Elements, not bytes, and as the file says them: nothing is checked yet.
struct PickledTensor {
    std::string_view dtype; // torch's name, "float32"
    std::string_view key; // of its storage: the member data/KEY
    int64_t storage_bytes = 0; // that the storage is said to have
    int64_t offset = 0; // elements
    std::vector<int64_t> shape, stride; // elements
};

struct PickledObject {
    enum class Kind : uint8_t {
        None,
        Bool,
        Int,
        Float,
        Text,
        Tuple,
        List,
        Dict, // items: key, value, key, value, …
        Global, // a name: "torch.FloatStorage"
        Storage,
        Tensor, // number: index into Pickle::tensors
        Opaque, // text: what it is, "an object of demo.Model"
    };
    Kind kind = Kind::None;
    int64_t number = 0; // Bool, Int; Storage: elements, or bytes where it has no dtype
    double real = 0;
    std::string_view text; // Text, Global, Opaque; Storage: its key
    std::string_view dtype; // Storage; empty: untyped
    std::vector<uint32_t> items; // ids of objects
};

// Objects may hold each other in circles and share items: a walk must bound itself.
struct Pickle {
    std::vector<PickledObject> objects;
    std::vector<PickledTensor> tensors;
    uint32_t root = 0;
    std::deque<std::string> owned; // texts that do not stand in the file

    const PickledObject& object(uint32_t id) const { return objects[id]; }
};

// `bytes` must outlive the result. Errors: Damaged with the byte offset; an opcode that is not in the list is
// named. Work and memory are linear in the size of `bytes`; at most 4 million objects.
Result<Pickle> read_pickle(std::string_view bytes);

} // namespace hopscope::tensors
