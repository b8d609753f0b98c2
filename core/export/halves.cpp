// Pictures of a forward body and its backward: both in one, or one of them on the rows that it shares with
// the other.
#include "core/draw/hairpin.h"
#include "core/export/drawn.h"
#include "core/regions/roles.h"

namespace hopscope {

namespace {

struct Halves {
    Place forward, backward;
    Drawn left, right;
    std::vector<draw::SavedLink> saved; // between the nodes that are drawn
};

draw::HalfBody half_body(Drawn& drawn) {
    return {drawn.module, drawn.body, std::move(drawn.options)};
}

Result<Halves> drawn_halves(const Dump& dump, const Ledger* ledger, const Place& forward,
    const Place& backward, bool fold, const PictureChoice& left, const PictureChoice& right) {
    const auto draw = [&](const Place& place, const PictureChoice& choice) {
        draw::Options own = picture_options(dump, ledger, place);
        own.fold = fold;
        return drawn_body(dump, place, std::move(own), choice);
    };
    auto one = draw(forward, left), other = draw(backward, right);
    if (!one)
        return one.error();
    if (!other)
        return other.error();
    Halves halves{forward, backward, std::move(*one), std::move(*other), {}};
    for (const SavedValue& value : saved_values(dump, forward, backward))
        if (const NodeId from = halves.left.here(value.node), to = halves.right.here(value.placeholder);
            from && to)
            halves.saved.push_back({from, to});
    return halves;
}

Status check_choice(const PictureChoice& choice) {
    if (choice.columns > 1 || choice.fold_repeats || choice.sideways)
        return make_error(Error::Kind::Usage,
            "halves on the same rows can be neither folded, wrapped into columns nor turned sideways");
    return {};
}

} // namespace

Result<Picture> make_hairpin_picture(const Dump& dump, const Ledger* ledger, const Place& place,
    const draw::Options& options, const PictureChoice& choice, const Job& job) {
    const std::string address = address_of(dump, place.graph, place.body);
    const std::optional<Half> half = half_of(dump, place.graph, place.body);
    const Place other = half ? other_half(dump, place.graph, place.body) : Place{};
    if (!half)
        return make_error(Error::Kind::Usage,
            address + " is neither a forward nor a backward body, expected one of a pair");
    if (!other.graph)
        return make_error(Error::Kind::NotFound,
            "found no " + std::string(*half == Half::Forward ? "backward" : "forward") + " body for "
                + address);
    const Place own{place.graph, place.body, {}};
    auto halves = drawn_halves(dump, ledger, *half == Half::Forward ? own : other,
        *half == Half::Forward ? other : own, options.fold, choice, choice);
    if (!halves)
        return halves.error();
    auto scene = draw::make_hairpin(half_body(halves->left), half_body(halves->right), halves->saved, job);
    if (!scene)
        return scene.error();
    Picture picture;
    picture.place = halves->forward;
    picture.right = halves->backward;
    picture.scene = std::move(*scene);
    picture.scene.title = dump.name + " · " + address_of(dump, picture.place.graph, picture.place.body)
        + " | " + address_of(dump, picture.right.graph, picture.right.body);
    picture.expanded = halves->left.expanded;
    picture.right_expanded = halves->right.expanded;
    picture.expanded_body = halves->left.body;
    picture.right_expanded_body = halves->right.body;
    picture.origins = std::move(halves->left.origins);
    picture.right_origins = std::move(halves->right.origins);
    picture.moved = std::move(halves->left.moved);
    picture.right_moved = std::move(halves->right.moved);
    for (const Drawn* drawn : {&halves->left, &halves->right}) {
        picture.calls.insert(picture.calls.end(), drawn->calls.begin(), drawn->calls.end());
        add_note(picture.scene, drawn->note);
    }
    if (const Status dressed = dress_picture(dump, choice, picture); !dressed)
        return dressed.error();
    return picture;
}

bool can_share_rows(const Dump& dump, const Place& forward, const Place& backward) {
    if (!forward.graph || !backward.graph
        || half_of(dump, forward.graph, forward.body) != std::optional(Half::Forward)
        || half_of(dump, backward.graph, backward.body) != std::optional(Half::Backward))
        return false;
    const Place other = other_half(dump, backward.graph, backward.body);
    return other.graph == forward.graph && other.body == forward.body;
}

Result<HalfPictures> make_half_pictures(const Dump& dump, const Ledger* ledger, const HalfRequest& request,
    const draw::Options& options, const Job& job) {
    for (const PictureChoice* choice : {&request.forward_choice, &request.backward_choice})
        if (const Status valid = check_choice(*choice); !valid)
            return valid.error();
    auto halves = drawn_halves(dump, ledger, request.forward, request.backward, options.fold,
        request.forward_choice, request.backward_choice);
    if (!halves)
        return halves.error();
    const std::string titles[] = {halves->left.options.title, halves->right.options.title};
    auto scenes = draw::make_halves(half_body(halves->left), half_body(halves->right), halves->saved, job);
    if (!scenes)
        return scenes.error();
    HalfPictures pictures;
    pictures.forward.scene = std::move(scenes->left);
    pictures.backward.scene = std::move(scenes->right);
    pictures.forward.scene.title = titles[0];
    pictures.backward.scene.title = titles[1];
    pictures.forward.place = request.forward;
    pictures.backward.place = request.backward;
    take_drawn(std::move(halves->left), pictures.forward);
    take_drawn(std::move(halves->right), pictures.backward);
    pictures.forward.legend = request.forward_choice.legend;
    pictures.backward.legend = request.backward_choice.legend;
    return pictures;
}

} // namespace hopscope
