#include "core/export/svg.h"

#include "core/draw/display.h"
#include "core/draw/legend.h"
#include "core/export/xml.h"

#include <cmath>

namespace hopscope {

namespace {

using namespace draw;
using Type = Primitive::Type;

constexpr int kMargin = 16;

// At most two decimals, none where there are none: stable and short.
void put_number(std::string& out, double value) {
    long long hundredths = std::llround(value * 100);
    if (hundredths < 0) {
        out += '-';
        hundredths = -hundredths;
    }
    out += std::to_string(hundredths / 100);
    if (const long long rest = hundredths % 100) {
        out += '.';
        out += static_cast<char>('0' + rest / 10);
        if (rest % 10)
            out += static_cast<char>('0' + rest % 10);
    }
}

std::string_view part_class(Primitive::Part part) {
    switch (part) {
    case Primitive::Part::Title:
        return "title";
    case Primitive::Part::Subtitle:
        return "subtitle";
    case Primitive::Part::Badge:
        return "badge";
    case Primitive::Part::Dot:
        return "dot";
    case Primitive::Part::Port:
        return "port";
    case Primitive::Part::KindBar:
        return "kind";
    case Primitive::Part::Caption:
        return "caption";
    default:
        return {};
    }
}

std::string_view port_words(Port::Role role) {
    switch (role) {
    case Port::Role::Operand:
        return "input";
    case Port::Role::Constant:
        return "constant";
    case Port::Role::Parameter:
        return "parameter";
    case Port::Role::Saved:
        return "saved value";
    case Port::Role::Result:
        return "result";
    case Port::Role::CutIn:
        return "comes";
    case Port::Role::CutOut:
        return "goes further";
    }
    return {};
}

class Writer {
public:
    Writer(const GraphModule& module, const Body& body, const Scene& scene, const SvgOptions& options)
        : module_(module)
        , body_(body)
        , scene_(scene)
        , options_(options) { }

    std::string run() {
        DisplayOptions display;
        display.margin = kMargin;
        if (options_.caption) {
            display.caption = !options_.title.empty() ? options_.title
                : options_.address.empty()            ? options_.dump
                                                      : address();
            display.subcaption = summary();
        }
        display.overlay = options_.overlay;
        list_ = make_display_list(scene_, display);
        if (options_.overlay)
            append_scale(*options_.overlay, kMargin, list_);
        if (options_.legend)
            append_legend(scene_, kMargin, list_);
        out_.reserve(list_.items.size() * 120);
        head();
        items();
        out_ += "</svg>\n";
        return std::move(out_);
    }

private:
    const GraphModule& module(bool right) const { return right ? *options_.right_module : module_; }
    const Node& node(NodeId id, bool right) const {
        return (right ? options_.right_module->body(options_.right_body) : body_).node(id);
    }
    std::string name(NodeId id, bool right) const {
        return xml_escaped(module(right).text(node(id, right).name));
    }

    std::string address() const {
        return options_.right_address.empty() ? options_.address
                                              : options_.address + " | " + options_.right_address;
    }

    std::string summary() const {
        if (!options_.summary.empty())
            return options_.summary;
        std::string text = options_.address.empty() ? "" : options_.dump + " · ";
        const size_t nodes = node_count();
        text += std::to_string(nodes) + (nodes == 1 ? " node" : " nodes");
        if (scene_.boxes.size() != nodes)
            text +=
                " in " + std::to_string(scene_.boxes.size()) + (scene_.boxes.size() == 1 ? " box" : " boxes");
        if (scene_.cut_links > 0)
            text += " · " + std::to_string(scene_.cut_links) + " long links as pairs of marks";
        return text;
    }

    size_t node_count() const {
        return body_.nodes.size()
            + (options_.right_module ? options_.right_module->body(options_.right_body).nodes.size() : 0);
    }

    void attribute(std::string_view key, double value) {
        out_ += ' ';
        out_ += key;
        out_ += "=\"";
        put_number(out_, value);
        out_ += '"';
    }

    void attribute(std::string_view key, std::string_view escaped) {
        out_ += ' ';
        out_ += key;
        out_ += "=\"";
        out_ += escaped;
        out_ += '"';
    }

    void head() {
        std::string title = options_.title.empty() ? options_.dump : options_.title;
        if (!options_.address.empty())
            title += (title.empty() ? "" : " · ") + address();
        out_ += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
                "version=\"1.1\"";
        attribute("width", list_.width);
        attribute("height", list_.height);
        out_ += " viewBox=\"0 0 ";
        put_number(out_, list_.width);
        out_ += ' ';
        put_number(out_, list_.height);
        // white-space for browsers, xml:space for Inkscape: subtitles hold two spaces between operator and
        // type.
        out_ +=
            "\" role=\"img\" aria-labelledby=\"title desc\" xml:space=\"preserve\" style=\"white-space:pre\" "
            "font-family=\"'JetBrains Mono','DejaVu Sans Mono','Liberation Mono',Menlo,monospace\">\n";
        out_ += "<title id=\"title\">" + xml_escaped(title) + "</title>\n";
        out_ +=
            "<desc id=\"desc\">Graph of " + xml_escaped(title) + ": " + xml_escaped(summary()) + ".</desc>\n";
        out_ += "<metadata><hopscope xmlns=\"urn:hopscope:picture\"";
        attribute("dump", xml_escaped(options_.dump));
        attribute("address", xml_escaped(address()));
        attribute("nodes", static_cast<double>(node_count()));
        attribute("layout", xml_escaped(scene_.engine));
        out_ += "/></metadata>\n<rect width=\"100%\" height=\"100%\"";
        paint("fill", color(ColorRole::Window, options_.theme));
        out_ += "/>\n";
    }

