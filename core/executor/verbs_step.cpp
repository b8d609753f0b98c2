// Stepping, and looking at values.
#include "core/executor/server.h"
#include "core/executor/statistics.h"
#include "core/executor/tensors.h"
#include "core/executor/torch.h"

#include <cerrno>
#include <unistd.h>

namespace hopscope::executor {

Tracer& Server::tracer() {
    if (!tracer_)
        throw Fault{wire::kNotReady, "no run has begun"};
    return *tracer_;
}

wire::AdvanceAnswer Server::begin(const wire::BeginRequest& request) {
    need_inputs();
    Tracer::Settings settings;
    settings.seed = request.seed;
    settings.keep_bytes = request.keep_bytes;
    settings.progress = files_.progress;
    settings.stop = [this] { return stop(); };
    if (request.recorded_random && reference_.there())
        settings.random = &reference_;
    tracer_.reset(); // its values go before new ones come
    tracer_ = std::make_unique<Tracer>(program_, inputs_, std::move(settings));
    wire::AdvanceRequest one;
    one.steps = 1;
    return advance(one);
}

wire::AdvanceAnswer Server::advance(const wire::AdvanceRequest& request) {
    Tracer& run = tracer();
    cancel_ = false;
    const bool on = run.advance(request);
    wire::AdvanceAnswer answer = run.news();
    answer.cancelled = !on;
    if (const auto failure = run.failure()) {
        answer.failure = executor::told(*program_->module, *failure);
        answer.failure->step = run.size() - 1;
    }
    return answer;
}

wire::ValueAnswer Server::value(const wire::ValueRequest& request) {
    const c10::InferenceMode guard;
    std::vector<c10::IValue> values;
    std::string what;
    cancel_ = false;
    if (request.step) {
        what = "step " + std::to_string(*request.step);
        if (!tracer().ended(*request.step))
            throw Fault{wire::kNotReady, what + " has not run to its end"};
        values = tracer().values(*request.step);
    } else {
        what = "'" + request.name + "'";
        const auto found = kept_.find(request.name);
        if (found == kept_.end())
            throw Fault{wire::kNotReady, "no value of " + what + " was kept by the last run"};
        values = found->second.values;
    }
    // A list of tensors is looked at item by item, as a tuple is.
    if (values.size() == 1 && values[0].isTensorList() && request.item) {
        const auto list = values[0].toTensorVector();
        values.assign(list.begin(), list.end());
    }
    const uint64_t item = request.item.value_or(0);
    if (item >= values.size())
        throw Fault{wire::kInvalidParams,
            "item " + std::to_string(item) + " of " + std::to_string(values.size()) + " values"};
    const c10::IValue& chosen = values[item];
    wire::ValueAnswer answer{figures_of(chosen), {}, {}};
    const bool sliced = request.start || request.count;
    if ((sliced || request.histogram) && !chosen.isTensor())
        throw Fault{wire::kInvalidParams, what + " is no tensor"};
    if (request.histogram)
        answer.histogram = histogram_of(chosen.toTensor(), *request.histogram);
    if (sliced)
        answer.slice = slice(chosen.toTensor(), request.start.value_or(std::vector<int64_t>()),
            request.count.value_or(std::vector<int64_t>()));
    return answer;
}

// The figures of all values that the last run kept, in the order of their keys.
wire::FiguresAnswer Server::figures(const wire::FiguresRequest&) {
    const c10::InferenceMode guard;
    wire::FiguresAnswer answer;
    for (const auto& [name, kept] : kept_) {
        std::vector<c10::IValue> values = kept.values;
        const bool list = values.size() == 1 && values[0].isTensorList();
        if (list) {
            const auto items = values[0].toTensorVector();
            values.assign(items.begin(), items.end());
        }
        for (size_t i = 0; i < values.size(); ++i)
            answer.rows.push_back(
                {figures_of(values[i]), kept.tuple || list ? name + "#" + std::to_string(i) : name});
    }
    return answer;
}

wire::SaveAnswer Server::save(const wire::SaveRequest& request) {
    const c10::InferenceMode guard;
    WireWriter writer;
    KeptValues traced;
    if (request.position)
        traced = tracer().values_until(*request.position);
    for (const auto& [name, kept] : request.position ? traced : kept_)
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
    return {writer.values().size(), bytes.size()};
}

} // namespace hopscope::executor
