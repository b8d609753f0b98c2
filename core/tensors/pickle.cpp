#include "core/tensors/pickle.h"

#include "core/base/text.h"
#include "core/graph/types.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <optional>
#include <unordered_map>

namespace hopscope::tensors {

namespace {

using Kind = PickledObject::Kind;

constexpr size_t kMostObjects = 4'000'000;
// Bounds on what one object can be made of again and again, so that work stays linear in the file's size.
constexpr size_t kMostDimensions = 64, kMostMetadata = 16, kLongestText = 160;

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

// torch/storage.py, _dtype_to_storage_type_map.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kStorages{
    {{"torch.DoubleStorage", "float64"}, {"torch.FloatStorage", "float32"}, {"torch.HalfStorage", "float16"},
        {"torch.BFloat16Storage", "bfloat16"}, {"torch.LongStorage", "int64"}, {"torch.IntStorage", "int32"},
        {"torch.ShortStorage", "int16"}, {"torch.CharStorage", "int8"}, {"torch.ByteStorage", "uint8"},
        {"torch.BoolStorage", "bool"}, {"torch.ComplexFloatStorage", "complex64"},
        {"torch.ComplexDoubleStorage", "complex128"}}};
constexpr std::string_view kUntyped = "torch.storage.UntypedStorage";

// What torch rebuilds that is no plain tensor (torch/_utils.py).
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kOtherTensors{
    {{"torch._utils._rebuild_sparse_tensor", "a sparse tensor"},
        {"torch._utils._rebuild_sparse_csr_tensor", "a sparse tensor"},
        {"torch._utils._rebuild_nested_tensor", "a nested tensor"},
        {"torch._utils._rebuild_qtensor", "a quantized tensor"},
        {"torch._utils._rebuild_meta_tensor_no_storage", "a tensor without values (device meta)"},
        {"torch._utils._rebuild_wrapper_subclass", "a tensor of a subclass"},
        {"torch._utils._rebuild_device_tensor_from_numpy", "a tensor that was saved as a NumPy array"}}};

template <class Table, class Key> auto find_in(const Table& table, const Key& key) {
    for (auto entry = table.begin(); entry != table.end(); ++entry)
        if (entry->first == key)
            return entry;
    return table.end();
}

// The machine of Python's unpickler: a stack, marks in it, a memo.
class Machine {
public:
    explicit Machine(std::string_view bytes)
        : bytes_(bytes) { }

    Result<Pickle> run() {
        while (!stopped_ && problem_.empty()) {
            opcode_at_ = at_;
            if (at_ == bytes_.size())
                fail("it ends before its STOP");
            else
                step(static_cast<unsigned char>(bytes_[at_++]));
        }
        if (problem_.empty() && stack_.size() != 1)
            fail(std::to_string(stack_.size()) + " objects are left at its end; expected 1");
        if (problem_.empty()) {
            out_.root = stack_[0];
            return std::move(out_);
        }
        Error error = make_error(Error::Kind::Damaged, "data.pkl: " + problem_);
        error.offset = opcode_at_;
        return error;
    }

private:
    void fail(std::string what) {
        if (problem_.empty())
            problem_ = "byte " + std::to_string(opcode_at_) + ": " + std::move(what);
    }

    // The next `n` bytes; zeros at the end of the file, with a problem set.
    std::string_view take(uint64_t n) {
        if (n > bytes_.size() - at_) {
            fail("an argument of " + std::to_string(n) + " bytes where " + std::to_string(bytes_.size() - at_)
                + " are left");
            return {};
        }
        const std::string_view taken = bytes_.substr(at_, n);
        at_ += n;
        return taken;
    }
    uint64_t unsigned_number(size_t n) {
        uint64_t value = 0;
        const std::string_view taken = take(n);
        for (size_t i = 0; i < taken.size(); ++i)
            value |= static_cast<uint64_t>(static_cast<unsigned char>(taken[i])) << (8 * i);
        return value;
    }
    std::string_view line() {
        const size_t end = bytes_.find('\n', at_);
        if (end == std::string_view::npos) {
            fail("a name without an end");
            return {};
        }
        const std::string_view text = bytes_.substr(at_, end - at_);
        at_ = end + 1;
        return text;
    }

    uint32_t add(PickledObject object) {
        if (out_.objects.size() >= kMostObjects)
            fail("more than " + std::to_string(kMostObjects) + " objects");
        else
            out_.objects.push_back(std::move(object));
        return static_cast<uint32_t>(out_.objects.size() - 1);
    }
    void push(PickledObject object) {
        if (problem_.empty())
            stack_.push_back(add(std::move(object)));
    }
    void push_number(Kind kind, int64_t number) {
        PickledObject object;
        object.kind = kind;
        object.number = number;
        push(std::move(object));
    }
    void push_items(Kind kind, std::vector<uint32_t> items) {
        PickledObject object;
        object.kind = kind;
        object.items = std::move(items);
        push(std::move(object));
    }
    PickledObject opaque(const std::string& what) {
        out_.owned.push_back(utf8(std::string_view(what).substr(0, kLongestText)));
        PickledObject object;
        object.kind = Kind::Opaque;
        object.text = out_.owned.back();
        return object;
    }

