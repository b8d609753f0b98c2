#include "core/draw/kinds.h"

#include "core/base/text.h"
#include "core/graph/reading.h"

#include <algorithm>
#include <array>
#include <utility>

namespace hopscope::draw {

namespace {

// Operators by their plain names, without overload and without the underscore of in-place variants. What is
// not listed is elementwise if it is torch's, and an effect if it is somebody else's.
constexpr std::pair<Kind, std::string_view> kTable[] = {
    {Kind::Matrix,
        "mm addmm bmm baddbmm addbmm mv addmv addr ger outer inner dot vdot matmul linear bilinear einsum "
        "tensordot "
        "multi_dot chain_matmul kron _int_mm _scaled_mm _scaled_grouped_mm _grouped_mm _weight_int4pack_mm "
        "_weight_int8pack_mm _sparse_mm sparse_sampled_addmm _addmm_activation int_mm uint4x2_mixed_mm "
        "mixed_mm "
        "convolution _convolution conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d "
        "_convolution_double cudnn_convolution mkldnn_convolution miopen_convolution mkldnn_linear "
        "_linear_pointwise "
        "_convolution_pointwise cdist _cdist_forward lstm gru rnn_tanh rnn_relu _thnn_fused_lstm_cell "
        "lstm_cell gru_cell "
        "_trilinear cholesky triangular_solve addcmm"},
    {Kind::View,
        "view reshape _unsafe_view _reshape_alias view_as reshape_as permute transpose swapaxes swapdims "
        "movedim moveaxis t "
        "adjoint numpy_T mT mH T H expand expand_as broadcast_to broadcast_in_dim slice select narrow split "
        "split_with_sizes tensor_split hsplit vsplit dsplit chunk unbind unsqueeze squeeze flatten unflatten "
        "ravel "
        "as_strided diagonal unfold detach alias view_as_real view_as_complex view_dtype real imag "
        "_conj conj lift lift_fresh atleast_1d atleast_2d atleast_3d getitem size sym_size stride sym_stride "
        "storage_offset sym_storage_offset numel sym_numel dim shape dtype device split_dim collapse_view "
        "squeeze_view "
        "getattr _reinterpret_tensor _alloc_from_pool"},
    {Kind::Reduction,
        "sum mean prod var std var_mean std_mean norm logsumexp amax amin aminmax max min argmax argmin all "
        "any "
        "median nanmedian nansum nanmean mode quantile nanquantile count_nonzero linalg_vector_norm "
        "linalg_norm "
        "linalg_matrix_norm frobenius_norm nuclear_norm softmax _softmax log_softmax _log_softmax "
        "_safe_softmax "
        "_masked_softmax softmin prepare_softmax_online layer_norm native_layer_norm rms_norm "
        "_fused_rms_norm group_norm "
        "native_group_norm instance_norm batch_norm native_batch_norm _native_batch_norm_legit "
        "_native_batch_norm_legit_no_training _native_batch_norm_legit_functional _batch_norm_with_update "
        "_batch_norm_no_update _batch_norm_impl_index cudnn_batch_norm miopen_batch_norm local_response_norm "
        "normalize "
        "weight_norm _weight_norm_interface renorm cumsum cumprod cummax cummin logcumsumexp _logcumsumexp "
        "_cummax_helper _cummin_helper diff trace topk kthvalue sort msort argsort searchsorted bucketize "
        "histc bincount "
        "unique _unique2 unique_dim unique_consecutive avg_pool1d avg_pool2d avg_pool3d max_pool1d "
        "max_pool2d max_pool3d "
        "max_pool2d_with_indices max_pool3d_with_indices _low_memory_max_pool2d_with_offsets "
        "adaptive_avg_pool1d "
        "adaptive_avg_pool2d _adaptive_avg_pool2d adaptive_avg_pool3d _adaptive_avg_pool3d "
        "adaptive_max_pool2d "
        "lp_pool2d mse_loss l1_loss smooth_l1_loss huber_loss nll_loss nll_loss_forward nll_loss2d "
        "nll_loss2d_forward "
        "nll_loss_nd cross_entropy cross_entropy_loss binary_cross_entropy binary_cross_entropy_with_logits "
        "kl_div "
        "ctc_loss _ctc_loss cosine_similarity pairwise_distance dist embedding_bag _embedding_bag "
        "_embedding_bag_forward_only segment_reduce sum_to_size _sum_to_size"},
    {Kind::Copy,
        "clone copy _to_copy to _to_dtype type type_as float double half bfloat16 int long short byte bool "
        "char "
        "convert_element_type convert_device_element_type contiguous cpu cuda cat concat concatenate stack "
        "hstack vstack "
        "dstack column_stack row_stack block_diag scatter scatter_add scatter_reduce slice_scatter "
        "select_scatter "
        "diagonal_scatter as_strided_scatter masked_scatter gather take take_along_dim index index_select "
        "index_put "
        "_index_put_impl _unsafe_index _unsafe_index_put _unsafe_masked_index "
        "_unsafe_masked_index_put_accumulate index_add "
        "index_copy index_fill index_reduce masked_select embedding one_hot repeat repeat_interleave tile "
        "roll flip fliplr "
        "flipud rot90 pad constant_pad_nd reflection_pad1d reflection_pad2d replication_pad1d "
        "replication_pad2d "
        "pixel_shuffle pixel_unshuffle channel_shuffle im2col col2im upsample_nearest1d upsample_nearest2d "
        "upsample_bilinear2d upsample_bicubic2d _upsample_bilinear2d_aa interpolate grid_sample "
        "grid_sampler_2d "
        "affine_grid fold nonzero nonzero_static argwhere tril_indices triu_indices meshgrid cartesian_prod "
        "combinations "
        "ones zeros full empty empty_strided empty_permuted eye arange iota linspace logspace range "
        "ones_like zeros_like "
        "full_like empty_like new_ones new_zeros new_full new_empty new_empty_strided scalar_tensor tensor "
        "as_tensor "
        "from_numpy fill zero set resize select_backward slice_backward embedding_dense_backward "
        "index_backward "
        "diagonal_backward unfold_backward value_selecting_reduction_backward device_put pin_memory "
        "quantize_per_tensor "
        "dequantize_per_tensor quantize_per_channel dequantize_per_channel numpy tolist"},
    {Kind::Random,
        "dropout native_dropout alpha_dropout feature_dropout feature_alpha_dropout dropout1d dropout2d "
        "dropout3d "
        "rand randn randint randperm rand_like randn_like randint_like rand_strided bernoulli normal "
        "normal_functional "
        "uniform multinomial exponential geometric cauchy log_normal poisson binomial random gumbel_softmax "
        "rrelu "
        "rrelu_with_noise _fused_dropout inductor_random inductor_randint inductor_seed inductor_seeds "
        "inductor_lookup_seed philox_rand rngprims standard_gamma _standard_gamma _sample_dirichlet"},
    {Kind::Control,
        "copy_ setitem item _local_scalar_dense _assert _assert_async _assert_scalar _assert_tensor_metadata "
        "_functional_assert_async _functional_assert_scalar _check _check_is_size _check_value "
        "_set_grad_enabled "
        "set_grad_enabled _log_api_usage_once _enter_autocast _exit_autocast _saved_tensors_hooks_disable "
        "_saved_tensors_hooks_enable _vmap_increment_nesting _vmap_decrement_nesting _grad_increment_nesting "
        "_grad_decrement_nesting _add_batch_dim _remove_batch_dim sym_constrain_range "
        "sym_constrain_range_for_size "
        "_functional_sym_constrain_range _functional_sym_constrain_range_for_size _make_token _sink_tokens "
        "_print print "
        "record_function _record_function_enter_new _record_function_exit graph_break resize_storage_bytes_ "
        "set_ "
        "inductor_barrier accumulate_grad accumulate_grad_ requires_grad_ backward is_grad_enabled"},
    {Kind::Elementwise, "native_dropout_backward max_backward min_backward maximum minimum"},
};

struct Entry {
    std::string_view name;
    Kind kind;
};

std::vector<Entry> read_table() {
    std::vector<Entry> entries;
    for (auto [kind, names] : kTable) {
        while (!names.empty()) {
            const size_t end = std::min(names.find(' '), names.size());
            if (end > 0)
                entries.push_back({names.substr(0, end), kind});
            names.remove_prefix(std::min(end + 1, names.size()));
        }
    }
    std::stable_sort(entries.begin(), entries.end(), [](auto& a, auto& b) { return a.name < b.name; });
    return entries;
}

const Kind* look_up(std::string_view name) {
    static const std::vector<Entry> entries = read_table();
    const auto at = std::lower_bound(
        entries.begin(), entries.end(), name, [](const Entry& e, std::string_view n) { return e.name < n; });
    return at != entries.end() && at->name == name ? &at->kind : nullptr;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// Families whose members are too many, or too new, to be listed.
const Kind* look_up_family(std::string_view name) {
    static constexpr std::pair<std::string_view, Kind> kFamilies[] = {
        {"attention", Kind::Matrix},
        {"_flash_attn", Kind::Matrix},
        {"conv_", Kind::Matrix},
        {"convolution", Kind::Matrix},
        {"linalg_", Kind::Matrix},
        {"_linear", Kind::Matrix},
        {"dropout", Kind::Random},
        {"_pool", Kind::Reduction},
        {"_norm", Kind::Reduction},
        {"softmax", Kind::Reduction},
        {"_loss", Kind::Reduction},
        {"upsample_", Kind::Copy},
        {"_pad", Kind::Copy},
        {"assert", Kind::Control},
        {"_grad_enabled", Kind::Control},
        {"autocast", Kind::Control},
    };
    for (const auto& [part, kind] : kFamilies)
        if (contains(name, part))
            return &kind;
    return nullptr;
}

// Everything before "_backward": the kind of a gradient is that of what it is the gradient of.
std::string_view without_backward(std::string_view name) {
    return name.substr(0, name.find("_backward"));
}

Kind kind_of_name(std::string_view name, Kind unknown) {
    if (const Kind* kind = look_up(name))
        return *kind;
    std::string_view plain = without_backward(name);
    if (plain.ends_with("_copy") && plain.size() > 5) // aten.view_copy and its like move data
        return Kind::Copy;
    if (plain.size() > 1 && plain.ends_with('_') && !plain.ends_with("__"))
        plain.remove_suffix(1);
    // Python's operators as methods: __and__, __matmul__.
    if (plain.size() > 4 && plain.starts_with("__") && plain.ends_with("__"))
        plain = plain.substr(2, plain.size() - 4);
    if (const Kind* kind = look_up(plain))
        return *kind;
    if (const Kind* kind = look_up_family(plain))
        return *kind;
    return unknown;
}

Kind kind_of_module_path(std::string_view path) {
    // "blocks.0.attn.c_proj": the last part that is no number is the nearest thing to an operator.
    std::string_view name = path;
    while (true) {
        const size_t dot = name.rfind('.');
        const std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
        const bool number = !last.empty() && std::all_of(last.begin(), last.end(), is_digit);
        if (!number || dot == std::string_view::npos) {
            name = last;
            break;
        }
        name = name.substr(0, dot);
    }
    while (!name.empty() && (is_digit(name.back()) || name.back() == '_'))
        name.remove_suffix(1);
    if (contains(name, "linear") || contains(name, "proj") || contains(name, "conv"))
        return Kind::Matrix;
    if (contains(name, "norm"))
        return Kind::Reduction;
    return kind_of_name(name, Kind::Control);
}

} // namespace

char kind_letter(Kind kind) {
    return "IWMEVRCNXGO"[static_cast<size_t>(kind)];
}

std::string_view kind_name(Kind kind) {
    static constexpr std::array<std::string_view, kKindCount> kNames = {
        "input or saved value",
        "parameter or buffer",
        "matrix product",
        "elementwise",
        "view or shape",
        "reduction or norm",
        "copy or cast",
        "random",
        "control or effect",
        "region",
        "output",
    };
    return kNames[static_cast<size_t>(kind)];
}

Kind kind_of_target(std::string_view target, Opcode op) {
    switch (op) {
    case Opcode::Placeholder:
        return Kind::Input;
    case Opcode::GetAttr:
        return Kind::Parameter;
    case Opcode::Output:
        return Kind::Output;
    case Opcode::CallModule:
        return kind_of_module_path(target);
    case Opcode::CallFunction:
    case Opcode::CallMethod:
        break;
    }
    const std::string_view ns = operator_namespace(target);
    const std::string_view name = operator_name(target);
    if (name == "invoke_subgraph")
        return Kind::Region;
    if (ns == "higher_order")
        return contains(name, "flex_attention") ? Kind::Matrix : Kind::Control;
    if (ns == "_c10d_functional" || ns == "c10d" || ns == "c10d_functional" || ns == "streams"
        || ns == "fsdp")
        return Kind::Control;
    if (ns == "rngprims")
        return Kind::Random;
    const bool foreign =
        !ns.empty() && ns != "aten" && ns != "prims" && ns != "inductor" && ns != "quantized";
    return kind_of_name(name, foreign ? Kind::Control : Kind::Elementwise);
}

Kind kind_of(const GraphModule& module, BodyId body, NodeId id, const BodyRoles& roles) {
    const Node& node = module.body(body).node(id);
    if (node.op == Opcode::Placeholder)
        return roles.input(id) == InputRole::Parameter ? Kind::Parameter : Kind::Input;
    const Kind kind = kind_of_target(module.text(node.target), node.op);
    // with_effects and auto_functionalized_v2 may hide a region call.
    if (kind == Kind::Control && node.op == Opcode::CallFunction
        && operator_namespace(module.text(node.target)) == "higher_order" && region_call(module, body, id))
        return Kind::Region;
    return kind;
}

} // namespace hopscope::draw
