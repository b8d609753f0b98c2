// A graph module while it is being read: its tables, and the body that is being filled.
#pragma once

#include "core/graph/body.h"

#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hopscope::read {

class ModuleBuilder {
public:
    explicit ModuleBuilder(std::shared_ptr<const void> storage);

    GraphModule& module() { return *module_; }
    StringId intern(std::string_view text) { return module_->strings.intern(text); }

    // Starts a body; the one before it is finished. Texts list a body whole before its nested classes, so
    // there is never more than one open.
    BodyId begin_body(std::string_view class_name, BodyId parent);
    Body& body() { return module_->bodies[current_.index]; }
    BodyId current() const { return current_; }

    // The node of that name in the open body; none if the name means none.
    NodeId node_named(StringId name) const;
    NodeId add_node(Node node);
    void rename(NodeId node, StringId name);
    // From here on the name means this node too, whose own name stays.
    void also_named(NodeId node, StringId name);
    // Placeholders for names that are used and never defined, behind the open body's own; the symbols in its
    // arguments that bear these names become uses of them.
    void add_free_inputs(const std::vector<StringId>& names, std::string_view descriptor);
    // Whether a name is a symbol of sizes: it has the form of one, or an annotation of the module speaks of
    // it.
    bool is_symbol(StringId name) const;
    void drop_nodes(); // of the open body: its signature turned out not to list the placeholders

    TypeId type(std::string_view annotation);
    SourceId source(std::string_view comment); // none for a comment that places nothing

    // Derives uses and hands the module over.
    std::shared_ptr<const GraphModule> finish();

private:
    struct NameSlot {
        uint32_t scope = 0;
        NodeId node; // none: nobody had the name yet
    };

    std::shared_ptr<GraphModule> module_;
    BodyId current_;
    uint32_t scope_ = 0; // counts bodies, and the times that a body's nodes were dropped: names end with it
    std::vector<NameSlot> names_; // by StringId: the latest scope in which the name was given, and to whom
    std::vector<TypeId> types_; // by StringId of the annotation
    std::unordered_map<StringId, SourceId> sources_; // by comment
};

} // namespace hopscope::read
