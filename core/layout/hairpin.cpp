#include "core/layout/hairpin.h"

#include "core/layout/hairpin_rows.h"

#include <algorithm>
#include <numeric>
#include <string>

namespace hopscope::layout {

namespace {

using namespace detail;

constexpr int kFarRows = 10; // a link that spans more rows is far
constexpr size_t kFarLinks = 16; // where there are more far ones, those are cut: nobody follows so many
constexpr int kStub = 8; // from a box's border to where its link turns
constexpr int kTrackPitch = 8; // between two links that run down beside each other
constexpr int kChannel = 48; // between the two sides, at least

Error cancelled() {
    return make_error(Error::Kind::Cancelled, "layout cancelled");
}

Status validate_links(const HairpinInput& input) {
    for (size_t i = 0; i < input.links.size(); ++i) {
        const Link& link = input.links[i];
        if (link.left >= input.left.boxes.size() || link.right >= input.right.boxes.size())
            return make_error(Error::Kind::Usage,
                "link " + std::to_string(i) + " goes from box " + std::to_string(link.left) + " to "
                    + std::to_string(link.right) + ", expected some of "
                    + std::to_string(input.left.boxes.size()) + " and "
                    + std::to_string(input.right.boxes.size()) + " boxes");
    }
    return {};
}

Status check_side(const Input& input) {
    if (Status valid = validate(input); !valid)
        return valid;
    std::vector<uint32_t> isolated;
    return check_acyclic(split(input, isolated));
}

class Hairpin {
public:
    Hairpin(const HairpinInput& input, const Job& job)
        : input_(input)
        , job_(job)
        , left_(whole(input.left))
        , right_(whole(input.right)) {
        for (const Link& link : input.links)
            pairs_.push_back({link.left, link.right});
        std::sort(pairs_.begin(), pairs_.end());
        pairs_.erase(std::unique(pairs_.begin(), pairs_.end()), pairs_.end());
    }

    Result<HairpinOutput> run() {
        HairpinRows found = find_hairpin_rows(input_, left_, right_, pairs_, job_);
        if (job_.cancelled())
            return cancelled();
        left_rows_ = std::move(found.left);
        right_rows_ = std::move(found.right);
        rows_ = found.count;
        bands_ = std::move(found.bands);
        size_t far = 0;
        for (size_t i = 0; i < pairs_.size(); ++i)
            far += is_far(i);
        far_are_cut_ = far > kFarLinks;
        Side left(left_, left_rows_), right(right_, flipped(right_rows_));
        for (Side* side : {&left, &right}) {
            side->cut = cut_long_spans(side->graph, side->rows);
            side->layers = best_order(side->graph, side->rows, job_);
            if (job_.cancelled())
                return cancelled();
            side->x = place_elements(side->graph, side->layers, job_);
        }
        if (job_.cancelled())
            return cancelled();
        plan_links(left, right);
        share_rows(left, right);
        HairpinOutput out;
        out.rows = rows_;
        out.height = height_;
        draw(left, right, out);
        return out;
    }

private:
    struct Side {
        Side(Graph& g, std::vector<int> r)
            : graph(g)
            , rows(std::move(r)) { }
        Graph& graph;
        std::vector<int> rows; // downwards, whichever side it is
        int cut = 0;
        Layers layers;
        std::vector<int> x;
        PartPicture picture;
    };

    // The lines of the links between one box and the channel between the sides.
    struct Stub {
        uint32_t box = 0;
        int row = 0;
        int x = 0; // border that faces the channel
        int lane = 0; // under its row, from 1; 0 = nothing is in the way
        int y = 0; // at which it runs to the channel
    };

    std::vector<int> flipped(std::vector<int> rows) const {
        for (int& row : rows)
            row = rows_ - 1 - row;
        return rows;
    }

    bool is_cut(size_t pair) const { return far_are_cut_ && is_far(pair); }