    void items() {
        const Primitive* last = nullptr;
        for (const Primitive& item : list_.items) {
            if (!last || item.box != last->box || item.edge != last->edge) {
                if (last)
                    close();
                open(item);
            }
            if (item.part == Primitive::Part::Port)
                write_port(item);
            else
                write(item);
            last = &item;
        }
        if (last)
            close();
    }

    void open(const Primitive& item) {
        if (item.box)
            open_box(scene_.boxes[*item.box]);
        else if (item.edge)
            open_edge(scene_.edges[*item.edge]);
        else
            out_ += "<g>\n";
    }

    void open_box(const Box& box) {
        const std::string own = name(box.node, box.right);
        const Node& shown = node(box.node, box.right);
        const GraphModule& of = module(box.right);
        out_ += "<g class=\"node\"";
        attribute("data-node", own);
        if (options_.right_module)
            attribute("data-half", std::string_view(box.right ? "backward" : "forward"));
        attribute("data-kind", std::string_view(kind_name(box.kind)));
        attribute_side(box.side);
        out_ += "><title>" + own + ": " + xml_escaped(short_target(of, shown));
        if (const ValueType* type = of.type(shown.type))
            out_ += ", " + xml_escaped(short_type(of, *type));
        out_ += ", ";
        out_ += kind_name(box.kind);
        if (box.side != Side::Both)
            out_ += ", " + std::string(side_name(box.side));
        if (box.side == Side::Changed && !box.warning.empty())
            out_ += ": " + xml_escaped(box.warning);
        out_ += "</title>\n";
    }

    void attribute_side(Side side) {
        if (side != Side::Both)
            attribute("data-side", side_name(side));
    }

    void open_edge(const Edge& edge) {
        const std::string from = name(edge.from, edge.right), to = name(edge.to, edge.right || edge.saved);
        out_ += edge.saved ? "<g class=\"saved\"" : "<g class=\"edge\"";
        attribute("data-from", from);
        attribute("data-to", to);
        attribute_side(edge.side);
        out_ += "><title>" + from + (edge.saved ? " saved for " : " to ") + to;
        if (edge.count > 1)
            out_ += ", " + std::to_string(edge.count) + " values";
        if (edge.side != Side::Both)
            out_ += ", " + std::string(side_name(edge.side));
        out_ += "</title>\n";
    }

    void close() { out_ += "</g>\n"; }

    void write_port(const Primitive& item) {
        const Box& box = scene_.boxes[*item.box];
        const Port& port = box.ports[*item.port];
        out_ += "<g class=\"port\"";
        if (!port.bundled)
            attribute("data-node", name(item.node, box.right));
        out_ += "><title>";
        bool first = true;
        for (const Port& other : box.ports) {
            if (&other != &port && !(port.bundled && other.bundled && other.side == port.side))
                continue;
            out_ += first ? std::string(port_words(port.role)) + " " : ", ";
            out_ += xml_escaped(other.label);
            first = false;
        }
        out_ += "</title>";
        write(item, false);
        out_ += "</g>\n";
    }

    void paint(std::string_view key, uint32_t rgb) { attribute(key, std::string_view(hex(rgb))); }

    void colours(const Primitive& item) {
        if (item.fill == ColorRole::None)
            out_ += " fill=\"none\"";
        else
            paint("fill", color(item.fill, options_.theme));
        if (item.stroke == ColorRole::None)
            return;
        paint("stroke", color(item.stroke, options_.theme));
        if (item.line_width != 1)
            attribute("stroke-width", item.line_width);
        if (item.dashed)
            out_ += " stroke-dasharray=\"4 3\"";
    }

    void steps(const std::vector<PathStep>& path, bool closed) {
        out_ += " d=\"";
        for (const PathStep& step : path) {
            switch (step.type) {
            case PathStep::Type::Move:
                out_ += 'M';
                break;
            case PathStep::Type::Line:
                out_ += 'L';
                break;
            case PathStep::Type::Curve:
                out_ += 'Q';
                put_number(out_, step.control.x);
                out_ += ' ';
                put_number(out_, step.control.y);
                out_ += ' ';
                break;
            }
            put_number(out_, step.to.x);
            out_ += ' ';
            put_number(out_, step.to.y);
        }
        out_ += closed ? "Z\"" : "\"";
    }

