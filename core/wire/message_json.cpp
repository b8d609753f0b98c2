#include "core/wire/message_json.h"

#include "core/wire/numbers.h"

#include <nlohmann/json.hpp>

#include <limits>
#include <type_traits>

namespace hopscope::wire {

using nlohmann::json;

namespace {

// In lists of fields: the message, which a writer only looks at.
template <class V, class M> using Of = std::conditional_t<V::kReads, M, const M>;

template <class T> struct IsId : std::false_type { };
template <class Tag> struct IsId<Id<Tag>> : std::true_type { };

// Whether a type has a list of fields (an object), or of items (a list of a fixed length).
template <class V, class M>
concept HasFields = requires(V& v, Of<V, M>& m) {
    fields(v, m);
};
template <class V, class M>
concept HasItems = requires(V& v, Of<V, M>& m) {
    items(v, m);
};

// --- both directions

class Writer {
public:
    static constexpr bool kReads = false;

    template <class T> void operator()(const char* key, const T& value) { out[key] = written(value); }
    // Left out where there is none.
    template <class T> void optional(const char* key, const std::optional<T>& value) {
        if (value)
            out[key] = written(*value);
    }
    void unless_empty(const char* key, const std::string& value) {
        if (!value.empty())
            out[key] = value;
    }
    // Null where there is none.
    template <class T> void nullable(const char* key, const std::optional<T>& value) {
        out[key] = value ? written(*value) : json();
    }
    // Whether the fields that stand or fall with `key` are there.
    bool group(const char*, bool there) { return there; }
    template <class T> const T& made(const std::optional<T>& value) { return *value; }
    template <class T> void item(const T& value) { out.push_back(written(value)); }

    json out;

    template <class T> static json written(const T& value) {
        if constexpr (std::is_same_v<T, double>) {
            return json_number<json>(value);
        } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
            return json(value);
        } else if constexpr (IsId<T>::value) {
            return json(value.index);
        } else if constexpr (HasItems<Writer, T>) {
            Writer writer(json::array());
            items(writer, value);
            return std::move(writer.out);
        } else if constexpr (HasFields<Writer, T>) {
            Writer writer(json::object());
            fields(writer, value);
            return std::move(writer.out);
        } else if constexpr (std::is_enum_v<T>) {
            return json(name_of(value));
        } else if constexpr (requires { typename T::mapped_type; }) {
            json all = json::object();
            for (const auto& [key, one] : value)
                all[key] = written(one);
            return all;
        } else {
            json all = json::array();
            for (auto&& one : value)
                all.push_back(written<typename T::value_type>(one));
            return all;
        }
    }

    explicit Writer(json empty)
        : out(std::move(empty)) { }

private:
    static const char* name_of(BindRequest::As as) {
        return as == BindRequest::As::Reference ? "reference" : "inputs";
    }
};

// Where a reader stands, for its complaint.
struct Path {
    const Path* up = nullptr;
    const char* key = nullptr; // of an object; null: `index` of a list
    size_t index = 0;

    std::string text() const {
        std::string above = up ? up->text() : std::string(); // messages are a few levels deep by their types
        if (!key)
            return above + "[" + std::to_string(index) + "]";
        return above.empty() ? key : above + "." + key;
    }
};

// "a list", "a text".
std::string found(const json& value) {
    switch (value.type()) {
    case json::value_t::null:
        return "null";
    case json::value_t::object:
        return "an object";
    case json::value_t::array:
        return "a list of " + std::to_string(value.size());
    case json::value_t::string:
        return "a text";
    case json::value_t::boolean:
        return value.get<bool>() ? "true" : "false";
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
    case json::value_t::number_float:
        return value.dump();
    default:
        return "no value";
    }
}

// Keeps the first complaint; from then on nothing is read.
class Reader {
public:
    static constexpr bool kReads = true;

    Reader(const json& from, const Path* path, std::string& complaint, bool lenient)
        : from_(from)
        , path_(path)
        , complaint_(complaint)
        , lenient_(lenient) { }

