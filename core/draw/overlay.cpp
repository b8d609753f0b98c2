#include "core/draw/overlay.h"

#include "core/draw/metrics.h"

#include <algorithm>
#include <cmath>

namespace hopscope::draw {

namespace {

constexpr double kLine = 18; // from step to step
constexpr double kSwatch = 26, kSwatchHeight = 12, kWords = 34; // from the left

// The least and the most of some numbers.
struct Range {
    double least = 0, most = 0;
    bool any = false;

    void take(double value) {
        least = any ? std::min(least, value) : value;
        most = any ? std::max(most, value) : value;
        any = true;
    }
};

// `range` is of the numbers above zero.
uint8_t shade_between(const Range& range, double value) {
    if (!std::isfinite(value) || (range.any && range.most <= range.least && value > 0))
        return uint8_t(kShades - 1); // the strongest for the most, also where nothing differs
    if (!(value > range.least))
        return 0;
    const double at = std::log(value / range.least) / std::log(range.most / range.least) * double(kShades);
    return static_cast<uint8_t>(std::clamp(at, 0.0, double(kShades - 1)));
}

uint8_t shade_by(std::span<const double> bounds, double value) {
    const auto reached = std::upper_bound(bounds.begin(), bounds.end(), value) - bounds.begin();
    return static_cast<uint8_t>(std::min<ptrdiff_t>(reached, kShades - 1));
}

// "2.00 to 5.28 KiB": the unit once where both have the same.
std::string say_both(const std::string& least, const std::string& most) {
    if (least == most)
        return most;
    const size_t a = least.find(' '), b = most.find(' ');
    const bool same = a != std::string::npos && b != std::string::npos
        && std::string_view(least).substr(a) == std::string_view(most).substr(b);
    return (same ? least.substr(0, a) : least) + " to " + most;
}

void put_text(DisplayList& list, double x, double y, const std::string& words, ColorRole role, bool bold) {
    Primitive text;
    text.type = Primitive::Type::Text;
    text.part = Primitive::Part::Caption;
    text.x = x;
    text.y = y;
    text.w = text_width(words, kSmallFontSize);
    text.size = kSmallFontSize;
    text.fill = role;
    text.bold = bold;
    text.text = static_cast<uint32_t>(list.texts.size());
    list.texts.push_back(words);
    list.items.push_back(text);
    list.width = std::max(list.width, x + text.w);
}

void put_swatch(DisplayList& list, double y, ColorRole fill) {
    Primitive rect;
    rect.type = Primitive::Type::Rect;
    rect.part = Primitive::Part::Caption;
    rect.x = 0.5;
    rect.y = std::floor(y - kSwatchHeight / 2) + 0.5;
    rect.w = kSwatch;
    rect.h = kSwatchHeight;
    rect.radius = 3;
    rect.fill = fill;
    rect.stroke = ColorRole::Line;
    list.items.push_back(rect);
}

} // namespace

Overlay make_overlay(std::string title, const std::vector<std::optional<double>>& by_box,
    const std::function<std::string(double)>& say, std::string none, std::span<const double> bounds) {
    Overlay overlay;
    overlay.title = std::move(title);
    Range range;
    for (const std::optional<double>& value : by_box)
        if (value && *value > 0 && std::isfinite(*value))
            range.take(*value);
    bool missing = false;
    std::array<Range, kShades> in;
    for (const std::optional<double>& value : by_box) {
        overlay.shade.push_back(std::nullopt);
        overlay.words.emplace_back();
        missing |= !value;
        if (!value)
            continue;
        const uint8_t shade = bounds.empty() ? shade_between(range, *value) : shade_by(bounds, *value);
        overlay.shade.back() = shade;
        overlay.words.back() = say(*value);
        in[shade].take(*value);
    }
    if (missing)
        overlay.none = std::move(none);
    for (size_t step = 0; step < kShades; ++step)
        if (in[step].any)
            overlay.steps[step] = say_both(say(in[step].least), say(in[step].most));
    return overlay;
}

std::vector<Overlay> split_overlay(Overlay&& whole, std::span<const size_t> sizes) {
    std::vector<Overlay> parts;
    size_t from = 0;
    for (const size_t size : sizes) {
        Overlay part{whole.title, {}, {}, whole.steps, whole.fills, whole.none};
        const size_t to = std::min(from + size, whole.shade.size());
        for (; from < to; ++from) {
            part.shade.push_back(whole.shade[from]);
            part.words.push_back(std::move(whole.words[from]));
        }
        parts.push_back(std::move(part));
    }
    return parts;
}

DisplayList make_scale(const Overlay& overlay) {
    DisplayList list;
    put_text(list, 0, 12, overlay.title, ColorRole::Quiet, true);
    double y = 22 + kLine / 2;
    const auto step = [&](ColorRole fill, const std::string& words) {
        put_swatch(list, y, fill);
        put_text(list, kWords, y + 4, words, ColorRole::Text, false);
        y += kLine;
    };
    for (size_t i = kShades; i-- > 0;) // the most on top, as on a thermometer
        if (!overlay.steps[i].empty())
            step(overlay.fills[i], overlay.steps[i]);
    if (!overlay.none.empty())
        step(ColorRole::Surface, overlay.none);
    list.height = y - kLine / 2 + 2;
    return list;
}

void append_scale(const Overlay& overlay, int margin, DisplayList& list) {
    const DisplayList scale = make_scale(overlay);
    const double top = list.height + kLine / 2;
    const auto texts = static_cast<uint32_t>(list.texts.size());
    for (Primitive item : scale.items) {
        item.x += margin;
        item.y += top;
        if (item.text)
            item.text = *item.text + texts;
        list.items.push_back(item);
    }
    list.texts.insert(list.texts.end(), scale.texts.begin(), scale.texts.end());
    list.width = std::max(list.width, scale.width + 2 * margin);
    list.height = top + scale.height + margin;
}

} // namespace hopscope::draw
