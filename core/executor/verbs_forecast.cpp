// Whether a body will run, told before it does.
#include "core/executor/server.h"
#include "core/graph/dump.h"

namespace hopscope::executor {

wire::ForecastAnswer Server::forecast(const wire::ForecastRequest& request) {
    const Bindings symbols(request.symbols.begin(), request.symbols.end());
    const auto program = compiled(request.text, symbols);
    cancel_ = false;
    wire::ForecastAnswer answer;
    for (size_t i = 0; i < program->module->bodies.size(); ++i)
        answer.bodies.push_back(body_path(*program->module, BodyId(i)));
    answer.nodes = forecaster_.of(
        *program, symbols, [this] { return stop(); },
        [this](uint64_t mark) {
            if (files_.progress)
                files_.progress->node.store(mark, std::memory_order_relaxed);
        });
    return answer;
}

} // namespace hopscope::executor