    // What may be taken from the stack: not below the last mark.
    size_t available() const { return stack_.size() - (marks_.empty() ? 0 : marks_.back()); }
    std::optional<uint32_t> pop() {
        if (available() == 0) {
            fail("the stack is empty");
            return std::nullopt;
        }
        const uint32_t id = stack_.back();
        stack_.pop_back();
        return id;
    }
    std::optional<uint32_t> top() {
        if (available() == 0) {
            fail("the stack is empty");
            return std::nullopt;
        }
        return stack_.back();
    }
    std::vector<uint32_t> pop_last(size_t n) {
        if (available() < n) {
            fail(
                "the stack holds " + std::to_string(available()) + " objects; expected " + std::to_string(n));
            return {};
        }
        const auto begin = stack_.end() - static_cast<std::ptrdiff_t>(n);
        std::vector<uint32_t> items(begin, stack_.end());
        stack_.erase(begin, stack_.end());
        return items;
    }
    std::vector<uint32_t> pop_to_mark() {
        if (marks_.empty()) {
            fail("there is no mark");
            return {};
        }
        std::vector<uint32_t> items = pop_last(available());
        marks_.pop_back();
        return items;
    }

    void put(uint32_t index) {
        if (const auto id = top())
            memo_[index] = *id;
    }
    void get(uint32_t index) {
        const auto found = memo_.find(index);
        if (found == memo_.end())
            fail("nothing was put under " + std::to_string(index));
        else
            stack_.push_back(found->second);
    }

    void step(unsigned char opcode);
    bool simple(unsigned char opcode);
    void containers(unsigned char opcode);
    void real_number();
    void long_number();
    void global();
    void persistent();
    void reduce();
    void new_object();
    void add_to(Kind kind, const std::vector<uint32_t>& items);
    PickledObject called(std::string_view function, const PickledObject& arguments);
    std::optional<PickledObject> tensor(std::string_view function, const PickledObject& arguments);
    bool numbers(uint32_t id, std::vector<int64_t>& out) const;
    bool flagged(uint32_t id) const;

