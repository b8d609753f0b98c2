// The machine of Python's unpickler. For pickle.cpp and pickle_objects.cpp alone.
#pragma once

#include "core/tensors/pickle.h"

#include "core/base/text.h"

#include <optional>
#include <unordered_map>

namespace hopscope::tensors {

template <class Table, class Key> auto find_in(const Table& table, const Key& key) {
    for (auto entry = table.begin(); entry != table.end(); ++entry)
        if (entry->first == key)
            return entry;
    return table.end();
}

// The machine of Python's unpickler: a stack, marks in it, a memo.
class Unpickler {
public:
    explicit Unpickler(std::string_view bytes)
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
    using Kind = PickledObject::Kind;

    static constexpr size_t kMostObjects = 4'000'000;
    static constexpr size_t kLongestText = 160; // of what an opaque object is called

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

} // namespace hopscope::tensors
