// Stepping, and looking at values.
#include "core/executor/server.h"
#include "core/executor/statistics.h"
#include "core/executor/tensors.h"
#include "core/executor/torch.h"

#include <cerrno>
#include <unistd.h>

namespace hopscope::executor {

using nlohmann::json;

namespace {

AdvanceLimits limits_of(const json& params) {
    AdvanceLimits limits;
    const int64_t steps = number_of(params, "steps", 0);
    if (steps < 0)
        throw Fault{wire::kInvalidParams, "'steps' must not be negative"};
    limits.steps = static_cast<uint64_t>(steps);
    limits.depth = static_cast<int>(number_of(params, "depth", -1));
    for (const json& mark : params.value("marks", json::array())) {
        const std::vector<int64_t> pair = numbers_of(mark, "marks");
        if (pair.size() != 2)
            throw Fault{wire::kInvalidParams, "a mark is a pair of a body and a node"};
        limits.marks.insert({static_cast<uint32_t>(pair[0]), static_cast<uint32_t>(pair[1])});
    }
    for (const json& shape : params.value("shapes", json::array()))
        limits.shapes.push_back(numbers_of(shape, "shapes"));
    limits.non_finite = flag_of(params, "non_finite");
    return limits;
}

} // namespace

Tracer& Server::tracer() {
    if (!tracer_)
        throw Fault{wire::kNotReady, "no run has begun"};
    return *tracer_;
}

json Server::begin(const json& params) {
    need_inputs();
    Tracer::Settings settings;
    settings.seed = static_cast<uint64_t>(number_of(params, "seed", 0));
    settings.keep_bytes =
        static_cast<uint64_t>(std::max<int64_t>(0, number_of(params, "keep_bytes", int64_t{1} << 30)));
    settings.progress = files_.progress;
    settings.stop = [this] { return stop(); };
    if (flag_of(params, "recorded_random") && reference_.there())
        settings.random = &reference_;
    tracer_.reset(); // its values go before new ones come
    tracer_ = std::make_unique<Tracer>(program_, inputs_, std::move(settings));
    return advance(json::object({{"steps", 1}}));
}

json Server::advance(const json& params) {
    Tracer& run = tracer();
    const AdvanceLimits limits = limits_of(params);
    cancel_ = false;
    const bool on = run.advance(limits);
    json result = run.news();
    result["cancelled"] = !on;
    if (const auto failure = run.failure()) {
        const GraphModule& module = *program_->module;
        const Node& node = module.body(failure->body).node(failure->node);
        result["failure"] = {{"step", run.size() - 1}, {"path", failure->path},
            {"body", body_path(module, failure->body)}, {"node", module.text(node.name)},
            {"target", short_target(module, node)}, {"message", failure->message},
            {"unsupported", failure->unsupported}};
    }
    return result;
}

json Server::value(const json& params) {
    const c10::InferenceMode guard;
    std::vector<c10::IValue> values;
    std::string what;
    cancel_ = false;
    if (params.contains("step")) {
        const int64_t step = number_of(params, "step", -1);
        what = "step " + std::to_string(step);
        if (step < 0 || !tracer().ended(static_cast<size_t>(step)))
            throw Fault{wire::kNotReady, what + " has not run to its end"};
        values = tracer().values(static_cast<size_t>(step));
    } else {
        const std::string name = text_of(params, "name");
        what = "'" + name + "'";
        const auto found = kept_.find(name);
        if (found == kept_.end())
            throw Fault{wire::kNotReady, "no value of " + what + " was kept by the last run"};
        values = found->second.values;
    }
    // A list of tensors is looked at item by item, as a tuple is.
    if (values.size() == 1 && values[0].isTensorList() && params.contains("item")) {
        const auto list = values[0].toTensorVector();
        values.assign(list.begin(), list.end());
    }
    const int64_t item = number_of(params, "item", 0);
    if (item < 0 || static_cast<size_t>(item) >= values.size())
        throw Fault{wire::kInvalidParams,
            "item " + std::to_string(item) + " of " + std::to_string(values.size()) + " values"};
    const c10::IValue& chosen = values[static_cast<size_t>(item)];
    json result = statistics(chosen);
    const bool sliced = params.contains("start") || params.contains("count");
    if ((sliced || params.contains("histogram")) && !chosen.isTensor())
        throw Fault{wire::kInvalidParams, what + " is no tensor"};
    if (params.contains("histogram"))
        result["histogram"] = histogram_of(chosen.toTensor(), number_of(params, "histogram", 0));
    if (sliced)
        result["slice"] = slice(chosen.toTensor(), numbers_of(params.value("start", json::array()), "start"),
            numbers_of(params.value("count", json::array()), "count"));
    return result;
}

// The figures of all values that the last run kept, in the order of their keys.
json Server::figures() {
    const c10::InferenceMode guard;
    json rows = json::array();
    const auto add = [&](const std::string& name, const c10::IValue& value) {
        json row = statistics(value);
        row["name"] = name;
        rows.push_back(std::move(row));
    };
    for (const auto& [name, kept] : kept_) {
        std::vector<c10::IValue> values = kept.values;
        const bool list = values.size() == 1 && values[0].isTensorList();
        if (list) {
            const auto items = values[0].toTensorVector();
            values.assign(items.begin(), items.end());
        }
        for (size_t i = 0; i < values.size(); ++i)
            add(kept.tuple || list ? name + "#" + std::to_string(i) : name, values[i]);
    }
    return {{"rows", std::move(rows)}};
}

json Server::save(const json& params) {
    const c10::InferenceMode guard;
    WireWriter writer;
    KeptValues traced;
    if (params.contains("position"))
        traced = tracer().values_until(
            static_cast<size_t>(std::max<int64_t>(0, number_of(params, "position", 0))));
    for (const auto& [name, kept] : params.contains("position") ? traced : kept_)
        writer.add(name, kept.tuple, kept.values);
    const std::string bytes = tensors::write_tensor_file(writer.values());
    size_t at = 0;
    if (ftruncate(files_.from_worker, 0) != 0)
        throw Fault{wire::kInternalError, "the exchange file cannot be emptied"};
    while (at < bytes.size()) {
        const ssize_t n =
            pwrite(files_.from_worker, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            throw Fault{wire::kInternalError, "the exchange file cannot be written"};
        at += static_cast<size_t>(n);
    }
    return {{"values", writer.values().size()}, {"bytes", bytes.size()}};
}

} // namespace hopscope::executor
