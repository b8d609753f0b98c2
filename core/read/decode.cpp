#include "core/read/decode.h"

#include "core/base/text.h"
#include "core/read/clean.h"
#include "core/read/draft.h"
#include "core/read/html.h"
#include "core/read/json_text.h"
#include "core/read/transfer.h"
#include "core/read/unwrap.h"

#include <array>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

enum class Encoding : uint8_t { Utf8, Utf16Little, Utf16Big };

// By the mark, or by where the zero bytes of ASCII text stand.
Encoding encoding_of(std::string_view bytes, size_t& mark) {
    mark = 0;
    if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
        mark = 2;
        return bytes[0] == '\xFF' ? Encoding::Utf16Little : Encoding::Utf16Big;
    }
    if (bytes.starts_with("\xEF\xBB\xBF"))
        mark = 3;
    const std::string_view head = bytes.substr(0, 4096);
    if (mark || head.find('\0') == npos || head.size() < 8)
        return Encoding::Utf8;
    std::array<size_t, 2> zeros{};
    for (size_t i = 0; i < head.size(); ++i)
        zeros[i % 2] += head[i] == '\0';
    const size_t most = head.size() * 2 / 5; // nearly every second byte
    if (zeros[1] > most && zeros[0] < zeros[1] / 8)
        return Encoding::Utf16Little;
    if (zeros[0] > most && zeros[1] < zeros[0] / 8)
        return Encoding::Utf16Big;
    return Encoding::Utf8;
}

void from_utf16(std::string_view bytes, size_t mark, bool big, Draft& out) {
    out.begin(mark);
    const auto unit = [&](size_t at) {
        const auto a = static_cast<uint8_t>(bytes[at]);
        const auto b = static_cast<uint8_t>(bytes[at + 1]);
        return static_cast<uint32_t>(big ? (a << 8) | b : (b << 8) | a);
    };
    for (size_t at = mark; at + 1 < bytes.size(); at += 2) {
        uint32_t c = unit(at);
        if (c >= 0xD800 && c < 0xDC00 && at + 3 < bytes.size()) {
            const uint32_t low = unit(at + 2);
            if (low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                at += 2;
            }
        }
        append_utf8(out.text, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
        if (c == '\n') {
            ++out.line;
            out.begin(at + 2);
        }
    }
}

PlainText finished(const std::shared_ptr<Draft>& draft) {
    PlainText plain;
    plain.text = draft->text;
    plain.storage = draft;
    plain.places = std::shared_ptr<const Places>(draft, &draft->places);
    return plain;
}

// A second change: places go through those of the first.
void follow(Places& places, const PlainText& before) {
    if (!before.places)
        return;
    for (Place& place : places) {
        const size_t line = place.line ? place.line - 1 : 0;
        place = line < before.places->size() ? (*before.places)[line] : Place{};
    }
}

} // namespace

PlainText decode(const FileBytes& bytes) {
    PlainText plain;
    plain.text = bytes.bytes;
    plain.storage = bytes.owner;
    size_t mark = 0;
    const Encoding encoding = encoding_of(bytes.bytes, mark);
    if (encoding != Encoding::Utf8) {
        const auto draft = std::make_shared<Draft>();
        from_utf16(bytes.bytes, mark, encoding == Encoding::Utf16Big, *draft);
        plain = finished(draft);
        mark = 0;
    }
    {
        const auto draft = std::make_shared<Draft>();
        if (undo_transfer(plain.text.substr(mark), *draft)) {
            follow(draft->places, plain);
            plain = finished(draft);
            mark = 0;
        }
    }
    if (auto inner = text_inside_json(plain.text.substr(mark))) {
        const auto draft = std::make_shared<Draft>();
        draft->text = std::move(inner->text);
        draft->places = std::move(inner->places);
        follow(draft->places, plain);
        plain = finished(draft);
        mark = 0;
    }
    if (is_html_page(plain.text.substr(mark))) {
        const auto draft = std::make_shared<Draft>();
        text_of_page(plain.text.substr(mark), *draft);
        follow(draft->places, plain);
        plain = finished(draft);
        mark = 0;
    }
    const Needs needs = needs_of(plain.text);
    if (needs.any() || mark) {
        const auto draft = std::make_shared<Draft>();
        draft->text.reserve(plain.text.size());
        clean(plain.text, mark, needs, *draft);
        follow(draft->places, plain);
        plain = finished(draft);
    }
    if (const Wrap wrap = wrap_of(plain.text); wrap.width > 0) {
        const auto draft = std::make_shared<Draft>();
        const Joined joined = join_broken(plain.text, wrap, *draft);
        Places at{joined.first};
        follow(at, plain);
        follow(draft->places, plain);
        plain = finished(draft);
        plain.joined = joined.lines;
        plain.columns = wrap.width;
        plain.first_joined = at.front();
    }
    return plain;
}

} // namespace hopscope::read
