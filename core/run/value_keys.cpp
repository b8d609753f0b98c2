#include "core/run/value_keys.h"

#include "core/graph/calls.h"
#include "core/run/inputs.h"

#include <charconv>

namespace hopscope::run {

namespace {

bool number(std::string_view text, int64_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && !text.empty() && value >= 0;
}

Error not_found(std::string_view part, std::string_view key, const GraphModule& module, BodyId body) {
    const std::string path = body_path(module, body);
    return make_error(Error::Kind::NotFound,
        "no node '" + std::string(part) + "' in " + (path.empty() ? "the graph" : "the body '" + path + "'")
            + "; the key is '" + std::string(key) + "'");
}

// A way that the first parts of a key can be read.
struct Reading {
    std::vector<CallStep> calls;
    BodyId body;
};

} // namespace

Result<ValuePlace> place_of_key(const GraphModule& module, BodyId root, std::string_view key) {
    std::vector<Reading> readings{{{}, root}};
    std::string_view rest = key;
    for (size_t slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
        const std::string_view part = rest.substr(0, slash);
        rest.remove_prefix(slash + 1);
        std::optional<int64_t> round;
        int64_t given = 0;
        if (const size_t next = rest.find('/');
            next != std::string_view::npos && number(rest.substr(0, next), given)) {
            round = given;
            rest.remove_prefix(next + 1);
        }
        std::vector<Reading> longer;
        for (const Reading& reading : readings) {
            const NodeId call = find_node(module, module.body(reading.body), part);
            if (!call)
                continue;
            for (const BodyId body : called_bodies(module, reading.body, call)) {
                longer.push_back(reading);
                longer.back().calls.push_back({call, round, body});
                longer.back().body = body;
            }
        }
        if (longer.empty())
            return not_found(part, key, module, readings.front().body);
        readings = std::move(longer);
    }
    ValuePlace place;
    std::string_view name = rest;
    if (const size_t hash = rest.find('#'); hash != std::string_view::npos) {
        name = rest.substr(0, hash);
        rest.remove_prefix(hash + 1);
        for (bool more = true; more;) {
            const size_t end = std::min(rest.find('#'), rest.size());
            int64_t item = 0;
            if (!number(rest.substr(0, end), item))
                return make_error(Error::Kind::Usage,
                    "the key '" + std::string(key) + "' has an item that is no number: '" + std::string(rest)
                        + "'");
            place.items.push_back(static_cast<int>(item));
            more = end < rest.size();
            rest.remove_prefix(more ? end + 1 : end);
        }
    }
    size_t found = 0;
    for (const Reading& reading : readings)
        if (const NodeId node = find_node(module, module.body(reading.body), name)) {
            place.calls = reading.calls;
            place.body = reading.body;
            place.node = node;
            ++found;
        }
    if (found == 0)
        return not_found(name, key, module, readings.front().body);
    if (found > 1)
        return make_error(Error::Kind::Usage,
            "the key '" + std::string(key) + "' means a node of " + std::to_string(found) + " bodies");
    return place;
}

std::string key_of(const GraphModule& module, BodyId root, const ValuePlace& place) {
    std::string key;
    BodyId scope = root;
    for (const CallStep& step : place.calls) {
        key += std::string(module.text(module.body(scope).node(step.call).name)) + '/';
        if (step.round)
            key += std::to_string(*step.round) + '/';
        scope = step.body;
    }
    key += module.text(module.body(place.body).node(place.node).name);
    for (const int item : place.items)
        key += '#' + std::to_string(item);
    return key;
}

std::vector<std::string> keys_of(const GraphModule& module, BodyId body, NodeId node) {
    std::vector<std::string> keys = call_prefixes(module, body);
    for (std::string& key : keys)
        key += module.text(module.body(body).node(node).name);
    return keys;
}

} // namespace hopscope::run