    bool is_far(size_t pair) const {
        const int l = left_rows_[pairs_[pair].first], r = right_rows_[pairs_[pair].second];
        return std::abs(r - l) > kFarRows;
    }

    // Whether a box lies between this one and the channel.
    static bool is_blocked(const Layers& layers, uint32_t box, bool to_the_right) {
        const auto row = layers.in_row(static_cast<size_t>(layers.row[box]));
        const uint32_t at = layers.position[box];
        const auto is_box = [&](uint32_t e) { return layers.is_box(e); };
        return to_the_right ? std::any_of(row.begin() + at + 1, row.end(), is_box)
                            : std::any_of(row.begin(), row.begin() + at, is_box);
    }

    void plan_links(const Side& left, const Side& right) {
        stub_of_left_.assign(left_.boxes.size(), kNone);
        stub_of_right_.assign(right_.boxes.size(), kNone);
        for (size_t i = 0; i < pairs_.size(); ++i) {
            if (is_cut(i))
                continue;
            add_stub(left, pairs_[i].first, left_rows_[pairs_[i].first], true, stub_of_left_, left_stubs_);
            add_stub(
                right, pairs_[i].second, right_rows_[pairs_[i].second], false, stub_of_right_, right_stubs_);
        }
        lanes_.assign(static_cast<size_t>(rows_), 0);
        give_lanes(left_stubs_, true);
        give_lanes(right_stubs_, false);
    }

    static void add_stub(const Side& side, uint32_t box, int row, bool is_left,
        std::vector<uint32_t>& stub_of, std::vector<Stub>& stubs) {
        if (stub_of[box] != kNone)
            return;
        stub_of[box] = static_cast<uint32_t>(stubs.size());
        const int half = half_width(side.graph, side.layers, box);
        stubs.push_back({.box = box,
            .row = row,
            .x = is_left ? side.x[box] + half : side.x[box] - half,
            .lane = is_blocked(side.layers, box, is_left) ? 1 : 0,
            .y = 0});
    }

    // The nearer to the channel, the higher the lane, so that no stub cuts the lanes of those further out.
    void give_lanes(std::vector<Stub>& stubs, bool is_left) {
        std::vector<uint32_t> order(stubs.size());
        std::iota(order.begin(), order.end(), 0u);
        std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
            const Stub &s = stubs[a], &t = stubs[b];
            return s.row != t.row ? s.row < t.row : (is_left ? s.x > t.x : s.x < t.x);
        });
        int row = -1, lane = 0;
        for (const uint32_t i : order) {
            Stub& stub = stubs[i];
            if (stub.lane == 0)
                continue;
            lane = stub.row == row ? lane + 1 : 1;
            row = stub.row;
            stub.lane = lane;
            int& most = lanes_[static_cast<size_t>(row)];
            most = std::max(most, lane);
        }
    }

    int lanes_below(int row) const {
        const int lanes = lanes_[static_cast<size_t>(row)];
        return lanes == 0 ? 0 : kLanePitch * lanes + 4;
    }

