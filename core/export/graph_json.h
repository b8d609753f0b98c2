// Nodes of a body as JSON, as the command line's manual promises it (`graph --json`, `export -o FILE.json`).
#pragma once

#include "core/graph/dump.h"
#include "core/regions/input_names.h"

#include <nlohmann/json.hpp>

#include <string>

namespace hopscope {

// One node: name, op, target, inputs, users, args, val, call_id, identifier, body, source, in this order. All
// texts are valid UTF-8 (bad bytes become U+FFFD). Numbers in shapes and strides are strings, since symbols
// may stand there.
nlohmann::ordered_json node_json(const GraphModule& module, BodyId body, NodeId node);

// What a type says of a value: {"dtype","shape","stride","device"} for tensors, {"py","value"} for symbols
// and tensor subclasses, null where the dump gives nothing that can be named.
nlohmann::ordered_json value_json(const GraphModule& module, const ValueType* type);

// What a placeholder takes from outside: {"name","kind","requires_grad","is_view","storage_bytes",
// "shares_storage_with","evidence"}; null where it is not known. Facts that the dump does not tell, or that
// differ between the calls, are null. Evidence: "artifact" of records, "graph" of the placeholder's name.
nlohmann::ordered_json input_json(const Dump& dump, const InputNames& names, const InputName& name);

// {"address":…,"nodes":[…]} of a body, in graph order: each as node_json(), with "input" behind.
nlohmann::ordered_json graph_json(const Dump& dump, const Place& place);
// The same of a body that the dump does not hold itself, without "input".
nlohmann::ordered_json body_json(const GraphModule& module, BodyId body, std::string_view address);

} // namespace hopscope
