#include "core/read/json_text.h"

#include "core/base/text.h"
#include "core/read/lines.h"

#include <algorithm>
#include <map>
#include <simdjson.h>

namespace hopscope::read {

namespace {

namespace ondemand = simdjson::ondemand;
constexpr auto npos = std::string_view::npos;

// Appends texts line by line, all lines of one string at that string's place.
class Gatherer {
public:
    InnerText take() { return std::move(out_); }
    void add(std::string_view text, Place place) {
        if (text.empty())
            return;
        if (out_.text.empty() || out_.text.back() == '\n')
            out_.places.push_back(place);
        for (const char c : text) {
            out_.text += c;
            if (c == '\n')
                out_.places.push_back(place);
        }
        if (text.back() == '\n')
            out_.places.pop_back();
    }
    void end_line(Place place) {
        if (!out_.text.empty() && out_.text.back() != '\n')
            add("\n", place);
    }

private:
    InnerText out_;
};

// jupyter: {"cells": [{"cell_type", "source", "outputs": [{"text" | "data": {"text/plain"} | "traceback"}]}],
// "nbformat"}
class Notebook {
public:
    explicit Notebook(std::string_view text)
        : padded_(text) { }

    bool read(InnerText& out) {
        ondemand::parser parser;
        ondemand::document document;
        if (parser.iterate(padded_).get(document) != simdjson::SUCCESS)
            return false;
        ondemand::array cells;
        if (document.find_field_unordered("cells").get_array().get(cells) != simdjson::SUCCESS)
            return false;
        for (auto cell : cells) {
            ondemand::object object;
            if (cell.get_object().get(object) != simdjson::SUCCESS)
                return false;
            if (!read_cell(object))
                return false;
        }
        out = gatherer_.take();
        return true;
    }

private:
    bool read_cell(ondemand::object cell) {
        for (auto field : cell) {
            std::string_view key;
            ondemand::value value;
            if (field.unescaped_key().get(key) != simdjson::SUCCESS
                || field.value().get(value) != simdjson::SUCCESS)
                return false;
            if (key == "source") {
                strings(value);
            } else if (key == "outputs") {
                ondemand::array outputs;
                if (value.get_array().get(outputs) != simdjson::SUCCESS)
                    continue;
                for (auto output : outputs) {
                    ondemand::object object;
                    if (output.get_object().get(object) == simdjson::SUCCESS)
                        read_output(object);
                }
            }
        }
        return true;
    }

    void read_output(ondemand::object output) {
        for (auto field : output) {
            std::string_view key;
            ondemand::value value;
            if (field.unescaped_key().get(key) != simdjson::SUCCESS
                || field.value().get(value) != simdjson::SUCCESS)
                return;
            if (key == "text" || key == "traceback") {
                strings(value, key == "traceback");
            } else if (key == "data") {
                ondemand::object data;
                ondemand::value plain;
                if (value.get_object().get(data) == simdjson::SUCCESS
                    && data.find_field_unordered("text/plain").get(plain) == simdjson::SUCCESS)
                    strings(plain);
            }
        }
    }

    // A string, or a list of strings, each of which may be a line of its own.
    void strings(ondemand::value value, bool lines = false) {
        ondemand::json_type type{};
        if (value.type().get(type) != simdjson::SUCCESS)
            return;
        Place place = place_of(value);
        if (type == ondemand::json_type::array) {
            ondemand::array list;
            if (value.get_array().get(list) != simdjson::SUCCESS)
                return;
            for (auto item : list) {
                ondemand::value one;
                if (item.get(one) != simdjson::SUCCESS)
                    return;
                place = place_of(one);
                std::string_view text;
                if (one.get_string().get(text) == simdjson::SUCCESS)
                    gatherer_.add(text, place);
                if (lines)
                    gatherer_.end_line(place);
            }
        } else if (type == ondemand::json_type::string) {
            std::string_view text;
            if (value.get_string().get(text) == simdjson::SUCCESS)
                gatherer_.add(text, place);
        }
        gatherer_.end_line(place);
        gatherer_.add("\n", place);
    }

