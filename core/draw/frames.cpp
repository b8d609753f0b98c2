// Frames around boxes that belong together: the nodes of a region that stand in a call's place, a block drawn
// once for several.
#include "core/draw/metrics.h"
#include "core/draw/parts.h"

#include <algorithm>
#include <climits>

namespace hopscope::draw {

namespace {

constexpr int kFrameRoom = 10; // between a frame and its boxes
constexpr int kFrameHead = 20; // above them, for its label

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
        } else { // its label stands above the box where the block begins
            frame.x = first.left - kFrameLabel;
            frame.w = frame.h = 0;
        }
        scene_.frames.push_back(std::move(frame));
    }

private:
    Scene& scene_;
    std::vector<Extent> reach_;
    std::vector<uint32_t> member_; // by box: number of the last frame that it belongs to
    uint32_t number_ = 0;
};

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

void add_frames(const Options& options, const Options* right_options, Scene& scene) {
    Framer framer(scene);
    add_frames_of(options, scene.box_of_node, framer, scene);
    if (right_options)
        add_frames_of(*right_options, scene.right_box_of_node, framer, scene);
    if (scene.frames.empty())
        return;
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
