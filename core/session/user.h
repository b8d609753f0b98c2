// What all changes by the user ask first.
#pragma once

#include "core/session/connection.h"

#include <string>
#include <string_view>

namespace hopscope::session {

// An error that says why, where the session cannot be changed.
Status writable(const Session::State& state);

// The address as it is kept: checked against the dump, so that nobody is led to a place that is not there.
Result<std::string> checked_address(const Dump& dump, std::string_view text);

} // namespace hopscope::session
