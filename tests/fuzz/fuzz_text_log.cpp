// Fuzzes the reader of TORCH_LOGS text: alone, and beside a trace that it speaks of.
#include "tests/fuzz/use.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr std::string_view kTrace =
    R"(V1123 16:05:59.722000 1 a.py:1] {"dynamo_start": {}, "frame_id": 0, "frame_compile_id": 0, "attempt": 0}
V1123 16:05:59.722000 1 a.py:1] {"chromium_event": {}, "frame_id": 0, "frame_compile_id": 0, "attempt": 0, "has_payload": ""}
	{"name": "invoke_subgraph_trace", "ph": "B", "ts": 1.0}
V1123 16:05:59.722000 1 a.py:1] {"chromium_event": {}, "frame_id": 0, "frame_compile_id": 0, "attempt": 0, "has_payload": ""}
	{"name": "invoke_subgraph_trace", "ph": "E", "ts": 5.0}
V1123 16:05:59.722000 1 a.py:1] {"dynamo_output_graph": {}, "frame_id": 0, "frame_compile_id": 0, "attempt": 0, "has_payload": ""}
	class GraphModule(torch.nn.Module):
	    def forward(self, x: "f32[4][1]cpu"):
	        subgraph_0 = self.subgraph_0
	        c = torch.ops.higher_order.invoke_subgraph(subgraph_0, 'subgraph_0', x)
	        return (c,)
	    class subgraph_0(torch.nn.Module):
	        def forward(self, x: "f32[4][1]cpu"):
	            return (x,)
)";

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace hopscope;
    static fuzz::MemoryFile log("torch_logs.txt");
    static fuzz::MemoryFile trace("trace.log");
    trace.set(kTrace);
    log.set("V1123 16:05:59.722000 1 a.py:1] [0/0] [__hierarchical_compile] Number of guards 0\n"
        + std::string(reinterpret_cast<const char*>(data), size));
    OpenOptions options;
    options.threads = 1;
    for (const auto& paths : {std::vector{log.path()}, std::vector{trace.path(), log.path()}}) {
        const auto dump = open_dump(paths, options);
        if (dump)
            fuzz::use(*dump);
    }
    return 0;
}
