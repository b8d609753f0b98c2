// Frames around boxes that belong together: the nodes of a region that stand in a call's place, a block drawn
// once for several.
#include "core/draw/metrics.h"
#include "core/draw/parts.h"

#include <algorithm>
#include <climits>

namespace hopscope::draw {

namespace {

constexpr int kFrameRoom = 10; // between a frame and its boxes
constexpr int kLabelHeight = 17; // of a label alone
constexpr int kLabelGap = 2; // between it and its box

struct Extent {
    int left = INT_MAX, top = INT_MAX, right = INT_MIN, bottom = INT_MIN;

    void take(const Extent& other) {
        left = std::min(left, other.left);
        top = std::min(top, other.top);
        right = std::max(right, other.right);
        bottom = std::max(bottom, other.bottom);
    }
    bool meets(const Frame& frame) const {
        return left < frame.x + frame.w && right > frame.x && top < frame.y + frame.h && bottom > frame.y;
    }
};

// Draws frames from the inside out: `reach` has each box with the frames that are around it already.
class Framer {
public:
    explicit Framer(Scene& scene)
        : scene_(scene)
        , member_(scene.boxes.size(), 0) {
        for (const Box& box : scene.boxes)
            reach_.push_back({box.x, box.y, box.x + box.w, box.y + box.h});
    }

    void add(const std::vector<uint32_t>& box_of_node, const std::vector<NodeId>& nodes,
        const std::string& label) {
        ++number_;
        Extent inside;
        Extent first; // the uppermost box
        for (const NodeId node : nodes) {
            const uint32_t b = box_of_node[node.index];
            member_[b] = number_;
            inside.take(reach_[b]);
            if (reach_[b].top < first.top || (reach_[b].top == first.top && reach_[b].left < first.left))
                first = reach_[b];
        }
        if (inside.left > inside.right)
            return;
        Frame frame{inside.left - kFrameRoom, inside.top - kFrameHead,
            inside.right - inside.left + 2 * kFrameRoom, inside.bottom - inside.top + kFrameHead + kFrameRoom,
            label, true};
        for (uint32_t b = 0; b < reach_.size(); ++b)
            frame.closed &= member_[b] == number_ || !reach_[b].meets(frame);
        if (frame.closed) {
            for (const NodeId node : nodes)
                reach_[box_of_node[node.index]].take(
                    {frame.x, frame.y, frame.x + frame.w, frame.y + frame.h});
        } else {
            place_label(box_of_node, nodes, first, frame);
        }
        scene_.frames.push_back(std::move(frame));
    }

private:
    // Above the box where the block begins, or the next one below it over which there is room; where there is
    // none, to the left of the whole picture.
    void place_label(const std::vector<uint32_t>& box_of_node, const std::vector<NodeId>& nodes,
        const Extent& first, Frame& frame) const {
        const int width = kFrameLabel + text_width(frame.label, kSmallFontSize) + kFrameLabel;
        const auto stand = [&](int x, int y) {
            frame.x = x;
            frame.y = y;
            frame.w = width;
            frame.h = kLabelHeight;
        };
        std::vector<uint32_t> boxes;
        boxes.reserve(nodes.size());
        for (const NodeId node : nodes)
            boxes.push_back(box_of_node[node.index]);
        std::sort(boxes.begin(), boxes.end(), [&](uint32_t a, uint32_t b) {
            const Box &x = scene_.boxes[a], &y = scene_.boxes[b];
            return x.y != y.y ? x.y < y.y : x.x != y.x ? x.x < y.x : a < b;
        });
        boxes.erase(std::unique(boxes.begin(), boxes.end()), boxes.end());
        constexpr size_t kTried = 24;
        bool free = false;
        for (size_t i = 0; i < std::min(boxes.size(), kTried) && !free; ++i) {
            const Box& box = scene_.boxes[boxes[i]];
            stand(box.x - kFrameLabel, box.y - kLabelHeight - kLabelGap);
            free = is_free(frame);
        }
        if (!free)
            for (stand(-width, first.top); !is_free(frame);)
                frame.y += kLabelHeight;
        frame.w = frame.h = 0;
    }