    void write(const Primitive& item, bool with_class = true) {
        const std::string_view css = with_class ? part_class(item.part) : std::string_view{};
        const auto begin = [&](std::string_view element) {
            out_ += '<';
            out_ += element;
            if (!css.empty())
                attribute("class", css);
        };
        switch (item.type) {
        case Type::Rect:
            begin("rect");
            attribute("x", item.x);
            attribute("y", item.y);
            attribute("width", item.w);
            attribute("height", item.h);
            if (item.radius > 0)
                attribute("rx", item.radius);
            break;
        case Type::Bar:
            begin("path");
            bar(item);
            break;
        case Type::Text:
            write_text(item, css);
            return;
        case Type::Path:
            begin("path");
            steps(rounded_path(list_.points.data() + item.points_begin, item.points_end - item.points_begin,
                      item.radius, false),
                item.closed);
            break;
        case Type::Circle:
            begin("circle");
            circle(item);
            break;
        case Type::HalfCircle:
            begin("circle");
            circle(item);
            out_ += " fill=\"none\"";
            paint("stroke", color(item.stroke, options_.theme));
            attribute("stroke-width", item.line_width);
            out_ += "/>\n<path";
            half_circle(item);
            paint("fill", color(item.fill, options_.theme));
            out_ += "/>\n";
            return;
        case Type::Cross: {
            begin("path");
            const double r = item.w / 2;
            const std::vector<PathStep> path = {{PathStep::Type::Move, {item.x - r, item.y - r}, {}},
                {PathStep::Type::Line, {item.x + r, item.y + r}, {}},
                {PathStep::Type::Move, {item.x - r, item.y + r}, {}},
                {PathStep::Type::Line, {item.x + r, item.y - r}, {}}};
            steps(path, false);
            break;
        }
        case Type::Diamond: {
            begin("path");
            const double r = item.w / 2;
            const Spot corners[] = {
                {item.x, item.y - r}, {item.x + r, item.y}, {item.x, item.y + r}, {item.x - r, item.y}};
            steps(rounded_path(corners, 4, 0, false), true);
            break;
        }
        }
        colours(item);
        out_ += "/>\n";
    }

    void circle(const Primitive& item) {
        attribute("cx", item.x);
        attribute("cy", item.y);
        attribute("r", item.w / 2);
    }

    void half_circle(const Primitive& item) {
        const double r = item.w / 2;
        out_ += " d=\"M";
        put_number(out_, item.x);
        out_ += ' ';
        put_number(out_, item.y - r);
        out_ += 'A';
        put_number(out_, r);
        out_ += ' ';
        put_number(out_, r);
        out_ += " 0 0 0 ";
        put_number(out_, item.x);
        out_ += ' ';
        put_number(out_, item.y + r);
        out_ += "Z\"";
    }

    // Round on the left, square on the right.
    void bar(const Primitive& item) {
        const double r = item.radius;
        const double right = item.x + item.w;
        const double bottom = item.y + item.h;
        const std::vector<PathStep> path = {{PathStep::Type::Move, {right, item.y}, {}},
            {PathStep::Type::Line, {right, bottom}, {}}, {PathStep::Type::Line, {item.x + r, bottom}, {}},
            {PathStep::Type::Curve, {item.x, bottom - r}, {item.x, bottom}},
            {PathStep::Type::Line, {item.x, item.y + r}, {}},
            {PathStep::Type::Curve, {item.x + r, item.y}, {item.x, item.y}}};
        steps(path, true);
    }

    void write_text(const Primitive& item, std::string_view css) {
        out_ += "<text";
        if (!css.empty())
            attribute("class", css);
        attribute("x", item.x);
        attribute("y", item.y);
        attribute("font-size", static_cast<double>(item.size));
        if (item.bold)
            out_ += " font-weight=\"bold\"";
        if (item.anchor == Primitive::Anchor::Middle)
            out_ += " text-anchor=\"middle\"";
        else if (item.anchor == Primitive::Anchor::End)
            out_ += " text-anchor=\"end\"";
        const uint32_t rgb = item.letter ? letter_color(static_cast<Kind>(
                                 static_cast<int>(item.fill) - static_cast<int>(ColorRole::Kind0)))
                                         : color(item.fill, options_.theme);
        paint("fill", rgb);
        out_ += '>';
        out_ += xml_escaped(list_.texts[*item.text]);
        out_ += "</text>\n";
    }

    const GraphModule& module_;
    const Body& body_;
    const Scene& scene_;
    const SvgOptions& options_;
    DisplayList list_;
    std::string out_;
};

} // namespace

std::string to_svg(const GraphModule& module, BodyId body, const Scene& scene, const SvgOptions& options) {
    return Writer(module, module.body(body), scene, options).run();
}

std::string svg_page(std::string_view svg, const std::string& title) {
    if (const size_t declared = svg.find("?>");
        svg.starts_with("<?xml") && declared != std::string_view::npos)
        svg.remove_prefix(svg.find('<', declared));
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>"
        + xml_escaped(title) + "</title>\n</head>\n<body>\n" + std::string(svg) + "</body>\n</html>\n";
}

} // namespace hopscope
