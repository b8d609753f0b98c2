// hopscope diff: two bodies node by node, or the ledgers of two dumps.
#include "app/cli/cli.h"
#include "app/cli/diff_picture.h"

#include "core/base/text.h"
#include "core/diff/diff.h"
#include "core/export/ledger_json.h"

#include <cstdio>

namespace hopscope::cli {

namespace {

using Json = nlohmann::ordered_json;

struct Words {
    std::vector<std::string> paths, others;
    std::string at, with;
    std::string ignore = "names,order,locations,ids";
    bool json = false;
    DiffPicture picture;
};

Json name_json(const GraphModule& module, BodyId body, NodeId node) {
    return utf8(module.text(module.body(body).node(node).name));
}

Json names_json(const GraphModule& module, BodyId body, const std::vector<NodeId>& nodes) {
    Json list = Json::array();
    for (const NodeId n : nodes)
        list.push_back(name_json(module, body, n));
    return list;
}

Json value_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(utf8(text));
}

void body_json(Json& out, const GraphModule& a, const GraphModule& b, const BodyDiff& d) {
    out["same"] = d.same();
    Json changed = Json::array();
    for (const PairedNodes& p : d.pairs) {
        if (p.fields.empty())
            continue;
        Json fields = Json::array();
        for (const FieldDifference& f : p.fields)
            fields.push_back({{"field", field_name(f.field)}, {"a", value_or_null(f.expected)},
                {"b", value_or_null(f.found)}, {"where", value_or_null(f.where)}});
        changed.push_back({{"a", name_json(a, d.body_a, p.a)}, {"b", name_json(b, d.body_b, p.b)},
            {"fields", std::move(fields)}, {"paired_by", paired_by_name(p.how)}});
    }
    out["changed"] = std::move(changed);
    out["only_a"] = names_json(a, d.body_a, d.only_a);
    out["only_b"] = names_json(b, d.body_b, d.only_b);
    Json groups = Json::array();
    for (const NodeGroup& g : d.groups)
        groups.push_back({{"a", names_json(a, d.body_a, g.a)}, {"b", names_json(b, d.body_b, g.b)}});
    out["groups"] = std::move(groups);
}

Json diff_json(const std::string& name_a, const std::string& name_b, const GraphModule& a,
    const GraphModule& b, const std::vector<BodyDiff>& diffs) {
    Json out{{"a", utf8(name_a)}, {"b", utf8(name_b)}};
    body_json(out, a, b, diffs.front());
    Json called = Json::array();
    for (size_t i = 1; i < diffs.size(); ++i) {
        Json one{{"a", utf8(body_path(a, diffs[i].body_a))}, {"b", utf8(body_path(b, diffs[i].body_b))}};
        body_json(one, a, b, diffs[i]);
        called.push_back(std::move(one));
    }
    out["called_bodies"] = std::move(called);
    return out;
}

// A body of a dump; a node in the address is a mistake worth a word.
Result<Place> body_at(const Dump& dump, const std::string& address) {
    auto place = resolve(dump, address);
    if (place && place->node)
        return make_error(Error::Kind::Usage,
            "'" + address + "' names a node; expected a body, which is compared node by node");
    return place;
}

std::vector<std::string> words_for_window(const Words& words) {
    std::vector<std::string> out = words.paths;
    out.insert(out.end(), {"--at", words.at, "--with", words.with, "--ignore", words.ignore});
    for (const std::string& other : words.others)
        out.insert(out.end(), {"--other", other});
    return out;
}

int run_diff(const Words& words) {
    MatchOptions options;
    if (const std::string_view unknown = set_ignored(words.ignore, options); !unknown.empty())
        return fail(make_error(Error::Kind::Usage,
            "unknown word '" + std::string(unknown)
                + "' in --ignore; expected a list of names, order, locations, ids, layers, dtypes, shapes, "
                  "strides, devices, constants, or none"));
    if (words.at.empty() != words.with.empty() || (words.at.empty() && words.others.empty()))
        return fail(make_error(Error::Kind::Usage,
            "expected --at A and --with B to compare two bodies, or --other DUMP alone to compare the "
            "ledgers of two "
            "dumps"));
    if (words.at.empty() && !words.picture.output.empty())
        return fail(make_error(Error::Kind::Usage, "-o draws two bodies, expected --at A and --with B"));
    std::vector<std::string> inputs = words.paths;
    inputs.insert(inputs.end(), words.others.begin(), words.others.end());
    if (const Status checked = check_diff_picture(words.picture, inputs); !checked)
        return fail(checked.error());
    const auto dump_a = open(words.paths);
    if (!dump_a)
        return fail(dump_a.error());
    std::optional<Result<Dump>> opened;
    if (!words.others.empty()) {
        opened.emplace(open(words.others));
        if (!*opened)
            return fail(opened->error());
    }
    const Dump& dump_b = opened ? **opened : *dump_a;
    if (words.at.empty())
        return diff_ledgers(*dump_a, dump_b, words.json);
    const auto place_a = body_at(*dump_a, words.at);
    if (!place_a)
        return fail(place_a.error());
    const auto place_b = body_at(dump_b, words.with);
    if (!place_b)
        return fail(place_b.error());
    const GraphModule& a = *dump_a->graph(place_a->graph).module;
    const GraphModule& b = *dump_b.graph(place_b->graph).module;
    const auto diffs = diff_bodies(a, place_a->body, b, place_b->body, options);
    const std::string name_a = address_of(*dump_a, place_a->graph, place_a->body);
    const std::string name_b = address_of(dump_b, place_b->graph, place_b->body);
    if (words.picture.output == "-") {
        // the picture alone
    } else if (words.json) {
        print_json(diff_json(name_a, name_b, a, b, diffs));
    } else {
        const std::string prefix_a = opened ? dump_a->name + ' ' : std::string();
        const std::string prefix_b = opened ? dump_b.name + ' ' : std::string();
        std::fputs(utf8(diff_text(a, b, diffs, prefix_a + name_a, prefix_b + name_b)).c_str(), stdout);
    }
    if (!words.picture.output.empty())
        if (const Status drawn = write_diff_picture(words.picture, {&*dump_a, *place_a}, {&dump_b, *place_b},
                diffs.front(), words_for_window(words));
            !drawn)
            return fail(drawn.error());
    return diffs.front().equal() ? kDone : kDiffers;
}

} // namespace

void add_diff(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand(
        "diff", "Compare two bodies, or the ledgers of two dumps; exit status 1 if they differ");
    static Words words;
    add_dumps(*command, words.paths);
    command->add_option("--at", words.at, "The first body: [rRANK/]COMPILE:STAGE[#K][:BODY]");
    command->add_option("--with", words.with, "The second body, of the same dump or of --other");
    command->add_option("--other", words.others, "Another dump (several paths: evidence of one run)");
    command->add_option("--ignore", words.ignore,
        "What is looked past: a list of names, order, locations, ids, layers, dtypes, shapes, strides, "
        "devices, "
        "constants; or none (default: names,order,locations,ids)");
    command->add_flag("--json", words.json, "Print one JSON document");
    add_diff_picture(*command, words.picture);
    command->callback([&action] { action = [] { return run_diff(words); }; });
}

} // namespace hopscope::cli
