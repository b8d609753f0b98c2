#include "core/read/unfold.h"

#include "core/base/text.h"
#include "core/read/decoder.h"

#include <algorithm>

namespace hopscope::read {

namespace {

constexpr uint64_t kAlwaysAllowed = uint64_t{64} << 20, kMostRatio = 200;

// All streams of a packed file, one behind the other.
class Unfolder {
public:
    Unfolder(const Packing& packing, std::string_view packed)
        : packing_(packing)
        , decoder_(packing.decoder())
        , packed_(packed) {
        open_ = decoder_->begin();
    }

    // Appends up to `most` bytes to `text`. False at the end of the data, or where it goes no further.
    bool append(std::string& text, size_t most) {
        const size_t before = text.size();
        text.resize(before + most);
        size_t made = 0;
        bool more = open_;
        while (more && made < most) {
            const Decoder::Step step =
                decoder_->step(packed_.substr(taken_), text.data() + before + made, most - made);
            taken_ += step.taken;
            made += step.made;
            more = goes_on(step.state);
        }
        text.resize(before + made);
        return more;
    }
    const std::string& damage() const { return damage_; } // "is damaged behind byte 12"
    size_t taken() const { return taken_; }

private:
    bool goes_on(Decoder::State state) {
        using State = Decoder::State;
        if (state == State::GoesOn)
            return true;
        if (state == State::Ended) {
            taken_ += decoder_->padding(packed_.substr(taken_));
            if (taken_ == packed_.size())
                return false;
            // A file may hold several streams one after the other; anything else behind one is not packed.
            if (packing_.begins(packed_.substr(taken_)) && decoder_->begin())
                return true;
            damage_ = "ends at byte " + std::to_string(taken_) + ", and the "
                + counted(packed_.size() - taken_, "byte") + " behind it are none of it";
            return false;
        }
        // Cut or damaged: what came out so far is worth reading.
        damage_ =
            std::string(state == State::Starved && taken_ == packed_.size() ? "ends early" : "is damaged")
            + " behind byte " + std::to_string(taken_);
        return false;
    }

    const Packing& packing_;
    std::unique_ptr<Decoder> decoder_;
    std::string_view packed_;
    size_t taken_ = 0; // bytes of `packed_`
    bool open_ = false;
    std::string damage_;
};

Result<FileBytes> unpack(const std::string& path, const Packing& packing, std::string_view packed,
    const UnfoldLimit& limit, const WantedHead& wanted) {
    Unfolder unfolder(packing, packed);
    const std::string name = packing.name;
    auto text = std::make_shared<std::string>();
    bool more = unfolder.append(*text, kHeadBytes);
    if (text->empty() && !unfolder.damage().empty()) {
        Error e = make_error(Error::Kind::CannotRead,
            (name == "xz" ? "is an " : "is a ") + name + " file of which nothing can be unpacked: its data "
                + unfolder.damage());
        e.file = path;
        e.offset = unfolder.taken();
        return e;
    }
    std::string damage;
    // Within another packed file stands what is asked about.
    const uint64_t asked = !wanted ? kWhole : is_layer(*text) ? kSearched : wanted(*text);
    const uint64_t most = limit.most ? limit.of(packed.size()) : std::min(limit.of(packed.size()), asked);
    if (asked > 0)
        while (more) {
            if (text->size() >= most) {
                damage = "the " + name + " data "
                    + (most == asked && !limit.most
                            ? "(" + format_bytes(packed.size()) + ") unfolds to more than "
                                + format_bytes(most) + ", and its beginning is nothing that is known"
                                + (limit.raise.empty() ? "" : "; " + limit.raise)
                            : limit.reached(packed.size()))
                    + "; read as far as that";
                break;
            }
            more = unfolder.append(
                *text, std::min<uint64_t>(most - text->size(), std::max<size_t>(text->size(), 1 << 20)));
        }
    if (damage.empty() && !unfolder.damage().empty())
        damage = "the " + name + " data " + unfolder.damage() + "; read as far as it goes";
    return unpacked(std::move(text), std::move(damage));
}

} // namespace

bool is_layer(std::string_view head) {
    return packing_of(head) != nullptr;
}

// A store of artifacts packs what was packed: layers are taken off until there is none, within reason.
Result<FileBytes> unfold(
    const std::string& path, FileBytes bytes, const UnfoldLimit& limit, const WantedHead& wanted) {
    constexpr int kLayers = 3;
    for (int i = 0; i < kLayers; ++i) {
        const Packing* packing = packing_of(bytes.bytes);
        if (!packing)
            break;
        auto inner = unpack(path, *packing, bytes.bytes, limit, wanted);
        if (!inner)
            return inner;
        if (!bytes.damage.empty())
            inner->damage = bytes.damage + (inner->damage.empty() ? "" : "; " + inner->damage);
        bytes = std::move(*inner);
    }
    return bytes;
}

uint64_t UnfoldLimit::of(uint64_t packed) const {
    const uint64_t own = most ? most : std::min(kMostUnfolded, std::max(kAlwaysAllowed, packed * kMostRatio));
    return left ? std::min(*left, own) : own;
}

std::string UnfoldLimit::reached(uint64_t packed) const {
    return "(" + format_bytes(packed) + ") unfolds to more than " + format_bytes(of(packed))
        + (of(packed) == left ? ", which is what the files before it left of its archive's limit"
                : most        ? ", the given limit"
                              : ", which no log does")
        + (most || raise.empty() ? "" : "; " + raise);
}

} // namespace hopscope::read
