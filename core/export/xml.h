// Text that stands in XML whatever bytes it comes from.
#pragma once

#include <string>
#include <string_view>

namespace hopscope {

// Escaped for element content and double-quoted attributes. Bytes that are no UTF-8 and characters that
// XML 1.0 does not allow (control characters, U+FFFE, U+FFFF) become U+FFFD.
std::string xml_escaped(std::string_view text);

} // namespace hopscope
