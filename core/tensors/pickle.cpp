#include "core/tensors/unpickler.h"

#include <array>
#include <cstdio>
#include <cstring>

namespace hopscope::tensors {

namespace {

// Python's Lib/pickle.py, all of them: those that are refused are named.
constexpr std::array<std::pair<unsigned char, const char*>, 68> kNames{{{'(', "MARK"}, {'.', "STOP"},
    {'0', "POP"}, {'1', "POP_MARK"}, {'2', "DUP"}, {'F', "FLOAT"}, {'I', "INT"}, {'J', "BININT"},
    {'K', "BININT1"}, {'L', "LONG"}, {'M', "BININT2"}, {'N', "NONE"}, {'P', "PERSID"}, {'Q', "BINPERSID"},
    {'R', "REDUCE"}, {'S', "STRING"}, {'T', "BINSTRING"}, {'U', "SHORT_BINSTRING"}, {'V', "UNICODE"},
    {'X', "BINUNICODE"}, {'a', "APPEND"}, {'b', "BUILD"}, {'c', "GLOBAL"}, {'d', "DICT"}, {'}', "EMPTY_DICT"},
    {'e', "APPENDS"}, {'g', "GET"}, {'h', "BINGET"}, {'i', "INST"}, {'j', "LONG_BINGET"}, {'l', "LIST"},
    {']', "EMPTY_LIST"}, {'o', "OBJ"}, {'p', "PUT"}, {'q', "BINPUT"}, {'r', "LONG_BINPUT"}, {'s', "SETITEM"},
    {'t', "TUPLE"}, {')', "EMPTY_TUPLE"}, {'u', "SETITEMS"}, {'G', "BINFLOAT"}, {0x80, "PROTO"},
    {0x81, "NEWOBJ"}, {0x82, "EXT1"}, {0x83, "EXT2"}, {0x84, "EXT4"}, {0x85, "TUPLE1"}, {0x86, "TUPLE2"},
    {0x87, "TUPLE3"}, {0x88, "NEWTRUE"}, {0x89, "NEWFALSE"}, {0x8a, "LONG1"}, {0x8b, "LONG4"},
    {'B', "BINBYTES"}, {'C', "SHORT_BINBYTES"}, {0x8c, "SHORT_BINUNICODE"}, {0x8d, "BINUNICODE8"},
    {0x8e, "BINBYTES8"}, {0x8f, "EMPTY_SET"}, {0x90, "ADDITEMS"}, {0x91, "FROZENSET"}, {0x92, "NEWOBJ_EX"},
    {0x93, "STACK_GLOBAL"}, {0x94, "MEMOIZE"}, {0x95, "FRAME"}, {0x96, "BYTEARRAY8"}, {0x97, "NEXT_BUFFER"},
    {0x98, "READONLY_BUFFER"}}};

} // namespace

void Unpickler::step(unsigned char opcode) {
    if (simple(opcode))
        return;
    switch (opcode) {
    case 'c':
        return global();
    case 'Q':
        return persistent();
    case 'R':
        return reduce();
    case 0x81:
        return new_object();
    case 'b': // attributes of an OrderedDict or a parameter: not part of the values
        pop();
        top();
        return;
    case 'a':
    case 'e':
    case 's':
    case 'u':
    case 't':
    case 0x85:
    case 0x86:
    case 0x87:
        return containers(opcode);
    default:
        break;
    }
    const auto name = find_in(kNames, opcode);
    char code[8];
    std::snprintf(code, sizeof code, "0x%02x", opcode);
    fail(std::string("the opcode ") + (name == kNames.end() ? "" : std::string(name->second) + " ") + "("
        + code + ") is none that torch.save writes");
}

// Opcodes that push a constant, or move what is there.
bool Unpickler::simple(unsigned char opcode) {
    switch (opcode) {
    case 0x80:
        if (const uint64_t protocol = unsigned_number(1); problem_.empty() && protocol > 2)
            fail("pickle protocol " + std::to_string(protocol)
                + "; expected 2, which torch.save writes by default");
        return true;
    case 'N':
        push({});
        return true;
    case 0x88:
    case 0x89:
        push_number(Kind::Bool, opcode == 0x88);
        return true;
    case 'J':
        push_number(Kind::Int, static_cast<int32_t>(unsigned_number(4)));
        return true;
    case 'K':
    case 'M':
        push_number(Kind::Int, static_cast<int64_t>(unsigned_number(opcode == 'K' ? 1 : 2)));
        return true;
    case 0x8a:
        long_number();
        return true;
    case 'G':
        real_number();
        return true;
    case 'X': {
        PickledObject text;
        text.kind = Kind::Text;
        text.text = take(unsigned_number(4));
        push(std::move(text));
        return true;
    }
    case ')':
        push_items(Kind::Tuple, {});
        return true;
    case ']':
        push_items(Kind::List, {});
        return true;
    case '}':
        push_items(Kind::Dict, {});
        return true;
    case '(':
        marks_.push_back(stack_.size());
        return true;
    case 'q':
    case 'r':
        put(static_cast<uint32_t>(unsigned_number(opcode == 'q' ? 1 : 4)));
        return true;
    case 'h':
    case 'j':
        get(static_cast<uint32_t>(unsigned_number(opcode == 'h' ? 1 : 4)));
        return true;
    case '.':
        stopped_ = true;
        return true;
    default:
        return false;
    }
}

void Unpickler::containers(unsigned char opcode) {
    switch (opcode) {
    case 'a':
        return add_to(Kind::List, pop_last(1));
    case 'e':
        return add_to(Kind::List, pop_to_mark());
    case 's':
        return add_to(Kind::Dict, pop_last(2));
    case 'u':
        return add_to(Kind::Dict, pop_to_mark());
    case 't':
        return push_items(Kind::Tuple, pop_to_mark());
    default:
        return push_items(Kind::Tuple, pop_last(opcode - 0x84u));
    }
}

// Big-endian, as the only number of a pickle.
void Unpickler::real_number() {
    const std::string_view taken = take(8);
    uint64_t bits = 0;
    for (const char c : taken)
        bits = bits << 8 | static_cast<unsigned char>(c);
    PickledObject object;
    object.kind = Kind::Float;
    std::memcpy(&object.real, &bits, sizeof bits);
    push(std::move(object));
}

// Two's complement of any length, least significant byte first.
void Unpickler::long_number() {
    const size_t n = unsigned_number(1);
    const std::string_view taken = take(n);
    if (taken.size() > 8) {
        push(opaque("an integer of " + std::to_string(n) + " bytes"));
        return;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < taken.size(); ++i)
        value |= static_cast<uint64_t>(static_cast<unsigned char>(taken[i])) << (8 * i);
    if (!taken.empty() && taken.size() < 8 && (static_cast<unsigned char>(taken.back()) & 0x80))
        value |= ~uint64_t{0} << (8 * taken.size());
    push_number(Kind::Int, static_cast<int64_t>(value));
}

void Unpickler::add_to(Kind kind, const std::vector<uint32_t>& items) {
    const auto id = top();
    if (!id)
        return;
    PickledObject& container = out_.objects[*id];
    if (kind == Kind::Dict && items.size() % 2 != 0)
        fail("a key without a value");
    else if (container.kind == kind)
        container.items.insert(container.items.end(), items.begin(), items.end());
    else if (container.kind != Kind::Opaque) // a list or dict of a class of its own stays opaque
        fail(std::string("items for something that is no ") + (kind == Kind::Dict ? "dict" : "list"));
}

Result<Pickle> read_pickle(std::string_view bytes) {
    return Unpickler(bytes).run();
}

} // namespace hopscope::tensors
