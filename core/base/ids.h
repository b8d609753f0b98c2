// Typed indices, so that a node cannot be mistaken for a body.
#pragma once

#include <cstddef> // before <compare>: Qt's moc 6.4 cannot read libstdc++'s <concepts> as the first header

#include <compare>
#include <cstdint>
#include <functional>

namespace hopscope {

// An index into one flat vector. Default-constructed = none.
template <class Tag> struct Id {
    static constexpr uint32_t kNone = UINT32_MAX;

    uint32_t index = kNone;

    constexpr Id() = default;
    constexpr explicit Id(size_t i)
        : index(static_cast<uint32_t>(i)) { }

    constexpr bool valid() const { return index != kNone; }
    constexpr explicit operator bool() const { return valid(); }
    friend constexpr auto operator<=>(Id, Id) = default;
};

using NodeId = Id<struct NodeTag>; // a node of one body
using BodyId = Id<struct BodyTag>; // a body of one graph module
using StringId = Id<struct StringTag>; // a string of one StringTable
using TypeId = Id<struct TypeTag>; // a value type of one graph module
using SourceId = Id<struct SourceTag>; // a source location of one graph module
using GraphId = Id<struct GraphTag>; // a graph of a dump (one stage of one compilation)
using CompilationId = Id<struct CompilationTag>; // a compilation of a dump
using RegionId = Id<struct RegionTag>; // a region of a ledger's compilation
using InvocationId = Id<struct InvocationTag>; // an invocation of a ledger's compilation
using FileId = Id<struct FileTag>; // a file that the dump was read from

} // namespace hopscope

template <class Tag> struct std::hash<hopscope::Id<Tag>> {
    size_t operator()(hopscope::Id<Tag> id) const noexcept { return id.index; }
};
