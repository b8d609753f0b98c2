// The messages of messages.h as JSON. One list of fields a message serves both directions.
#pragma once

#include "core/base/result.h"
#include "core/wire/messages.h"

#include <nlohmann/json_fwd.hpp>

namespace hopscope::wire {

// For every request and answer of messages.h.
template <class Message> nlohmann::json to_json(const Message& message);

// Errors: Damaged, with the place in the message, what was found there and what was expected: "'rows[2].node'
// is a text; expected a number". Keys that the message does not have are an error, as are missing ones; in
// requests, fields may be missing or null.
template <class Message> Result<Message> from_json(const nlohmann::json& json);

// The protocol that a worker says it speaks, whatever else it says. Errors: as from_json.
Result<int> protocol_of(const nlohmann::json& answer_to_initialize);

} // namespace hopscope::wire
