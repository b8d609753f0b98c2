#include "core/wire/message_json.h"

#include "core/wire/message_fields.h"
#include "core/wire/numbers.h"

#include <nlohmann/json.hpp>

#include <limits>
#include <type_traits>

namespace hopscope::wire {

using nlohmann::json;

namespace {

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
    // -1 where there is none: a number from 0 on may stand among others that are always there.
    template <class T> void number(const char* key, const std::optional<T>& value) {
        out[key] = value ? json(*value) : json(-1);
    }
    template <class T> void number_item(const std::optional<T>& value) {
        out.push_back(value ? json(*value) : json(-1));
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
    static const char* name_of(Verdict verdict) { return wire::name_of(verdict); }
    static const char* name_of(Fate fate) { return wire::name_of(fate); }
    static const char* name_of(Obstacle obstacle) { return wire::name_of(obstacle); }
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
    template <class T> void number(const char* key, std::optional<T>& value) {
        const Path here{path_, key};
        if (const json* at = take(key); at && !(lenient_ && at->is_null()))
            read_number(*at, value, here);
        else if (!lenient_)
            complain(here, "is missing");
    }
    template <class T> void number_item(std::optional<T>& value) {
        const Path here{path_, nullptr, taken_};
        if (taken_ < from_.size())
            read_number(from_[taken_], value, here);
        ++taken_;
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

    // -1: none.
    template <class T> void read_number(const json& at, std::optional<T>& value, const Path& here) {
        if (complaint_.empty() && at != -1)
            read_integer(at, value.emplace(), here);
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

    void read_name(const json& at, Verdict& value, const Path& here) {
        if (!read_one(at, value, Verdict::NotCompared, Verdict::WrongShape))
            complain(here, "is " + found(at) + "; expected a verdict, as \"same\"");
    }
    void read_name(const json& at, Fate& value, const Path& here) {
        if (!read_one(at, value, Fate::Runs, Fate::Cannot))
            complain(here, "is " + found(at) + "; expected a fate, as \"runs\"");
    }
    void read_name(const json& at, Obstacle& value, const Path& here) {
        if (!read_one(at, value, Obstacle::None, Obstacle::Refused))
            complain(here, "is " + found(at) + "; expected an obstacle, as \"no_kernel\"");
    }
    // By its name among those from the first to the last.
    template <class Enum> static bool read_one(const json& at, Enum& value, Enum first, Enum last) {
        for (auto each = first; each <= last; each = static_cast<Enum>(static_cast<int>(each) + 1))
            if (at == wire::name_of(each)) {
                value = each;
                return true;
            }
        return false;
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
HOPSCOPE_MESSAGE(ForecastRequest)
HOPSCOPE_MESSAGE(ForecastAnswer)

} // namespace hopscope::wire