    Place place_of(ondemand::value value) {
        const std::string_view token = value.raw_json_token();
        const auto offset = static_cast<size_t>(token.data() - padded_.data());
        if (offset < at_ || offset > padded_.size())
            return {line_, at_};
        line_ += static_cast<uint32_t>(std::count(padded_.data() + at_, padded_.data() + offset, '\n'));
        at_ = offset;
        return {line_, offset};
    }

    simdjson::padded_string padded_;
    Gatherer gatherer_;
    size_t at_ = 0;
    uint32_t line_ = 1;
};

// The field of a log's objects that holds their text: of those that are strings, the longest over some lines.
std::string text_field(std::string_view text) {
    constexpr int kSample = 50;
    simdjson::dom::parser parser;
    std::map<std::string, size_t, std::less<>> bytes;
    std::map<std::string, int, std::less<>> times;
    int seen = 0;
    Lines lines(text, false);
    while (seen < kSample && lines.next()) {
        if (trimmed(lines.line()).empty())
            continue;
        ++seen;
        simdjson::dom::object object;
        if (parser.parse(lines.line().data(), lines.line().size()).get_object().get(object)
            != simdjson::SUCCESS)
            continue;
        for (const auto field : object) {
            std::string_view value;
            if (field.value.get_string().get(value) != simdjson::SUCCESS)
                continue;
            bytes[std::string(field.key)] += value.size();
            ++times[std::string(field.key)];
        }
    }
    std::string found;
    size_t most = 0;
    for (const auto& [key, n] : bytes)
        if (times[key] * 5 >= seen * 3 && n > most) {
            found = key;
            most = n;
        }
    return found;
}

std::optional<InnerText> log_lines(std::string_view text) {
    const std::string field = text_field(text);
    if (field.empty())
        return std::nullopt;
    Gatherer gatherer;
    simdjson::dom::parser parser;
    Lines lines(text, false);
    // A container cuts long lines: where the texts end in a newline, one that does not goes on in the next.
    size_t ended = 0;
    size_t open = 0;
    while (lines.next()) {
        const Place place{lines.number(), lines.offset()};
        simdjson::dom::object object;
        std::string_view value;
        if (trimmed(lines.line()).empty())
            continue;
        if (parser.parse(lines.line().data(), lines.line().size()).get_object().get(object)
                != simdjson::SUCCESS
            || object[field].get_string().get(value) != simdjson::SUCCESS) {
            gatherer.end_line(place);
            gatherer.add(lines.line(), place);
            gatherer.end_line(place);
            continue;
        }
        const bool ends = value.ends_with('\n');
        ++(ends ? ended : open);
        gatherer.add(value, place);
        if (!ends && (ended <= open || value.empty())) {
            gatherer.end_line(place);
            if (value.empty())
                gatherer.add("\n", place);
        }
    }
    return gatherer.take();
}

} // namespace

std::optional<InnerText> text_inside_json(std::string_view text) {
    const size_t first = text.find_first_not_of(" \t\r\n");
    if (first == npos || text[first] != '{')
        return std::nullopt;
    const size_t end = std::min(text.find('\n', first), text.size());
    const std::string_view line = trimmed(text.substr(first, end - first));
    if ((line.ends_with('}') || line.ends_with("}\r")) && end < text.size())
        if (auto found = log_lines(text))
            return found;
    constexpr size_t kTail = 4096; // where a notebook says its format
    const bool notebook = text.substr(text.size() - std::min(text.size(), kTail)).find("\"nbformat\"") != npos
        || text.substr(0, kTail).find("\"nbformat\"") != npos;
    InnerText out;
    if (notebook && text.find("\"cells\"") != npos && Notebook(text).read(out))
        return out;
    return std::nullopt;
}

} // namespace hopscope::read
