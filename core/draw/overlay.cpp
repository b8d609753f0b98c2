#include "core/draw/overlay.h"

#include "core/draw/metrics.h"

#include <algorithm>
#include <cmath>

namespace hopscope::draw {

namespace {

constexpr double kLine = 18; // from step to step
constexpr double kSwatch = 26, kSwatchHeight = 12, kWords = 34; // from the left

// The strongest shade for the most; all the same where nothing differs.
struct Range {
    double least = 0, most = 0; // above zero

    uint8_t shade(double value) const {
        if (!(value > least) || most <= least)
            return 0;
        const double at = std::log(value / least) / std::log(most / least) * double(kShades);
        return static_cast<uint8_t>(std::clamp(at, 0.0, double(kShades - 1)));
    }
    double bound(size_t step) const { return least * std::pow(most / least, double(step) / double(kShades)); }
};

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
    const std::function<std::string(double)>& say, std::string none) {
    Overlay overlay{std::move(title), {}, {}, {}, {}};
    Range range;
    for (const std::optional<double>& value : by_box)
        if (value && *value > 0 && std::isfinite(*value)) {
            range.least = range.least > 0 ? std::min(range.least, *value) : *value;
            range.most = std::max(range.most, *value);
        }
    bool missing = false;
    std::array<bool, kShades> has{};
    for (const std::optional<double>& value : by_box) {
        overlay.shade.push_back(std::nullopt);
        overlay.words.emplace_back();
        missing |= !value;
        if (!value)
            continue;
        const uint8_t shade = std::isfinite(*value) ? range.shade(*value) : uint8_t(kShades - 1);
        overlay.shade.back() = shade;
        overlay.words.back() = say(*value);
        has[shade] = true;
    }
    if (missing)
        overlay.none = std::move(none);
    for (size_t step = 0; step < kShades; ++step) {
        if (!has[step])
            continue;
        if (range.most <= range.least)
            overlay.steps[step] = range.most > 0 ? "all " + say(range.most) : "none";
        else if (step == 0)
            overlay.steps[step] = "up to " + say(range.bound(1));
        else if (step + 1 == kShades)
            overlay.steps[step] = say(range.bound(step)) + " to " + say(range.most);
        else
            overlay.steps[step] = say(range.bound(step)) + " to " + say(range.bound(step + 1));
    }
    return overlay;
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
            step(shade_color(static_cast<uint8_t>(i)), overlay.steps[i]);
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
