// Fuzzes what users type: addresses and filters.
#include "core/browse/filter.h"
#include "core/browse/ledger_rows.h"
#include "core/graph/dump.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace hopscope;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)parse_address(text);
    (void)resolve(Dump{}, text);
    if (const auto filter = Filter::parse(text, field_names())) {
        const bool all = filter->matches({{"region", "subgraph_0"}, {"decision", "traced again"}});
        if (filter->empty() && !all)
            std::abort(); // an empty filter leaves every row
    }
    return 0;
}
