// Our layered layout against Graphviz dot on the same input in the same run, and its growth with size.
#include "core/layout/layout.h"
#include "tests/layout/graphs.h"

#include <benchmark/benchmark.h>

#include <chrono>

using namespace hopscope::layout;

namespace {

double milliseconds_of(hopscope::Result<Output> (*engine)(const Input&, const Options&, const hopscope::Job&),
    const Input& input, benchmark::State& state) {
    Options options;
    options.dot_milliseconds = 60000;
    const auto start = std::chrono::steady_clock::now();
    const hopscope::Result<Output> out = engine(input, options, {});
    const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
    if (!out.ok())
        state.SkipWithError(out.error().message.c_str());
    return taken.count();
}

// The time shown is that of the layered layout; the counters hold dot's and the ratio.
void layered_against_dot(benchmark::State& state) {
    const Input input = test::blocks(static_cast<size_t>(state.range(0)));
    double layered = 0, dot = 0;
    for ([[maybe_unused]] auto _ : state) {
        const double taken = milliseconds_of(run_layered, input, state);
        dot += milliseconds_of(run_dot, input, state);
        layered += taken;
        state.SetIterationTime(taken / 1000);
    }
    state.counters["boxes"] = static_cast<double>(input.boxes.size());
    state.counters["dot_ms"] = benchmark::Counter(dot, benchmark::Counter::kAvgIterations);
    state.counters["layered/dot"] = dot > 0 ? layered / dot : 0;
}
BENCHMARK(layered_against_dot)
    ->Arg(2)
    ->Arg(6)
    ->Arg(12)
    ->Arg(25)
    ->Iterations(10)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

void layered_growth(benchmark::State& state) {
    const Input input = test::random_dag(static_cast<size_t>(state.range(0)), 1);
    for ([[maybe_unused]] auto _ : state)
        benchmark::DoNotOptimize(milliseconds_of(run_layered, input, state));
    state.SetComplexityN(state.range(0));
}
BENCHMARK(layered_growth)
    ->RangeMultiplier(2)
    ->Range(4000, 64000)
    ->Unit(benchmark::kMillisecond)
    ->Complexity();

} // namespace

BENCHMARK_MAIN();
