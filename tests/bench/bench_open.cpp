// Opening a trace, in this process: what reading and concluding cost. tests/bench/against_tlparse.sh compares
// whole processes with tlparse.
//
//     build/tests/bench_open TRACE.log
#include "core/read/open.h"
#include "core/regions/ledger.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>
#include <vector>

namespace {

std::vector<std::string> g_paths;

void open_trace(benchmark::State& state) {
    hopscope::OpenOptions options;
    options.threads = static_cast<unsigned>(state.range(0));
    size_t bytes = 0;
    for (auto _ : state) {
        auto dump = hopscope::open_dump(g_paths, options);
        if (!dump) {
            state.SkipWithError(dump.error().text().c_str());
            return;
        }
        bytes = dump->files.front().bytes;
        benchmark::DoNotOptimize(dump);
    }
    state.SetBytesProcessed(static_cast<int64_t>(bytes) * state.iterations());
}

void ledger(benchmark::State& state) {
    const auto dump = hopscope::open_dump(g_paths);
    if (!dump) {
        state.SkipWithError(dump.error().text().c_str());
        return;
    }
    for (auto _ : state) {
        auto built = hopscope::build_ledger(*dump);
        benchmark::DoNotOptimize(built);
    }
}

} // namespace

BENCHMARK(open_trace)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(ledger)->Unit(benchmark::kMillisecond);

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    for (int i = 1; i < argc; ++i)
        g_paths.emplace_back(argv[i]);
    if (g_paths.empty()) {
        std::fprintf(stderr, "usage: bench_open TRACE…\n");
        return 2;
    }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
