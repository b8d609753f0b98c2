#include "core/explain/reuse_log.h"

#include "core/base/text.h"
#include "core/match/literals.h"
#include "core/regions/input_names.h"

#include <algorithm>
#include <charconv>

namespace hopscope::explain_parts {

namespace {

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::string after(std::string_view text, std::string_view from, std::string_view end = "\n") {
    const size_t at = text.find(from);
    if (at == std::string_view::npos)
        return {};
    const std::string_view rest = text.substr(at + from.size());
    return std::string(trimmed(rest.substr(0, rest.find(end))));
}

// "input 3" of "input 3 tag mismatch: …": a flattened argument, not an operand.
std::string input_of(std::string_view text) {
    int n = 0;
    if (!text.starts_with("input ")
        || std::from_chars(text.data() + 6, text.data() + text.size(), n).ec != std::errc{})
        return {};
    return "input " + std::to_string(n);
}

// "InputTag.TENSOR" → "tensor" (torch/_dynamo/variables/invoke_subgraph.py, InputTag).
std::string plain_tag(std::string text) {
    constexpr std::string_view kEnum = "InputTag.";
    if (!text.starts_with(kEnum))
        return text;
    text.erase(0, kEnum.size());
    for (char& c : text)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return text;
}

bool is_metadata(const ReuseMessage& m) {
    return m.kind == ReuseMessage::Kind::ReuseFailed && has(m.detail, "tensor metadata mismatch");
}

// "m.scale" of "OrderedSet([AttrSource(base=LocalSource(local_name='m', …), member='scale')])": a source is
// printed from its base on (torch/_dynamo/source.py). Several are set apart by commas.
std::string sources_of(std::string_view text) {
    std::string out;
    for (size_t at = 0; (at = text.find("='", at)) != std::string_view::npos;) {
        const size_t end = text.find('\'', at + 2);
        if (end == std::string_view::npos)
            break;
        size_t begin = at;
        while (begin > 0 && is_identifier_char(text[begin - 1]))
            --begin;
        const std::string_view key = text.substr(begin, at - begin);
        const std::string_view value = text.substr(at + 2, end - at - 2);
        if (key == "local_name" || key == "global_name")
            out += (out.empty() ? "" : ", ") + std::string(value);
        else if (key == "member")
            out += (out.empty() ? "" : ".") + std::string(value);
        else if (key == "index")
            out += "['" + std::string(value) + "']";
        at = end + 1;
    }
    return out;
}

// One message of the log in the words of an explanation; the field is empty for messages that name none.
Mismatch from_message(const ReuseMessage& m) {
    Mismatch out;
    out.evidence = {Ground::TextLog};
    const std::string& d = m.detail;
    out.where = input_of(d);
    const auto quoted = [&](const char* from) { return after(after(d, from), "'", "'"); };
    if (m.kind == ReuseMessage::Kind::NotEligible) {
        out.field = has(d, "side effect") ? "side_effect"
            : has(d, "mutated")           ? "mutation"
            : has(d, "output")            ? "output"
                                          : "kind";
        out.found = headline(d);
    } else if (!after(d, "expected:").empty()) {
        out.field = "guard";
        out.where = after(d, "guard source name:");
        out.expected = after(d, "expected:");
        out.found = after(d, "got:");
    } else if (has(d, "treespec mismatch")) {
        out.field = "tree";
    } else if (has(d, "input count mismatch")) {
        out.field = "count";
        out.where = "inputs";
        out.expected = after(d, "cached ", " vs");
        out.found = after(d, "current ");
    } else if (has(d, "tag mismatch")) {
        out.field = "kind";
        out.expected = plain_tag(quoted("cached "));
        out.found = plain_tag(quoted("current "));
    } else if (has(d, "symnode mismatch")) {
        out.field = "symbol";
        out.expected = quoted("cached ");
        out.found = quoted("current ");
    } else if (has(d, "constant")) {
        out.field = "constant";
        out.expected = after(d, "cached ", " vs");
        out.found = after(d, "current ");
    } else if (has(d, "mutated sources")) {
        out.field = "mutation";
        out.where = sources_of(d);
        out.found = out.where.empty() ? headline(d) : "written to";
    } else if (has(d, "cannot resolve source")) {
        out.field = "guard";
        out.where = after(d, "guard source name:");
        out.found = "cannot be resolved";
    }
    return out;
}

// Parts of "(torch.Size([16]), (1,), torch.float32, device(type='cpu'), True)".
std::vector<std::string_view> parts_of(std::string_view tuple) {
    std::vector<std::string_view> out;
    if (!tuple.starts_with('(') || !tuple.ends_with(')'))
        return out;
    tuple = tuple.substr(1, tuple.size() - 2);
    int depth = 0;
    size_t begin = 0;
    for (size_t i = 0; i <= tuple.size(); ++i) {
        const char c = i < tuple.size() ? tuple[i] : ',';
        depth += c == '(' || c == '[' ? 1 : c == ')' || c == ']' ? -1 : 0;
        if (c == ',' && depth == 0) {
            out.push_back(trimmed(tuple.substr(begin, i - begin)));
            begin = i + 1;
        }
    }
    return out;
}

// "torch.Size([16, 8])", "[16, 8]", "(16, 8)" → "(16, 8)"; one dimension is "(16,)".
std::string plain_sizes(std::string_view text) {
    const size_t open = text.find_first_of("[("), inner = text.rfind('[');
    const size_t begin = inner == std::string_view::npos ? open : inner;
    const size_t end = begin == std::string_view::npos ? begin : text.find_first_of("])", begin);
    if (end == std::string_view::npos)
        return std::string(text);
    std::string_view items = trimmed(text.substr(begin + 1, end - begin - 1));
    if (items.ends_with(','))
        items.remove_suffix(1);
    const bool one = !items.empty() && items.find(',') == std::string_view::npos;
    return '(' + std::string(items) + (one ? ",)" : ")");
}

// A guard on a tensor expects (shape, stride, dtype, device, requires_grad) of it (torch/_dynamo/guards.py,
// extract_tensor_metadata) and gets the tensor itself, printed: its record tells what it has of these.
// Empty where no record does.
std::vector<Mismatch> of_tensor(const Dump& dump, CompilationId compilation, const Mismatch& guard) {
    const std::vector<std::string_view> expected = parts_of(guard.expected);
    std::vector<Mismatch> out;
    const auto record =
        std::find_if(dump.inputs.begin(), dump.inputs.end(), [&](const DescribedInput& input) {
            return input.compilation == compilation && input.source == guard.where;
        });
    if (expected.size() != 5 || record == dump.inputs.end())
        return out;
    const auto note = [&](const char* field, std::string wanted, std::string found) {
        if (wanted != found && !found.empty())
            out.push_back({guard.against, user_name(guard.where), field, std::move(wanted), std::move(found),
                {Ground::TextLog, Ground::Artifact}});
    };
    std::string_view dtype = expected[2];
    if (dtype.starts_with("torch."))
        dtype.remove_prefix(6);
    note("shape", plain_sizes(expected[0]), plain_sizes(record->shape));
    note("stride", plain_sizes(expected[1]), plain_sizes(record->stride));
    note("dtype", std::string(dtype), record->dtype);
    note("device", match::plain_device(expected[3]), match::plain_device(record->device));
    note("requires_grad", std::string(expected[4]), record->requires_grad ? "True" : "False");
    return out;
}

// The source of a guard by the name that the user knows it by, and a tensor that it expects in words:
// "a tensor float32[8]".
Mismatch plain_guard(Mismatch m) {
    if (m.field != "guard")
        return m;
    m.where = user_name(m.where);
    if (const auto parts = parts_of(m.expected); parts.size() == 5) {
        std::string_view dtype = parts[2], sizes = parts[0];
        if (dtype.starts_with("torch."))
            dtype.remove_prefix(6);
        const size_t open = sizes.find('['), end = sizes.find(']');
        if (open != std::string_view::npos && end != std::string_view::npos && open < end)
            m.expected = "a tensor " + std::string(dtype) + std::string(sizes.substr(open, end - open + 1));
    }
    return m;
}

// Entries are tried in order: new ones stand at the end, one that was hit at the front (torch/_guards.py,
// InvokeSubgraphCache.find_reuse_entry). Their bodies when this call came; empty where a call before it is
// not told well enough to know.
std::vector<std::string> entries_before(const CompilationLedger& ledger, const Invocation& call) {
    using Kind = ReuseMessage::Kind;
    std::vector<std::string> entries;
    if (!call.region)
        return entries;
    const Region& mine = ledger.regions[call.region.index];
    const auto said = [](const Invocation& inv, Kind kind) {
        return std::any_of(
            inv.messages.begin(), inv.messages.end(), [&](const ReuseMessage& m) { return m.kind == kind; });
    };
    for (int i = 0; i < call.index; ++i) {
        const Invocation& before = ledger.invocations[static_cast<size_t>(i)];
        if (!before.region || !same_function(ledger.regions[before.region.index], mine))
            continue;
        const std::string& body = ledger.regions[before.region.index].identifier;
        if (before.decision == Decision::Reused) {
            const auto hit = std::find(entries.begin(), entries.end(), body);
            if (hit != entries.end())
                std::rotate(entries.begin(), hit, hit + 1);
        } else if (said(before, Kind::Guards)) {
            entries.push_back(body); // stored: its guards were counted
        } else if (!said(before, Kind::NotEligible)) {
            return {};
        }
    }
    return entries;
}

} // namespace

bool same_function(const Region& a, const Region& b) {
    if (a.code && b.code)
        return a.code == b.code;
    return a.function == b.function && a.source_file == b.source_file && a.source_line == b.source_line;
}

bool ReuseLog::says_metadata(const std::string& body) const {
    return std::any_of(metadata.begin(), metadata.end(),
        [&](const std::string& named) { return named.empty() || named == body; });
}

ReuseLog reuse_log(const Dump& dump, const CompilationLedger& ledger, const Invocation& call) {
    ReuseLog out;
    std::vector<const ReuseMessage*> failed, not_eligible;
    for (const ReuseMessage& m : call.messages) {
        if (m.kind == ReuseMessage::Kind::ReuseFailed)
            failed.push_back(&m);
        if (m.kind == ReuseMessage::Kind::NotEligible)
            not_eligible.push_back(&m);
    }
    // A message for each entry; some refusals are silent (a symbol, a constant), and then none is known.
    std::vector<std::string> entries = entries_before(ledger, call);
    if (entries.size() != failed.size()
        && !std::all_of(
            entries.begin(), entries.end(), [&](const std::string& e) { return e == entries[0]; }))
        entries.clear();
    if (!entries.empty())
        entries.resize(failed.size(), entries.front());
    else
        entries.resize(failed.size());
    const auto add = [&](Mismatch m) {
        const bool known = std::any_of(out.told.begin(), out.told.end(), [&](const Mismatch& o) {
            return o.against == m.against && o.field == m.field && o.where == m.where && o.found == m.found;
        });
        if (!m.field.empty() && !known)
            out.told.push_back(std::move(m));
    };
    for (size_t i = 0; i < failed.size(); ++i) {
        if (is_metadata(*failed[i])) {
            out.metadata.push_back(entries[i]);
            if (out.metadata_input.empty())
                out.metadata_input = input_of(failed[i]->detail);
            continue;
        }
        Mismatch m = from_message(*failed[i]);
        m.against = entries[i];
        std::vector<Mismatch> fields;
        if (m.field == "guard" && (has(m.found, "Parameter containing:") || m.found.starts_with("tensor(")))
            fields = of_tensor(dump, ledger.compilation, m);
        if (fields.empty())
            add(plain_guard(std::move(m)));
        for (Mismatch& f : fields)
            add(std::move(f));
    }
    for (const ReuseMessage* m : not_eligible)
        if (Mismatch told = from_message(*m);
            out.not_eligible.empty() || out.not_eligible.back().found != told.found)
            out.not_eligible.push_back(std::move(told));
    return out;
}

} // namespace hopscope::explain_parts
