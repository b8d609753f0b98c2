// What tests of the worker share: values by hand, a body run to a value.
#pragma once

#include "tests/testdata.h"

#include "core/wire/protocol.h"
#include "core/worker/worker.h"

#include <cmath>
#include <cstring>
#include <deque>
#include <map>

namespace hopscope::test {

inline const std::string kExecutor = HOPSCOPE_BIN "/hopscope-executor";

// Runs until somebody stops it.
inline const std::string kEndless = R"(class GraphModule(torch.nn.Module):
    def forward(self, x: "f32[2]cpu"):
        f = self.f
        g = self.g
        loop = torch.ops.higher_order.while_loop(f, g, (x,), ())
        out: "f32[2]cpu" = loop[0]
        return (out,)

    class f(torch.nn.Module):
        def forward(self, a: "f32[2]cpu"):
            isnan: "b8[2]cpu" = torch.ops.aten.isnan.default(a)
            any_1: "b8[]cpu" = torch.ops.aten.any.default(isnan)
            more: "b8[]cpu" = torch.ops.aten.logical_not.default(any_1)
            return more

    class g(torch.nn.Module):
        def forward(self, a: "f32[2]cpu"):
            mul: "f32[2]cpu" = torch.ops.aten.mul.Tensor(a, 1)
            return (mul,)
)";

// Values and their bytes.
class Values {
public:
    Values& floats(const std::string& name, std::vector<int64_t> shape, const std::vector<float>& numbers) {
        return tensor(name, "float32", std::move(shape), numbers.data(), numbers.size() * sizeof(float));
    }
    Values& integers(
        const std::string& name, std::vector<int64_t> shape, const std::vector<int64_t>& numbers) {
        return tensor(name, "int64", std::move(shape), numbers.data(), numbers.size() * sizeof(int64_t));
    }
    Values& booleans(const std::string& name, std::vector<int64_t> shape, const std::vector<uint8_t>& flags) {
        return tensor(name, "bool", std::move(shape), flags.data(), flags.size());
    }
    Values& number(const std::string& name, int64_t value) {
        tensors::Value v;
        v.name = name;
        v.kind = tensors::Value::Kind::Number;
        v.python_type = "int";
        v.python = std::to_string(value);
        all.push_back(std::move(v));
        return *this;
    }
    std::vector<tensors::Value> all;

private:
    Values& tensor(const std::string& name, const char* dtype, std::vector<int64_t> shape, const void* data,
        size_t bytes) {
        owned_.emplace_back(static_cast<const char*>(data), bytes);
        tensors::Value v;
        v.name = name;
        v.dtype = dtype;
        v.stride = tensors::dense_stride(shape);
        v.shape = std::move(shape);
        v.bytes = owned_.back();
        all.push_back(std::move(v));
        return *this;
    }
    std::deque<std::string> owned_;
};

inline Result<std::unique_ptr<worker::Worker>> startExecutor(uint64_t memory = 0) {
    worker::StartOptions options;
    options.executor = kExecutor;
    options.memory = memory;
    return worker::Worker::start(options);
}

inline constexpr auto kInputs = wire::BindRequest::As::Inputs;
inline constexpr auto kReference = wire::BindRequest::As::Reference;

// Loads a text and binds its inputs.
inline Status prepare(worker::Worker& worker, const std::string& text, const Values& inputs) {
    const auto read = readText(text);
    if (!read.module)
        return make_error(Error::Kind::Damaged, "the test's text holds no graph");
    const auto loaded = worker.load(read.module, BodyId(0), {});
    if (!loaded)
        return loaded.error();
    return worker.bind(inputs.all, kInputs);
}

// A run whose values are kept.
inline Result<wire::RunAnswer> runAndKeep(worker::Worker& worker, int64_t repeat = 1) {
    wire::RunRequest request;
    request.keep = true;
    request.repeat = repeat;
    return worker.run(request);
}

inline wire::ValueRequest named(const std::string& name, uint64_t item = 0) {
    wire::ValueRequest request;
    request.name = name;
    request.item = item;
    return request;
}

// The elements of the value `name` after a run, row-major; or why there are none. NaN and infinities as
// 1e300.
inline Result<std::vector<double>> evaluate(worker::Worker& worker, const std::string& text,
    const Values& inputs, const std::string& name, uint64_t item = 0) {
    if (const Status status = prepare(worker, text, inputs); !status)
        return status.error();
    const auto ran = runAndKeep(worker);
    if (!ran)
        return ran.error();
    if (ran->failure)
        return make_error(Error::Kind::External, ran->failure->message);
    wire::ValueRequest request = named(name, item);
    auto value = worker.value(request);
    if (!value)
        return value.error();
    if (!value->is_tensor())
        return std::vector<double>{value->number.value_or(0)};
    request.start.emplace(value->shape.size(), 0);
    request.count = value->shape;
    value = worker.value(request);
    if (!value)
        return value.error();
    std::vector<double> all = *value->slice;
    for (double& element : all)
        if (!std::isfinite(element))
            element = 1e300;
    return all;
}

} // namespace hopscope::test
