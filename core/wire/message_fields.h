// The fields of each message, in the order in which they are written and read: V is a reader or a writer. For
// message_json.cpp alone.
#pragma once

#include "core/wire/forecast.h"
#include "core/wire/messages.h"

#include <type_traits>

namespace hopscope::wire {

// In lists of fields: the message, which a writer only looks at.
template <class V, class M> using Of = std::conditional_t<V::kReads, M, const M>;

template <class V> void fields(V& v, Of<V, NodeFailure>& m) {
    v("body", m.body);
    v("node", m.node);
    v("target", m.target);
    v("path", m.path);
    v("message", m.message);
    v("unsupported", m.unsupported);
    v.optional("step", m.step);
}
template <class V> void outcome(V& v, Of<V, RunOutcome>& m) {
    v("nodes", m.nodes);
    v("run", m.run);
    v("widened", m.widened);
    v.optional("failure", m.failure);
}

template <class V> void fields(V& v, Of<V, InitializeRequest>& m) {
    v("protocol", m.protocol);
}
template <class V> void fields(V& v, Of<V, InitializeAnswer>& m) {
    v("libtorch", m.libtorch);
    v("protocol", m.protocol);
    v("threads", m.threads);
    v("operators", m.operators);
    v("composed", m.composed);
    v("memory", m.memory);
    v("sandbox", m.sandbox);
}

template <class V> void fields(V& v, Of<V, LoadRequest>& m) {
    v("text", m.text);
    v("symbols", m.symbols);
    v("keep_reference", m.keep_reference);
}
template <class V> void fields(V& v, Of<V, Unsupported>& m) {
    v("body", m.body);
    v("node", m.node);
    v("target", m.target);
    v("reason", m.reason);
}
template <class V> void fields(V& v, Of<V, LoadAnswer>& m) {
    v("bodies", m.bodies);
    v("inputs", m.inputs);
    v("unsupported", m.unsupported);
    v("mutates", m.mutates);
    v("moved", m.moved);
}

template <class V> void fields(V& v, Of<V, AskedGraph>& m) {
    v("text", m.text);
    v("symbols", m.symbols);
}
template <class V> void fields(V& v, Of<V, ForecastRequest>& m) {
    v("graphs", m.graphs);
}
template <class V> void fields(V& v, Of<V, ForecastNode>& m) {
    v("body", m.body);
    v("node", m.node);
    v("fate", m.fate);
    v("obstacle", m.obstacle);
    v("reason", m.reason);
}
template <class V> void fields(V& v, Of<V, ForecastGraph>& m) {
    v("bodies", m.bodies);
    v("nodes", m.nodes);
    v("problem", m.problem);
}
template <class V> void fields(V& v, Of<V, ForecastAnswer>& m) {
    v("libtorch", m.libtorch);
    v("graphs", m.graphs);
}

template <class V> void fields(V& v, Of<V, BindRequest>& m) {
    v("as", m.as);
}
template <class V> void fields(V& v, Of<V, BindAnswer>& m) {
    v("values", m.values);
}

template <class V> void fields(V& v, Of<V, RunRequest>& m) {
    v("to", m.to);
    v("keep", m.keep);
    v("only", m.only);
    v("repeat", m.repeat);
    v("seed", m.seed);
    v("float64", m.float64);
}
template <class V> void fields(V& v, Of<V, RunAnswer>& m) {
    outcome(v, m);
    v("best_ms", m.best_ms);
    v("wall_ms", m.wall_ms);
}

template <class V> void fields(V& v, Of<V, TimingRequest>& m) {
    v("repeat", m.repeat);
    v("seed", m.seed);
}
template <class V> void fields(V& v, Of<V, NodeTiming>& m) {
    v("body", m.body);
    v("node", m.node);
    v("calls", m.calls);
    v("median_us", m.median_us);
    v("total_us", m.total_us);
}
template <class V> void fields(V& v, Of<V, TimingAnswer>& m) {
    outcome(v, m);
    v("rows", m.rows);
    v("repeat", m.repeat);
    v("wall_ms", m.wall_ms);
}

template <class V> void fields(V& v, Of<V, CompareRequest>& m) {
    v("alone", m.alone);
    v("strict", m.strict);
    v("seed", m.seed);
    v("float64", m.float64);
    v("any_dtype", m.any_dtype);
    v("tolerances", m.tolerances);
}
template <class V> void fields(V& v, Of<V, ComparedValue>& m) {
    v("name", m.path);
    v("body", m.body);
    v("node", m.node);
    v("dtype", m.dtype);
    v("verdict", m.verdict);
    v("equal", m.equal);
    v("max_abs_error", m.max_abs);
    v("max_rel_error", m.max_rel);
    v("max_ulp_error", m.max_ulp);
    v("tolerance", m.tolerance);
    v("worst", m.worst);
    v("found", m.found);
    v("expected", m.expected);
    v("exact", m.exact);
    v("own_error", m.own_error);
    v("expected_error", m.expected_error);
    v("floor", m.floor);
    v("times", m.times);
    v("reason", m.reason);
    v("strides", m.strides);
    v("why", m.why);
}
template <class V> void fields(V& v, Of<V, CompareAnswer>& m) {
    outcome(v, m);
    v("rows", m.values);
    v.nullable("first_mismatch", m.first_mismatch);
    v("compared", m.compared);
    v("mismatched", m.mismatched);
    v("alone", m.alone);
    v("max_abs_error", m.max_abs);
    v("max_rel_error", m.max_rel);
    v("max_ulp_error", m.max_ulp);
    v("random", m.random);
    v("wall_ms", m.wall_ms);
}

template <class V> void fields(V&, Of<V, KeepAsReferenceRequest>&) { }
template <class V> void fields(V& v, Of<V, KeepAsReferenceAnswer>& m) {
    v("values", m.values);
}

template <class V> void fields(V& v, Of<V, BeginRequest>& m) {
    v("seed", m.seed);
    v("keep_bytes", m.keep_bytes);
    v("recorded_random", m.recorded_random);
}
template <class V> void items(V& v, Of<V, Mark>& m) {
    v.item(m.body);
    v.item(m.node);
}
template <class V> void fields(V& v, Of<V, AdvanceRequest>& m) {
    v("steps", m.steps);
    v.number("depth", m.depth);
    v("marks", m.marks);
    v("shapes", m.shapes);
    v("non_finite", m.non_finite);
}
template <class V> void items(V& v, Of<V, BegunStep>& m) {
    v.item(m.body);
    v.item(m.node);
    v.number_item(m.parent);
    v.item(m.depth);
    v.number_item(m.round);
}
template <class V> void fields(V& v, Of<V, EndedStep>& m) {
    v("step", m.step);
    v("end", m.end);
    v("values", m.values);
    v("tuple", m.tuple);
    v("random", m.random);
    v("nan", m.nan);
    v("inf", m.inf);
    v("bytes", m.bytes);
    v("live", m.live);
    v("us", m.us);
    v("shape", m.shape);
}
template <class V> void fields(V& v, Of<V, AdvanceAnswer>& m) {
    v("begun", m.begun);
    v("ended", m.ended);
    v("complete", m.complete);
    v("cancelled", m.cancelled);
    v.optional("failure", m.failure);
}

template <class V> void fields(V& v, Of<V, ValueRequest>& m) {
    v.unless_empty("name", m.name);
    v.optional("step", m.step);
    v.optional("item", m.item);
    v.optional("histogram", m.histogram);
    v.optional("start", m.start);
    v.optional("count", m.count);
}
template <class V> void figures(V& v, Of<V, ValueFigures>& m) {
    if (!v.group("dtype", m.is_tensor())) {
        v("python", m.python);
        v.nullable("value", m.number);
        v.optional("items", m.items);
        return;
    }
    v("dtype", m.dtype);
    v("shape", m.shape);
    v("stride", m.stride);
    v("bytes", m.bytes);
    if (!v.group("nan", m.statistics.has_value()))
        return;
    auto& s = v.made(m.statistics);
    v("nan", s.nan);
    v("inf", s.inf);
    v("zero", s.zero);
    v.nullable("min", s.min);
    v.nullable("max", s.max);
    v.nullable("mean", s.mean);
    v.nullable("std", s.std);
}
template <class V> void fields(V& v, Of<V, Histogram>& m) {
    v("low", m.low);
    v("high", m.high);
    v("counts", m.counts);
}
template <class V> void fields(V& v, Of<V, ValueAnswer>& m) {
    figures(v, m);
    v.optional("histogram", m.histogram);
    v.optional("slice", m.slice);
}
template <class V> void fields(V&, Of<V, FiguresRequest>&) { }
template <class V> void fields(V& v, Of<V, NamedFigures>& m) {
    v("name", m.name);
    figures(v, m);
}
template <class V> void fields(V& v, Of<V, FiguresAnswer>& m) {
    v("rows", m.rows);
}

template <class V> void fields(V& v, Of<V, SaveRequest>& m) {
    v.optional("position", m.position);
}
template <class V> void fields(V& v, Of<V, SaveAnswer>& m) {
    v("values", m.values);
    v("bytes", m.bytes);
}

template <class V> void fields(V& v, Of<V, JointRequest>& m) {
    v("requires_grad", m.requires_grad);
    v.optional("outputs", m.outputs);
    v("tangent_strides", m.tangent_strides);
    v("seed", m.seed);
}
template <class V> void fields(V& v, Of<V, JointOutput>& m) {
    v("kind", m.kind);
    v("needs_gradient", m.needs_gradient);
}
template <class V> void fields(V& v, Of<V, JointPlaceholder>& m) {
    v("name", m.name);
    v("type", m.type);
    v("attribute", m.attribute);
}
template <class V> void fields(V& v, Of<V, JointNode>& m) {
    v("text", m.text);
    v.unless_empty("forward", m.forward);
    v.unless_empty("backward_of", m.backward_of);
}
template <class V> void fields(V& v, Of<V, JointAnswer>& m) {
    v.optional("failure", m.failure);
    if (m.failure)
        return;
    v("placeholders", m.placeholders);
    v("nodes", m.nodes);
    v("returned", m.returned);
    v("requires_grad", m.requires_grad);
    v("outputs", m.outputs);
    v("heard", m.heard);
    v("run", m.run);
}

template <class V> void fields(V& v, Of<V, SchemaRequest>& m) {
    v("seed", m.seed);
}
template <class V> void fields(V& v, Of<V, SchemaArgument>& m) {
    v("name", m.name);
    v("type", m.type);
    v("mutated", m.mutated);
    v("changed", m.changed);
}
template <class V> void fields(V& v, Of<V, SchemaReturn>& m) {
    v("type", m.type);
    v.nullable("aliases_argument", m.aliases_argument);
    v.nullable("aliases_return", m.aliases_return);
}
template <class V> void fields(V& v, Of<V, SchemaAnswer>& m) {
    outcome(v, m);
    v("arguments", m.arguments);
    v("returns", m.returns);
}

template <class V> void fields(V&, Of<V, ShutdownRequest>&) { }
template <class V> void fields(V&, Of<V, ShutdownAnswer>&) { }

template <class V> void fields(V& v, Of<V, Description>& m) {
    v("libtorch", m.libtorch);
    v("protocol", m.protocol);
    v("composed", m.composed);
    v("operators", m.operators);
}

} // namespace hopscope::wire