    // Heights that serve both sides, with room for the links at the top of each gap.
    void share_rows(Side& left, Side& right) {
        const size_t rows = static_cast<size_t>(rows_);
        const RowSizes own = row_sizes(left.graph, left.layers, left.x);
        const RowSizes other = row_sizes(right.graph, right.layers, right.x);
        RowSizes shared;
        for (std::vector<int>* sizes : {&shared.height, &shared.gap, &shared.above, &shared.below})
            sizes->assign(rows, 0);
        BandEnds bands{std::vector<bool>(rows, false), std::vector<bool>(rows, false)};
        for (const BandedSide& side : bands_)
            mark_band_ends(side, side.upwards ? right_rows_ : left_rows_, bands);
        for (size_t r = 0; r < rows; ++r) {
            const size_t f = rows - 1 - r; // the same row as the right side counts
            const auto of = [](const std::vector<int>& v, size_t i) { return i < v.size() ? v[i] : 0; };
            shared.height[r] = std::max(of(own.height, r), of(other.height, f));
            shared.above[r] = lanes_below(static_cast<int>(r)) + (bands.ends[r] ? kBandFoot : 0);
            shared.below[r] = bands.begins_below[r] ? kBandHead : 0;
            shared.gap[r] = shared.above[r] + shared.below[r];
            if (r + 1 < rows)
                shared.gap[r] += std::max({kRowGap, of(own.gap, r), of(other.gap, f - 1)});
        }
        height_ = std::accumulate(shared.height.begin(), shared.height.end(), 0)
            + std::accumulate(shared.gap.begin(), shared.gap.end(), 0);
        RowSizes turned = shared;
        turned.first = shared.gap.empty() ? 0 : shared.gap.back();
        for (size_t f = 0; f < rows; ++f) {
            const size_t r = rows - 1 - f;
            turned.height[f] = shared.height[r];
            turned.gap[f] = r > 0 ? shared.gap[r - 1] : 0;
            turned.above[f] = r > 0 ? shared.below[r - 1] : 0;
            turned.below[f] = r > 0 ? shared.above[r - 1] : 0;
        }
        left.picture = route(left.graph, left.layers, left.x, shared);
        right.picture = route(right.graph, right.layers, right.x, turned);
        turn(right);
        int y = 0;
        for (size_t r = 0; r < rows; ++r) {
            row_bottom_.push_back(y += shared.height[r]);
            y += shared.gap[r];
        }
    }

    void turn(Side& side) const {
        for (uint32_t box = 0; box < side.graph.boxes.size(); ++box) {
            Point& p = side.picture.places[box];
            p.y = height_ - p.y - side.graph.boxes[box].height;
            side.picture.rows[box] = rows_ - 1 - side.picture.rows[box];
        }
        for (Edge& edge : side.picture.edges)
            for (Point& p : edge.points)
                p.y = height_ - p.y;
    }

    void draw(Side& left, Side& right, HairpinOutput& out) {
        for (Stub& stub : left_stubs_)
            stub.y = way_out(left, stub);
        for (Stub& stub : right_stubs_)
            stub.y = way_out(right, stub);
        const int tracks = give_tracks();
        out.right_start =
            left.picture.width + std::max(kChannel, 2 * kStub + 16 + kTrackPitch * (tracks + 1));
        first_track_ =
            left.picture.width + (out.right_start - left.picture.width - kTrackPitch * (tracks - 1)) / 2;
        out.width = out.right_start + right.picture.width;
        draw_links(left, right, out);
        fill(input_.left, left, 0, out.left);
        fill(input_.right, right, out.right_start, out.right);
        out.left.width = left.picture.width;
        out.right.width = out.width;
        out.left.height = out.right.height = height_;
    }

    static void fill(const Input& input, Side& side, int dx, Output& out) {
        out = empty_output(input, "layered");
        out.places = std::move(side.picture.places);
        out.rows = std::move(side.picture.rows);
        out.cut_links = side.cut;
        for (Point& p : out.places)
            p.x += dx;
        for (uint32_t u = 0; u < side.graph.uses.size(); ++u) {
            Edge& edge = out.edges[side.graph.uses[u].edge];
            edge.cut = side.picture.edges[u].cut;
            edge.points = std::move(side.picture.edges[u].points);
            for (Point& p : edge.points)
                p.x += dx;
        }
    }

    static int middle_of(const Side& side, uint32_t box) {
        return side.picture.places[box].y + side.graph.boxes[box].height / 2;
    }

    int way_out(const Side& side, const Stub& stub) const {
        return stub.lane == 0 ? middle_of(side, stub.box)
                              : row_bottom_[static_cast<size_t>(stub.row)] + kLanePitch * stub.lane;
    }

