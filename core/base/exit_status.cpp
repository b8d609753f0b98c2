#include "core/base/exit_status.h"

#include <iterator>
#include <string_view>

namespace hopscope {

namespace {

struct Meaning {
    ExitStatus status;
    std::string_view text;
};

constexpr Meaning kMeanings[]{
    {kDone, "done"},
    {kDiffers, "done, and what was asked about does not hold"},
    {kUsage, "wrong usage"},
    {kUnreadable, "the input cannot be read"},
    {kExecutorFailed, "the executor failed"},
    {kUnwritable, "the output cannot be written"},
    {kCancelled, "cancelled"},
};

} // namespace

ExitStatus exit_status(const Error& error) {
    switch (error.kind) {
    case Error::Kind::Usage:
    case Error::Kind::NotFound:
        return kUsage;
    case Error::Kind::CannotRead:
    case Error::Kind::Damaged:
        return kUnreadable;
    case Error::Kind::External:
        return kExecutorFailed;
    case Error::Kind::CannotWrite:
        return kUnwritable;
    case Error::Kind::Cancelled:
        return kCancelled;
    }
    return kUnreadable;
}

std::string exit_statuses_text() {
    std::string text;
    for (const Meaning& meaning : kMeanings) {
        text += text.empty() ? "" : "; ";
        text += std::to_string(meaning.status) + ' ' + std::string(meaning.text);
    }
    return text;
}

} // namespace hopscope
