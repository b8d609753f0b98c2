#include "core/tensors/view.h"

#include "core/graph/types.h"

#include <algorithm>

namespace hopscope::tensors {

namespace {

constexpr int64_t kMostBytes = int64_t{16} << 30;

Error damaged(std::string what) {
    return make_error(Error::Kind::Damaged, std::move(what));
}

} // namespace

Result<int64_t> checked_elements(const Value& view, int64_t offset, int64_t storage_elements, int64_t item) {
    int64_t elements = 1, last = offset;
    bool empty = false, sound = offset >= 0 && view.stride.size() == view.shape.size();
    for (size_t d = 0; sound && d < view.shape.size(); ++d) {
        int64_t reach = 0;
        sound = view.shape[d] >= 0 && view.stride[d] >= 0
            && !__builtin_mul_overflow(elements, view.shape[d], &elements)
            && !__builtin_mul_overflow(std::max<int64_t>(view.shape[d], 1) - 1, view.stride[d], &reach)
            && !__builtin_add_overflow(last, reach, &last);
        empty = empty || view.shape[d] == 0;
    }
    if (!sound)
        return damaged("its sizes, strides or offset are negative or too large");
    if (!empty && last >= storage_elements)
        return damaged("it reaches up to element " + std::to_string(last) + " of a storage that has "
            + std::to_string(storage_elements));
    if (!empty && elements > kMostBytes / item)
        return make_error(Error::Kind::Usage, "it takes more than 16 GiB");
    return empty ? 0 : elements;
}

Result<std::string> elements_of(std::string_view storage, const Value& view, int64_t offset) {
    const DType* dtype = dtype_by_name(view.dtype);
    const int64_t item = dtype ? dtype->bits / 8 : 0;
    if (item <= 0)
        return make_error(Error::Kind::Usage, "elements of type '" + view.dtype + "' cannot be taken");
    const auto elements = checked_elements(view, offset, static_cast<int64_t>(storage.size()) / item, item);
    if (!elements)
        return elements.error();
    std::string out;
    out.reserve(static_cast<size_t>(*elements * item));
    const size_t rank = view.shape.size();
    const int64_t inner = rank ? view.shape[rank - 1] : 1, step = rank ? view.stride[rank - 1] : 1;
    std::vector<int64_t> index(rank, 0);
    const auto bytes = [&](int64_t at, int64_t count) {
        out.append(storage.substr(static_cast<size_t>(at * item), static_cast<size_t>(count * item)));
    };
    for (int64_t done = 0; done < *elements; done += inner) {
        int64_t at = offset;
        for (size_t d = 0; d < rank; ++d)
            at += index[d] * view.stride[d];
        if (step == 1)
            bytes(at, inner);
        else
            for (int64_t i = 0; i < inner; ++i)
                bytes(at + i * step, 1);
        for (size_t d = rank - (rank ? 1 : 0); d-- > 0 && ++index[d] == view.shape[d];)
            index[d] = 0;
    }
    return out;
}

} // namespace hopscope::tensors