    bool is_free(const Frame& label) const {
        for (const Box& box : scene_.boxes)
            if (Extent{box.x, box.y, box.x + box.w, box.y + box.h}.meets(label))
                return false;
        for (const Frame& other : scene_.frames) {
            const int width = kFrameLabel + text_width(other.label, kSmallFontSize) + kFrameLabel;
            if (Extent{other.x, other.y, other.x + width, other.y + kLabelHeight}.meets(label))
                return false;
        }
        return true;
    }

    Scene& scene_;
    std::vector<Extent> reach_;
    std::vector<uint32_t> member_; // by box: number of the last frame that it belongs to
    uint32_t number_ = 0;
};

// Where lines meet the strip that holds a frame's title.
struct Crossed {
    int left = 0, right = 0;
};

std::vector<Crossed> crossed_by_lines(const Scene& scene, const Frame& frame) {
    std::vector<Crossed> found;
    const int top = frame.y, bottom = frame.y + kLabelHeight;
    for (const Edge& edge : scene.edges)
        for (size_t i = 1; i < edge.points.size(); ++i) {
            const layout::Point a = edge.points[i - 1], b = edge.points[i];
            if (std::max(a.y, b.y) > top && std::min(a.y, b.y) < bottom && std::max(a.x, b.x) >= frame.x
                && std::min(a.x, b.x) <= frame.x + frame.w)
                found.push_back({std::min(a.x, b.x), std::max(a.x, b.x)});
        }
    std::sort(found.begin(), found.end(), [](const Crossed& a, const Crossed& b) {
        return a.left != b.left ? a.left < b.left : a.right < b.right;
    });
    return found;
}

// The title stands in the first place from the left that no line crosses.
void place_title(const Scene& scene, Frame& frame) {
    constexpr int kClear = 4;
    const int width = text_width(frame.label, kSmallFontSize);
    frame.w = std::max(frame.w, width + 2 * kFrameLabel);
    int at = frame.x + kFrameLabel;
    for (const Crossed& line : crossed_by_lines(scene, frame))
        if (line.left - kClear < at + width && line.right + kClear > at)
            at = line.right + kClear;
    if (at + width <= frame.x + frame.w - kFrameLabel)
        frame.label_at = at - frame.x;
}

void add_frames_of(
    const Options& options, const std::vector<uint32_t>& box_of_node, Framer& framer, Scene& scene) {
    for (const Repeat& repeat : options.repeats) {
        for (const NodeId node : repeat.shown)
            scene.boxes[box_of_node[node.index]].times = 1 + static_cast<int>(repeat.alike.size());
        framer.add(box_of_node, repeat.shown, repeat.label);
    }
    for (auto group = options.groups.rbegin(); group != options.groups.rend(); ++group)
        framer.add(box_of_node, group->nodes, group->label);
}

} // namespace

size_t open_frames(const Scene& scene) {
    return static_cast<size_t>(std::count_if(
        scene.frames.begin(), scene.frames.end(), [](const Frame& frame) { return !frame.closed; }));
}

void add_frames(const Options& options, const Options* right_options, Scene& scene) {
    Framer framer(scene);
    add_frames_of(options, scene.box_of_node, framer, scene);
    if (right_options)
        add_frames_of(*right_options, scene.right_box_of_node, framer, scene);
    if (scene.frames.empty())
        return;
    for (Frame& frame : scene.frames)
        if (frame.closed)
            place_title(scene, frame);
    // Room for what reaches over the picture's borders.
    int dx = 0, top = 0, right = 0, bottom = 0;
    for (const Frame& frame : scene.frames) {
        dx = std::max(dx, -frame.x + 1);
        top = std::max(top, -frame.y);
        right = std::max(right,
            std::max(frame.x + frame.w, frame.x + kFrameLabel + text_width(frame.label, kSmallFontSize)) + 1);
        bottom = std::max(bottom, frame.y + frame.h + 1);
    }
    scene.width = std::max(scene.width, right);
    scene.height = std::max(scene.height, bottom);
    move_scene(scene, dx, top + 1);
}

} // namespace hopscope::draw
