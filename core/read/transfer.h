// Texts that a mail program or a pager wrote in signs of its own: quoted-printable (RFC 2045, 6.7) and `cat
// -A`.
#pragma once

#include "core/read/draft.h"

#include <string_view>

namespace hopscope::read {

// The text itself, with the place of each of its lines; false where it is written in neither, told by its
// first bytes.
bool undo_transfer(std::string_view text, Draft& out);

} // namespace hopscope::read
