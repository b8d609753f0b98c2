#include "core/executor/dynamo.h"

#include <algorithm>
#include <utility>

namespace hopscope::executor {

namespace {

// Parameters as in torch/nn/functional.py and torch/functional.py of PyTorch 2.13; operators as those
// functions call them.
const Rewrite kRewrites[] = {
    {"torch.nn.functional.relu", "input inplace=False", "aten::relu", "input"},
    {"torch.nn.functional.relu6", "input inplace=False", "aten::relu6", "input"},
    {"torch.nn.functional.silu", "input inplace=False", "aten::silu", "input"},
    {"torch.nn.functional.mish", "input inplace=False", "aten::mish", "input"},
    {"torch.nn.functional.selu", "input inplace=False", "aten::selu", "input"},
    {"torch.nn.functional.celu", "input alpha=1.0 inplace=False", "aten::celu", "input alpha"},
    {"torch.nn.functional.elu", "input alpha=1.0 inplace=False", "aten::elu", "input alpha"},
    {"torch.nn.functional.hardswish", "input inplace=False", "aten::hardswish", "input"},
    {"torch.nn.functional.hardsigmoid", "input inplace=False", "aten::hardsigmoid", "input"},
    {"torch.nn.functional.hardtanh", "input min_val=-1.0 max_val=1.0 inplace=False", "aten::hardtanh",
        "input min_val max_val"},
    {"torch.nn.functional.leaky_relu", "input negative_slope=0.01 inplace=False", "aten::leaky_relu",
        "input negative_slope"},
    {"torch.nn.functional.threshold", "input threshold value inplace=False", "aten::threshold",
        "input threshold value"},
    {"torch.nn.functional.glu", "input dim=-1", "aten::glu", "input dim"},
    {"torch.nn.functional.sigmoid", "input", "aten::sigmoid", "input"},
    {"torch.nn.functional.tanh", "input", "aten::tanh", "input"},
    {"torch.nn.functional.gelu", "input approximate='none'", "aten::gelu", "input @approximate"},
    {"torch.nn.functional.softplus", "input beta=1 threshold=20", "aten::softplus", "input beta threshold"},
    {"torch.nn.functional.logsigmoid", "input", "aten::log_sigmoid", "input"},
    {"torch.nn.functional.softmax", "input dim _stacklevel=3 dtype=None", "aten::softmax", "input dim dtype"},
    {"torch.nn.functional.log_softmax", "input dim _stacklevel=3 dtype=None", "aten::log_softmax",
        "input dim dtype"},
    {"torch.nn.functional.linear", "input weight bias=None", "aten::linear", "input weight bias"},
    {"torch.nn.functional.embedding",
        "input weight padding_idx=None max_norm=None norm_type=2.0 scale_grad_by_freq=False sparse=False",
        "aten::embedding", "weight input padding_idx?-1 scale_grad_by_freq sparse !max_norm=None"},
    {"torch.nn.functional.dropout", "input p=0.5 training=True inplace=False", "aten::dropout",
        "input p training"},
    {"torch.nn.functional.alpha_dropout", "input p=0.5 training=False inplace=False", "aten::alpha_dropout",
        "input p training"},
    {"torch.nn.functional.layer_norm", "input normalized_shape weight=None bias=None eps=1e-05",
        "aten::layer_norm", "input normalized_shape weight bias eps"},
    {"torch.nn.functional.group_norm", "input num_groups weight=None bias=None eps=1e-05", "aten::group_norm",
        "input num_groups weight bias eps"},
    {"torch.nn.functional.batch_norm",
        "input running_mean running_var weight=None bias=None training=False momentum=0.1 eps=1e-05",
        "aten::batch_norm", "input weight bias running_mean running_var training momentum eps =True"},
    {"torch.nn.functional.instance_norm",
        "input running_mean=None running_var=None weight=None bias=None use_input_stats=True momentum=0.1 "
        "eps=1e-05",
        "aten::instance_norm",
        "input weight bias running_mean running_var use_input_stats momentum eps =True"},
    {"torch.nn.functional.cross_entropy",
        "input target weight=None size_average=None ignore_index=-100 reduce=None reduction='mean' "
        "label_smoothing=0.0",
        "aten::cross_entropy_loss",
        "input target weight reduction% ignore_index label_smoothing !size_average=None !reduce=None"},
    {"torch.nn.functional.nll_loss",
        "input target weight=None size_average=None ignore_index=-100 reduce=None reduction='mean'",
        "aten::nll_loss_nd", "input target weight reduction% ignore_index !size_average=None !reduce=None"},
    {"torch.nn.functional.mse_loss",
        "input target size_average=None reduce=None reduction='mean' weight=None", "aten::mse_loss",
        "input target reduction% !size_average=None !reduce=None !weight=None"},
    {"torch.nn.functional.l1_loss", "input target size_average=None reduce=None reduction='mean' weight=None",
        "aten::l1_loss", "input target reduction% !size_average=None !reduce=None !weight=None"},
    {"torch.nn.functional.smooth_l1_loss",
        "input target size_average=None reduce=None reduction='mean' beta=1.0", "aten::smooth_l1_loss",
        "input target reduction% beta !size_average=None !reduce=None"},
    {"torch.nn.functional.binary_cross_entropy",
        "input target weight=None size_average=None reduce=None reduction='mean'",
        "aten::binary_cross_entropy", "input target weight reduction% !size_average=None !reduce=None"},
    {"torch.nn.functional.binary_cross_entropy_with_logits",
        "input target weight=None size_average=None reduce=None reduction='mean' pos_weight=None",
        "aten::binary_cross_entropy_with_logits",
        "input target weight pos_weight reduction% !size_average=None !reduce=None"},
    {"torch.nn.functional.kl_div",
        "input target size_average=None reduce=None reduction='mean' log_target=False", "aten::kl_div",
        "input target reduction% @log_target !size_average=None !reduce=None"},
    {"torch.nn.functional.pad", "input pad mode='constant' value=None", "aten::pad", "input pad mode value"},
    {"torch.nn.functional.max_pool2d",
        "input kernel_size stride=None padding=0 dilation=1 ceil_mode=False return_indices=False",
        "aten::max_pool2d", "input kernel_size stride?[] padding dilation ceil_mode !return_indices=False"},
    {"torch.nn.functional.adaptive_avg_pool2d", "input output_size", "aten::adaptive_avg_pool2d",
        "input output_size"},
    {"torch.nn.functional.one_hot", "tensor num_classes=-1", "aten::one_hot", "tensor num_classes"},
    {"torch.nn.functional.cosine_similarity", "x1 x2 dim=1 eps=1e-08", "aten::cosine_similarity",
        "x1 x2 dim eps"},
    {"torch.functional.split", "tensor split_size_or_sections dim=0", "aten::split",
        "tensor split_size_or_sections dim"},
    {"torch.split", "tensor split_size_or_sections dim=0", "aten::split",
        "tensor split_size_or_sections dim"},
    {"Tensor.split", "self split_size dim=0", "aten::split", "self split_size dim"},
};

// Where functions of torch live that are operators of the same name.
constexpr std::pair<std::string_view, std::string_view> kNamespaces[] = {
    {"torch.nn.functional.", ""}, // rows above only
    {"torch.functional.", ""},
    {"torch._C._nn.", "aten::"},
    {"torch._C._VariableFunctions.", "aten::"},
    {"torch._C._linalg.", "aten::"},
    {"torch._C._fft.", "aten::"},
    {"torch._C._special.", "aten::"},
    {"torch._C.TensorBase.", "aten::"},
    {"torch.linalg.", "aten::linalg_"},
    {"torch.fft.", "aten::fft_"},
    {"torch.special.", "aten::special_"},
    {"torch.Tensor.", "aten::"},
    {"torch._VF.", "aten::"},
    {"torch.", "aten::"},
};

constexpr std::string_view kWithoutEffect[] = {"torch._C._set_grad_enabled", "torch._C._log_api_usage_once",
    "torch._C._autograd._saved_tensors_hooks_disable", "torch._C._autograd._saved_tensors_hooks_enable"};

} // namespace

const Rewrite* find_rewrite(std::string_view target) {
    for (const Rewrite& row : kRewrites)
        if (row.target == target)
            return &row;
    return nullptr;
}

std::string operator_of(std::string_view target, bool method) {
    if (method)
        return "aten::" + std::string(target);
    constexpr std::string_view kOps = "torch.ops.";
    if (target.substr(0, kOps.size()) == kOps) { // a packet, without the overload's name
        const std::string_view rest = target.substr(kOps.size());
        const size_t dot = rest.find('.');
        if (dot == std::string_view::npos || rest.find('.', dot + 1) != std::string_view::npos)
            return {};
        return std::string(rest.substr(0, dot)) + "::" + std::string(rest.substr(dot + 1));
    }
    for (const auto& [prefix, space] : kNamespaces) {
        if (target.substr(0, prefix.size()) != prefix)
            continue;
        const std::string_view name = target.substr(prefix.size());
        if (space.empty() || name.find('.') != std::string_view::npos)
            return {};
        return std::string(space) + std::string(name);
    }
    return {};
}

bool without_effect(std::string_view target) {
    return std::find(std::begin(kWithoutEffect), std::end(kWithoutEffect), target)
        != std::end(kWithoutEffect);
}

const char* refused(std::string_view target) {
    if (target.find("autocast") != std::string_view::npos)
        return "autocast changes the dtypes of all that follows, which this graph does not show; run the "
               "joint, "
               "forward or inference stage, where the casts are nodes";
    return nullptr;
}

} // namespace hopscope::executor
