#include "core/export/dot.h"

#include "core/base/printable.h"
#include "core/draw/palette.h"

namespace hopscope {

namespace {

using namespace draw;

// A quoted DOT string; backslashes are doubled, since DOT reads \n, \l, \N and more inside labels.
std::string quoted(std::string_view bytes) {
    std::string out = "\"";
    for (const char c : printable(bytes)) {
        if (c == '"' || c == '\\')
            out += '\\';
        if (static_cast<unsigned char>(c) < 0x20)
            out += ' ';
        else
            out += c;
    }
    return out + '"';
}

std::string label(const Box& box) {
    std::string text = quoted(box.title);
    text.pop_back();
    for (const std::string* line : {&box.subtitle, &box.detail}) {
        if (line->empty())
            continue;
        const std::string more = quoted(*line);
        text += "\\n" + more.substr(1, more.size() - 2);
    }
    if (!box.badge.empty())
        text += "  " + quoted(box.badge).substr(1, quoted(box.badge).size() - 2);
    return text + '"';
}

} // namespace

std::string to_dot(const GraphModule& module, BodyId body_id, const Scene& scene, const std::string& title) {
    const Body& body = module.body(body_id);
    const auto name = [&](NodeId node) { return quoted(module.text(body.node(node).name)); };
    std::string out = "digraph {\n  label=" + quoted(title) + ";\n  labelloc=t;\n";
    out += "  node [shape=box, style=filled, fontname=\"monospace\", fontsize=11, fillcolor=\"#ffffff\"];\n";
    for (const Box& box : scene.boxes) {
        out += "  " + name(box.node) + " [label=" + label(box)
            + ", color=" + quoted(hex(color(kind_color(box.kind), Theme::Light)));
        out += box.region ? ", peripheries=2];\n" : "];\n";
    }
    for (const Edge& edge : scene.edges) {
        out += "  " + name(scene.boxes[edge.from_box].node) + " -> " + name(scene.boxes[edge.to_box].node);
        if (edge.count > 1)
            out += " [label=\"×" + std::to_string(edge.count) + "\"]";
        out += ";\n";
    }
    return out + "}\n";
}

} // namespace hopscope