    // The links of one box on the left run together until they branch off to the right. Which track each
    // takes: the first in which nothing overlaps it.
    int give_tracks() {
        struct Run {
            int low = 0, high = 0;
            uint32_t stub = 0;
        };
        std::vector<Run> runs;
        for (uint32_t s = 0; s < left_stubs_.size(); ++s)
            runs.push_back({left_stubs_[s].y, left_stubs_[s].y, s});
        for (size_t i = 0; i < pairs_.size(); ++i) {
            if (is_cut(i))
                continue;
            Run& run = runs[stub_of_left_[pairs_[i].first]];
            const int y = right_stubs_[stub_of_right_[pairs_[i].second]].y;
            run.low = std::min(run.low, y);
            run.high = std::max(run.high, y);
        }
        std::stable_sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.low < b.low; });
        track_.assign(left_stubs_.size(), 0);
        std::vector<int> until; // by track: where its last run ends
        for (const Run& run : runs) {
            if (run.low == run.high)
                continue;
            size_t t = 0;
            while (t < until.size() && until[t] + kTrackPitch > run.low)
                ++t;
            if (t == until.size())
                until.push_back(0);
            until[t] = run.high;
            track_[run.stub] = static_cast<int>(t);
        }
        return static_cast<int>(until.size());
    }

    void draw_links(const Side& left, const Side& right, HairpinOutput& out) {
        out.links.resize(input_.links.size());
        for (size_t i = 0; i < input_.links.size(); ++i) {
            const LinkedPair pair{input_.links[i].left, input_.links[i].right};
            LinkLine& line = out.links[i];
            line.cut = is_cut(
                static_cast<size_t>(std::lower_bound(pairs_.begin(), pairs_.end(), pair) - pairs_.begin()));
            if (line.cut) {
                ++out.cut_links;
                continue;
            }
            const uint32_t from = stub_of_left_[pair.first];
            const Stub &a = left_stubs_[from], &b = right_stubs_[stub_of_right_[pair.second]];
            const int track = first_track_ + kTrackPitch * track_[from];
            const int start = a.x + kStub, end = out.right_start + b.x - kStub;
            add(line.points, {start, middle_of(left, a.box)});
            add(line.points, {start, a.y});
            if (a.y != b.y) {
                add(line.points, {track, a.y});
                add(line.points, {track, b.y});
            }
            add(line.points, {end, b.y});
            add(line.points, {end, middle_of(right, b.box)});
        }
    }

    static void add(std::vector<Point>& points, Point p) {
        if (points.empty() || points.back() != p)
            points.push_back(p);
    }

    const HairpinInput& input_;
    const Job& job_;
    Graph left_, right_;
    std::vector<LinkedPair> pairs_; // distinct links, sorted
    bool far_are_cut_ = false;
    std::vector<BandedSide> bands_; // left and right; empty: none can be held
    std::vector<int> left_rows_, right_rows_; // from the top, both
    int rows_ = 0, height_ = 0;
    std::vector<uint32_t> stub_of_left_, stub_of_right_; // by box
    std::vector<Stub> left_stubs_, right_stubs_;
    std::vector<int> lanes_; // of links, under each row
    std::vector<int> row_bottom_; // y
    std::vector<int> track_; // by left stub
    int first_track_ = 0; // x
};

} // namespace

Result<HairpinOutput> run_hairpin(const HairpinInput& input, const Job& job) {
    for (const Input* side : {&input.left, &input.right})
        if (Status valid = check_side(*side); !valid)
            return valid.error();
    if (Status valid = validate_links(input); !valid)
        return valid.error();
    if (input.left.boxes.empty() && input.right.boxes.empty())
        return HairpinOutput{.left = empty_output(input.left, "layered"),
            .right = empty_output(input.right, "layered"),
            .right_start = 0,
            .links = {},
            .width = 0,
            .height = 0,
            .rows = 0,
            .cut_links = 0};
    return Hairpin(input, job).run();
}

} // namespace hopscope::layout