    template <class T> void operator()(const char* key, T& value) {
        const Path here{path_, key};
        if (const json* at = take(key); at && !(lenient_ && at->is_null()))
            read(*at, value, here);
        else if (!lenient_)
            complain(here, "is missing");
    }
    template <class T> void optional(const char* key, std::optional<T>& value) {
        const json* at = take(key);
        if (at && !(lenient_ && at->is_null()))
            read(*at, value.emplace(), {path_, key});
    }
    void unless_empty(const char* key, std::string& value) {
        if (const json* at = take(key))
            read(*at, value, {path_, key});
    }
    template <class T> void nullable(const char* key, std::optional<T>& value) {
        const json* at = take(key);
        if (!at)
            complain({path_, key}, "is missing");
        else if (!at->is_null())
            read(*at, value.emplace(), {path_, key});
    }
    bool group(const char* key, bool) { return from_.is_object() && from_.contains(key); }
    template <class T> T& made(std::optional<T>& value) { return value.emplace(); }
    template <class T> void item(T& value) {
        const Path here{path_, nullptr, taken_};
        if (taken_ < from_.size())
            read(from_[taken_], value, here);
        ++taken_;
    }

    template <class T> void read(const json& at, T& value, const Path& here) {
        if (!complaint_.empty())
            return;
        if constexpr (std::is_same_v<T, bool>) {
            if (at.is_boolean())
                value = at.get<bool>();
            else
                complain(here, "is " + found(at) + "; expected true or false");
        } else if constexpr (std::is_integral_v<T>) {
            read_integer(at, value, here);
        } else if constexpr (std::is_same_v<T, double>) {
            read_double(at, value, here);
        } else if constexpr (std::is_same_v<T, std::string>) {
            if (at.is_string())
                value = at.get_ref<const std::string&>();
            else
                complain(here, "is " + found(at) + "; expected a text");
        } else if constexpr (IsId<T>::value) {
            read_integer(at, value.index, here);
            if (!value.valid())
                complain(here, "is " + found(at) + "; expected a smaller number");
        } else if constexpr (HasItems<Reader, T>) {
            read_items(at, value, here);
        } else if constexpr (HasFields<Reader, T>) {
            read_object(at, value, &here);
        } else if constexpr (std::is_enum_v<T>) {
            read_name(at, value, here);
        } else if constexpr (requires { typename T::mapped_type; }) {
            if (!at.is_object())
                return complain(here, "is " + found(at) + "; expected an object");
            for (const auto& [key, one] : at.items())
                read(one, value[key], {&here, key.c_str()});
        } else {
            if (!at.is_array())
                return complain(here, "is " + found(at) + "; expected a list");
            value.clear();
            value.reserve(at.size());
            for (size_t i = 0; i < at.size(); ++i) {
                typename T::value_type one{};
                read(at[i], one, {&here, nullptr, i});
                value.push_back(std::move(one));
            }
        }
    }

    template <class T> void read_object(const json& at, T& value, const Path* here) {
        if (!at.is_object())
            return complain(
                here ? *here : Path{nullptr, "the message"}, "is " + found(at) + "; expected an object");
        Reader reader(at, here, complaint_, lenient_);
        fields(reader, value);
        if (!complaint_.empty() || reader.taken_ == at.size())
            return;
        for (const auto& [key, one] : at.items())
            if (!reader.known(key))
                return complain({here, key.c_str()}, "was found; there is no such field");
    }

private:
    template <class T> void read_items(const json& at, T& value, const Path& here) {
        if (!at.is_array())
            return complain(here, "is " + found(at) + "; expected a list");
        Reader reader(at, &here, complaint_, lenient_);
        items(reader, value);
        if (reader.taken_ != at.size())
            complain(here, "is " + found(at) + "; expected " + std::to_string(reader.taken_) + " items");
    }

    template <class T> void read_integer(const json& at, T& value, const Path& here) {
        constexpr T kLeast = std::numeric_limits<T>::min(), kMost = std::numeric_limits<T>::max();
        if (at.is_number_unsigned()) {
            if (const uint64_t n = at.get<uint64_t>(); n <= static_cast<uint64_t>(kMost)) {
                value = static_cast<T>(n);
                return;
            }
        } else if (at.is_number_integer()) {
            if (const int64_t n = at.get<int64_t>(); std::is_signed_v<T> && n >= static_cast<int64_t>(kLeast)
                && n <= static_cast<int64_t>(kMost)) {
                value = static_cast<T>(n);
                return;
            }
        }
        complain(here,
            "is " + found(at) + "; expected a whole number from " + std::to_string(kLeast) + " to "
                + std::to_string(kMost));
    }

    void read_double(const json& at, double& value, const Path& here) {
        if (at.is_number()) {
            value = at.get<double>();
            return;
        }
        const auto named = at.is_string() ? non_finite_named(at.get_ref<const std::string&>()) : std::nullopt;
        if (!named)
            return complain(here, "is " + found(at) + "; expected a number, \"nan\", \"inf\" or \"-inf\"");
        value = *named;
    }

