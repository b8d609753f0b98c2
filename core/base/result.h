// The one way in which anything in core can fail.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace hopscope {

// What went wrong, in words for the person who gave the input.
struct Error {
    enum class Kind : uint8_t {
        CannotRead, // the file is missing, not readable, or nothing in it could be understood
        Damaged, // part of the input does not follow its format
        NotFound, // an address, node or region that is not in the dump
        Usage, // the request itself makes no sense
        External, // another program (dot, …) failed
        CannotWrite, // what was asked for could not be put where it was asked for: no room, no permission
        Cancelled,
    };

    Kind kind = Kind::CannotRead;
    std::string message; // lower-case start, what was found and what was expected, no final full stop
    std::string file; // empty where there is none
    uint64_t line = 0; // from 1; 0 = not known
    uint64_t offset = 0; // bytes from the start of the file

    // What the person can do about it. Core does not know how its caller takes such things (an option, a
    // field): the caller says that.
    enum class Remedy : uint8_t {
        None,
        BindSymbol, // give `subject`, a symbol, a value
        GiveInputs, // give values for the inputs
        SeedOrInputs, // say what to run on: made inputs, or given ones
        ChooseBody, // say which body is meant
        CountOutputs, // say how many of a body's results are its own
    };
    Remedy remedy = Remedy::None;
    std::string subject;

    // "FILE:LINE: MESSAGE (byte OFFSET)", leaving out what is not known.
    std::string text() const;
};

Error make_error(Error::Kind kind, std::string message);

// A value or an Error. Callers look before they take: value() on an error is a programming mistake.
template <class T> class [[nodiscard]] Result {
public:
    Result(T value)
        : value_(std::move(value)) { }
    Result(Error error)
        : error_(std::move(error)) { }

    bool ok() const { return value_.has_value(); }
    explicit operator bool() const { return ok(); }
    T& value() & { return *value_; }
    const T& value() const& { return *value_; }
    T&& value() && { return std::move(*value_); }
    T& operator*() { return *value_; }
    const T& operator*() const { return *value_; }
    T* operator->() { return &*value_; }
    const T* operator->() const { return &*value_; }
    const Error& error() const { return error_; }

private:
    std::optional<T> value_;
    Error error_;
};

// Success or an Error, for calls that yield nothing.
class [[nodiscard]] Status {
public:
    Status() = default;
    Status(Error error)
        : error_(std::move(error)) { }

    bool ok() const { return !error_.has_value(); }
    explicit operator bool() const { return ok(); }
    const Error& error() const { return *error_; }

private:
    std::optional<Error> error_;
};

} // namespace hopscope