    std::string_view bytes_;
    size_t at_ = 0, opcode_at_ = 0;
    Pickle out_;
    std::vector<uint32_t> stack_;
    std::vector<size_t> marks_; // heights of the stack
    std::unordered_map<uint32_t, uint32_t> memo_;
    bool stopped_ = false;
    std::string problem_;
};

void Machine::step(unsigned char opcode) {
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
bool Machine::simple(unsigned char opcode) {
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

void Machine::containers(unsigned char opcode) {
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
void Machine::real_number() {
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
void Machine::long_number() {
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

void Machine::global() {
    const std::string_view module = line(), name = line();
    out_.owned.push_back(std::string(module) + '.' + std::string(name));
    PickledObject object;
    object.kind = Kind::Global;
    object.text = out_.owned.back();
    push(std::move(object));
}

// ('storage', class, key, location, number of elements): torch/serialization.py, persistent_id.
void Machine::persistent() {
    const auto id = pop();
    if (!id)
        return;
    const PickledObject& object = out_.objects[*id];
    const auto kind_at = [&](size_t i) { return out_.objects[object.items[i]].kind; };
    if (object.kind != Kind::Tuple || object.items.size() != 5 || kind_at(0) != Kind::Text
        || out_.objects[object.items[0]].text != "storage" || kind_at(1) != Kind::Global
        || kind_at(2) != Kind::Text || kind_at(4) != Kind::Int) {
        fail("a reference that is no ('storage', class, key, location, number)");
        return;
    }
    const std::string_view type = out_.objects[object.items[1]].text;
    const auto known = find_in(kStorages, type);
    if (known == kStorages.end() && type != kUntyped) {
        push(opaque("a storage of " + std::string(type)));
        return;
    }
    PickledObject storage;
    storage.kind = Kind::Storage;
    storage.dtype = known == kStorages.end() ? std::string_view() : known->second;
    storage.text = out_.objects[object.items[2]].text;
    storage.number = out_.objects[object.items[4]].number;
    push(std::move(storage));
}

void Machine::reduce() {
    const auto arguments = pop();
    const auto function = pop();
    if (!arguments || !function)
        return;
    if (out_.objects[*arguments].kind != Kind::Tuple) {
        fail("the arguments of a call are no tuple");
        return;
    }
    const PickledObject& callee = out_.objects[*function];
    if (callee.kind != Kind::Global)
        push(opaque("a call of something that is no function"));
    else if (callee.text == "torch.Size" && out_.objects[*arguments].items.size() == 1)
        stack_.push_back(out_.objects[*arguments].items[0]);
    else
        push(called(callee.text, out_.objects[*arguments]));
}

PickledObject Machine::called(std::string_view function, const PickledObject& arguments) {
    uint32_t inner = UINT32_MAX;
    // (function, type, arguments, state): torch/_tensor.py, _rebuild_from_type_v2.
    if (function == "torch._tensor._rebuild_from_type_v2" && arguments.items.size() == 4
        && out_.objects[arguments.items[0]].kind == Kind::Global
        && out_.objects[arguments.items[2]].kind == Kind::Tuple)
        inner = arguments.items[2];
    const std::string_view name = inner == UINT32_MAX ? function : out_.objects[arguments.items[0]].text;
    const PickledObject& given = inner == UINT32_MAX ? arguments : out_.objects[inner];
    if (name == "collections.OrderedDict" && given.items.empty()) {
        PickledObject dict;
        dict.kind = Kind::Dict;
        return dict;
    }
    if ((name == "torch._utils._rebuild_parameter" || name == "torch._utils._rebuild_parameter_with_state")
        && !given.items.empty() && out_.objects[given.items[0]].items.empty())
        return out_.objects[given.items[0]];
    if (auto made = tensor(name, given))
        return std::move(*made);
    if (const auto other = find_in(kOtherTensors, name); other != kOtherTensors.end())
        return opaque(std::string(other->second));
    return opaque("a call of " + std::string(name.substr(0, kLongestText / 2)) + ", which is not executed");
}

bool Machine::numbers(uint32_t id, std::vector<int64_t>& out) const {
    const PickledObject& object = out_.objects[id];
    if ((object.kind != Kind::Tuple && object.kind != Kind::List) || object.items.size() > kMostDimensions)
        return false;
    for (const uint32_t item : object.items) {
        if (out_.objects[item].kind != Kind::Int)
            return false;
        out.push_back(out_.objects[item].number);
    }
    return true;
}

// Whether a tensor's metadata ({'conj': True}, {'neg': True}) says that its values are not the stored ones.
bool Machine::flagged(uint32_t id) const {
    const PickledObject& dict = out_.objects[id];
    if (dict.items.size() > 2 * kMostMetadata)
        return true;
    for (size_t i = 1; dict.kind == Kind::Dict && i < dict.items.size(); i += 2) {
        const PickledObject& value = out_.objects[dict.items[i]];
        if (value.kind != Kind::Bool || value.number != 0)
            return true;
    }
    return false;
}

// torch/_utils.py: _rebuild_tensor(storage, offset, size, stride), _v2 with (requires_grad, hooks[,
// metadata]) behind them, _v3 with (requires_grad, hooks, dtype[, metadata]). Nothing for another function.
std::optional<PickledObject> Machine::tensor(std::string_view function, const PickledObject& arguments) {
    const bool v1 = function == "torch._utils._rebuild_tensor",
               v2 = function == "torch._utils._rebuild_tensor_v2",
               v3 = function == "torch._utils._rebuild_tensor_v3";
    if (!v1 && !v2 && !v3)
        return std::nullopt;
    const std::vector<uint32_t>& items = arguments.items;
    PickledTensor made;
    const size_t least = v1 ? 4 : v2 ? 6 : 7;
    if (items.size() < least || out_.objects[items[1]].kind != Kind::Int || !numbers(items[2], made.shape)
        || !numbers(items[3], made.stride) || made.shape.size() != made.stride.size())
        return opaque("a tensor whose description has another form than torch.save gives it");
    const PickledObject& storage = out_.objects[items[0]];
    if (storage.kind != Kind::Storage)
        return opaque(storage.kind == Kind::Opaque ? "a tensor over " + std::string(storage.text)
                                                   : "a tensor without a storage");
    made.dtype = storage.dtype;
    if (v3 && out_.objects[items[6]].kind == Kind::Global
        && out_.objects[items[6]].text.starts_with("torch."))
        made.dtype = out_.objects[items[6]].text.substr(6);
    const DType* dtype = dtype_by_name(made.dtype);
    if (!dtype || dtype->bits < 8)
        return opaque("a tensor of the type '" + std::string(made.dtype) + "'");
    if (items.size() > least && flagged(items[least]))
        return opaque("a tensor that is conjugated or negated only when it is read");
    made.key = storage.text;
    // An untyped storage says bytes, the others elements.
    if (__builtin_mul_overflow(storage.number,
            storage.dtype.empty() ? 1 : static_cast<int64_t>(dtype->bits / 8), &made.storage_bytes))
        made.storage_bytes = -1;
    made.offset = out_.objects[items[1]].number;
    PickledObject object;
    object.kind = Kind::Tensor;
    object.number = static_cast<int64_t>(out_.tensors.size());
    out_.tensors.push_back(std::move(made));
    return object;
}

void Machine::new_object() {
    pop();
    if (const auto type = pop())
        push(opaque("an object of "
            + (out_.objects[*type].kind == Kind::Global ? std::string(out_.objects[*type].text)
                                                        : std::string("no class"))));
}

void Machine::add_to(Kind kind, const std::vector<uint32_t>& items) {
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

} // namespace

Result<Pickle> read_pickle(std::string_view bytes) {
    return Machine(bytes).run();
}

} // namespace hopscope::tensors