    void read_name(const json& at, BindRequest::As& value, const Path& here) {
        if (at == "inputs")
            value = BindRequest::As::Inputs;
        else if (at == "reference")
            value = BindRequest::As::Reference;
        else
            complain(here, "is " + found(at) + "; expected \"inputs\" or \"reference\"");
    }

    const json* take(const char* key) {
        keys_.push_back(key);
        if (!complaint_.empty())
            return nullptr;
        const auto at = from_.find(key);
        if (at == from_.end())
            return nullptr;
        ++taken_;
        return &*at;
    }
    bool known(const std::string& key) const {
        for (const char* one : keys_)
            if (key == one)
                return true;
        return false;
    }
    void complain(const Path& where, const std::string& what) {
        if (complaint_.empty())
            complaint_ = "'" + where.text() + "' " + what;
    }

    const json& from_;
    const Path* path_;
    std::string& complaint_;
    bool lenient_; // fields may be missing
    size_t taken_ = 0; // keys or items that were there
    std::vector<const char*> keys_;
};

// --- the messages

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

template <class V> void fields(V& v, Of<V, BindRequest>& m) {
    v("as", m.as);
}
template <class V> void fields(V& v, Of<V, BindAnswer>& m) {
    v("values", m.values);
}

template <class V> void fields(V& v, Of<V, RunRequest>& m) {
    v("to", m.to);
    v("keep", m.keep);
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
    v("equal", m.equal);
    v("max_abs_error", m.max_abs);
    v("max_rel_error", m.max_rel);
    v("max_ulp_error", m.max_ulp);
    v("tolerance", m.tolerance);
    v("worst", m.worst);
    v("found", m.found);
    v("expected", m.expected);
    v("reason", m.reason);
}
template <class V> void fields(V& v, Of<V, CompareAnswer>& m) {
    outcome(v, m);
    v("rows", m.values);
    v.nullable("first_mismatch", m.first_mismatch);
    v("compared", m.compared);
    v("mismatched", m.mismatched);
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
    v("depth", m.depth);
    v("marks", m.marks);
    v("shapes", m.shapes);
    v("non_finite", m.non_finite);
}
template <class V> void items(V& v, Of<V, BegunStep>& m) {
    v.item(m.body);
    v.item(m.node);
    v.item(m.parent);
    v.item(m.depth);
    v.item(m.round);
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

} // namespace

template <class Message> json to_json(const Message& message) {
    return Writer::written(message);
}

template <class Message> Result<Message> from_json(const json& from) {
    Message message;
    std::string complaint;
    constexpr bool kIsRequest = requires {
        Message::kVerb;
    };
    Reader(from, nullptr, complaint, kIsRequest).read_object(from, message, nullptr);
    if (!complaint.empty())
        return make_error(Error::Kind::Damaged, std::move(complaint));
    return message;
}

Result<int> protocol_of(const json& answer) {
    int protocol = 0;
    std::string complaint;
    Reader reader(answer, nullptr, complaint, false);
    if (answer.is_object())
        reader("protocol", protocol);
    else
        complaint = "it is " + found(answer) + "; expected an object";
    if (!complaint.empty())
        return make_error(Error::Kind::Damaged, std::move(complaint));
    return protocol;
}

#define HOPSCOPE_MESSAGE(Message)                                                                            \
    template json to_json<Message>(const Message&);                                                          \
    template Result<Message> from_json<Message>(const json&);
#define HOPSCOPE_VERB(Verb)                                                                                  \
    HOPSCOPE_MESSAGE(Verb##Request)                                                                          \
    HOPSCOPE_MESSAGE(Verb##Answer)

HOPSCOPE_VERB(Initialize)
HOPSCOPE_VERB(Load)
HOPSCOPE_VERB(Bind)
HOPSCOPE_VERB(Run)
HOPSCOPE_VERB(Timing)
HOPSCOPE_VERB(Compare)
HOPSCOPE_VERB(KeepAsReference)
HOPSCOPE_VERB(Advance)
HOPSCOPE_MESSAGE(BeginRequest)
HOPSCOPE_VERB(Value)
HOPSCOPE_VERB(Figures)
HOPSCOPE_VERB(Save)
HOPSCOPE_VERB(Joint)
HOPSCOPE_VERB(Schema)
HOPSCOPE_VERB(Shutdown)
HOPSCOPE_MESSAGE(Description)

} // namespace hopscope::wire
