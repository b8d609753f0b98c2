// Lanes of one gap. Measured: the order in which lanes are given decides two thirds of the crossings that are
// drawn. In a bundle that shifts right the rightmost line must turn first (highest), or it cuts all the
// others.
#include "core/layout/layered.h"

#include <algorithm>

namespace hopscope::layout::detail {

namespace {

// The highest lane number taken over a range of places; both operations in O(log n).
class LaneTree {
public:
    explicit LaneTree(size_t places) {
        while (size_ < places)
            size_ *= 2;
        within_.assign(2 * size_, 0);
        whole_.assign(2 * size_, 0);
    }
    // The highest lane in [low, high].
    int highest(size_t low, size_t high) const {
        int found = 0;
        size_t left = low + size_, right = high + size_ + 1;
        for (size_t a = left, b = right; a < b; a /= 2, b /= 2) {
            if (a & 1)
                found = std::max(found, within_[a++]);
            if (b & 1)
                found = std::max(found, within_[--b]);
        }
        for (size_t i = left / 2; i > 0; i /= 2)
            found = std::max(found, whole_[i]);
        for (size_t i = (right - 1) / 2; i > 0; i /= 2)
            found = std::max(found, whole_[i]);
        return found;
    }
    // Lanes only ever rise in the range that is taken.
    void take(size_t low, size_t high, int lane) {
        for (size_t a = low + size_, b = high + size_ + 1; a < b; a /= 2, b /= 2) {
            if (a & 1)
                cover(a++, lane);
            if (b & 1)
                cover(--b, lane);
        }
    }

private:
    void cover(size_t node, int lane) {
        whole_[node] = std::max(whole_[node], lane);
        for (size_t i = node; i > 0 && within_[i] < lane; i /= 2)
            within_[i] = lane;
    }
    size_t size_ = 1;
    std::vector<int> within_; // the highest lane anywhere below a node
    std::vector<int> whole_; // the highest lane that covers all of it
};

} // namespace

int assign_lanes(std::span<Net> nets) {
    std::vector<uint32_t> left, right;
    std::vector<int> places;
    for (uint32_t i = 0; i < nets.size(); ++i) {
        Net& net = nets[i];
        net.lane = 0;
        if (net.least == net.most)
            continue;
        places.push_back(net.least);
        places.push_back(net.most);
        (net.sum < static_cast<int64_t>(net.from) * net.ends ? left : right).push_back(i);
    }
    if (places.empty())
        return 0;
    std::stable_sort(
        left.begin(), left.end(), [&](uint32_t a, uint32_t b) { return nets[a].from < nets[b].from; });
    std::stable_sort(
        right.begin(), right.end(), [&](uint32_t a, uint32_t b) { return nets[a].from > nets[b].from; });
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    LaneTree tree(places.size());
    int lanes = 0;
    for (const auto* side : {&left, &right})
        for (uint32_t i : *side) {
            const auto place = [&](int x) {
                return static_cast<size_t>(
                    std::lower_bound(places.begin(), places.end(), x) - places.begin());
            };
            const size_t low = place(nets[i].least), high = place(nets[i].most);
            nets[i].lane = tree.highest(low, high) + 1;
            tree.take(low, high, nets[i].lane);
            lanes = std::max(lanes, nets[i].lane);
        }
    return lanes;
}

} // namespace hopscope::layout::detail
