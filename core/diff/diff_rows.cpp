#include "core/diff/diff_rows.h"

#include <algorithm>

namespace hopscope {

namespace {

// A row with where it stands in terms of a; rows of a group stand together.
struct Placed {
    uint64_t place;
    DiffRow row;
};

uint64_t behind(NodeId a) {
    return 2 * (static_cast<uint64_t>(a.index) + 1);
}

void add_group(const NodeGroup& group, std::vector<Placed>& out) {
    const uint64_t place = group.a.empty() ? 1 : behind(group.a.front());
    for (size_t i = 0; i < std::max(group.a.size(), group.b.size()); ++i) {
        DiffRow row;
        row.kind = DiffRow::Kind::Group;
        row.a = i < group.a.size() ? group.a[i] : NodeId();
        row.b = i < group.b.size() ? group.b[i] : NodeId();
        row.difference = i; // for now: 0 begins one
        out.push_back({place, row});
    }
}

// For each node of b, where it stands in terms of a: behind the last pair before it.
std::vector<uint64_t> places_of_b(size_t count, const BodyDiff& diff) {
    std::vector<uint64_t> places(count, 0);
    for (const PairedNodes& p : diff.pairs)
        places[p.b.index] = behind(p.a);
    uint64_t last = 0;
    for (uint64_t& place : places) {
        last = place ? place : last;
        place = last;
    }
    return places;
}

} // namespace

DiffRows diff_rows(const GraphModule& a, const GraphModule& b, const BodyDiff& diff) {
    std::vector<Placed> placed;
    for (size_t i = 0; i < diff.pairs.size(); ++i) {
        const PairedNodes& p = diff.pairs[i];
        const bool changed = !p.fields.empty();
        placed.push_back({behind(p.a),
            {changed ? DiffRow::Kind::Changed : DiffRow::Kind::Same, p.a, p.b,
                changed ? std::optional<size_t>(0) : std::nullopt,
                changed ? std::optional<size_t>(i) : std::nullopt}});
    }
    for (const NodeGroup& group : diff.groups)
        add_group(group, placed);
    for (const NodeId n : diff.only_a)
        placed.push_back({behind(n), {DiffRow::Kind::OnlyA, n, {}, 0, {}}});
    const std::vector<uint64_t> places = places_of_b(b.body(diff.body_b).nodes.size(), diff);
    for (const NodeId n : diff.only_b)
        placed.push_back({places[n.index] + 1, {DiffRow::Kind::OnlyB, {}, n, 0, {}}});
    std::stable_sort(
        placed.begin(), placed.end(), [](const Placed& p, const Placed& q) { return p.place < q.place; });

    DiffRows out;
    out.row_of_a.resize(a.body(diff.body_a).nodes.size());
    out.row_of_b.resize(b.body(diff.body_b).nodes.size());
    for (const Placed& p : placed) {
        const size_t at = out.rows.size();
        DiffRow row = p.row;
        if (row.difference) {
            if (*row.difference == 0)
                out.first_row.push_back(at);
            row.difference = out.first_row.size() - 1;
        }
        if (row.a)
            out.row_of_a[row.a.index] = at;
        if (row.b)
            out.row_of_b[row.b.index] = at;
        out.rows.push_back(row);
    }
    return out;
}

std::optional<size_t> next_difference(const DiffRows& rows, std::optional<size_t> from, int direction) {
    const std::vector<size_t>& first = rows.first_row;
    if (first.empty())
        return {};
    if (!from)
        return direction > 0 ? first.front() : first.back();
    // Of the difference that one stands in, the rows are passed over.
    const std::optional<size_t> here = rows.rows[*from].difference;
    const size_t seen = here ? first[*here] : *from;
    if (direction > 0) {
        const auto next = std::upper_bound(first.begin(), first.end(), seen);
        return next == first.end() ? std::nullopt : std::optional(*next);
    }
    const auto next = std::lower_bound(first.begin(), first.end(), seen);
    return next == first.begin() ? std::nullopt : std::optional(*(next - 1));
}

std::vector<DiffPart> diff_parts(const DiffRows& all, size_t around) {
    const size_t n = all.rows.size();
    std::vector<char> shown(n, 0);
    for (size_t i = 0; i < n; ++i)
        if (all.rows[i].difference)
            std::fill(shown.begin() + static_cast<ptrdiff_t>(i - std::min(i, around)),
                shown.begin() + static_cast<ptrdiff_t>(std::min(n, i + around + 1)), 1);
    constexpr size_t kLeast = 4; // rows that are worth a line of their own
    std::vector<DiffPart> out;
    for (size_t i = 0; i < n;) {
        size_t end = i;
        while (end < n && shown[end] == shown[i])
            ++end;
        const bool folded = !shown[i] && end - i >= kLeast;
        if (!folded && !out.empty() && !out.back().folded)
            out.back().count += end - i;
        else
            out.push_back({i, end - i, folded});
        i = end;
    }
    return out;
}

} // namespace hopscope
