// One packed stream after the other, decoded piece by piece: what the four libraries have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace hopscope::read {

class Decoder {
public:
    enum class State : uint8_t {
        GoesOn,
        Ended, // a stream; begin() starts the next
        Starved, // it wants more bytes
        Damaged,
    };
    struct Step {
        size_t taken = 0, made = 0; // bytes
        State state = State::GoesOn;
    };

    virtual ~Decoder() = default;
    virtual bool begin() = 0; // false: no memory
    // Decodes some of `in` to at most `room` bytes at `out`.
    virtual Step step(std::string_view in, char* out, size_t room) = 0;
    // Of what stands behind a stream: bytes that pad it (gzip, xz).
    virtual size_t padding(std::string_view) const { return 0; }
};

struct Packing {
    const char* name; // "gzip"
    bool (*begins)(std::string_view head);
    std::unique_ptr<Decoder> (*decoder)();
};
// By its first bytes; null if it is none of them.
const Packing* packing_of(std::string_view head);

} // namespace hopscope::read
