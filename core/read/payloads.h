// Payloads of TORCH_TRACE records, held against the md5 sums that their records give.
#pragma once

#include "core/base/job.h"
#include "core/graph/dump.h"

#include <string>
#include <string_view>
#include <vector>

namespace hopscope::read {

// Hexadecimal sum of a payload whose lines each begin with a tab, as torch/_logging/_internal.py makes it:
// without the tabs. `newline`: with one more at its end.
std::string payload_md5(std::string_view tabbed, bool newline = false);

} // namespace hopscope::read

namespace hopscope {

// Checks the graph payloads of a dump. Takes 2 ms a megabyte, so it is for a thread beside other work: the
// dump is not touched, and the caller adds the problems to it. At most 20 for a file, then one that counts
// the rest. Cancelling ends it early.
std::vector<Problem> check_payloads(const std::vector<Payload>& payloads, const Job& job = {});

} // namespace hopscope
