// The protocol's messages: each is read as it was written, and whatever is wrong in one is an error that says
// where, never an exception. The cases are made from a table of sound messages.
#include "core/wire/forecast.h"
#include "core/wire/message_json.h"

#include <nlohmann/json.hpp>

#include <QTest>

#include <cmath>
#include <functional>
#include <set>

using namespace hopscope;
using nlohmann::json;

namespace {

// A kind of message: how it is read, and written again.
struct Kind {
    std::function<Result<json>(const json&)> through;
    bool request = false; // its fields may be missing
};
template <class Message> Kind kind() {
    return {[](const json& from) -> Result<json> {
                const auto message = wire::from_json<Message>(from);
                return message ? Result<json>(wire::to_json(*message)) : Result<json>(message.error());
            },
        requires {Message::kVerb;
}
}; // namespace
}

constexpr const char* kFailure =
    R"({"body":"b","node":"mm","target":"aten.mm.default","path":"call/mm","message":"no","unsupported":false})";
constexpr const char* kRow =
    R"({"name":"call/mm","body":1,"node":2,"dtype":"float32","verdict":"suspicious","equal":false,
    "max_abs_error":"inf","max_rel_error":0.5,"max_ulp_error":"nan","tolerance":1e-6,"worst":[0,1],
    "found":"-inf","expected":1.5,"exact":1.25,"own_error":"inf","expected_error":0.25,"floor":1e-7,"times":31.5,
    "reason":"shape","strides":"stride (1), recorded (2) there","why":"why"})";
constexpr const char* kTensor = R"("dtype":"float32","shape":[2,3],"stride":[3,1],"bytes":24,"nan":0,"inf":1,
    "zero":2,"min":null,"max":2.5,"mean":0.0,"std":1.0)";

struct Sound {
    const char* name;
    Kind kind;
    std::string text;
    std::set<std::string> optional; // fields that may be missing
};

std::string list(std::initializer_list<std::string> parts) {
    std::string all = "{";
    for (const std::string& part : parts)
        all += (all.size() > 1 ? "," : "") + part;
    return all + "}";
}
std::string failure() {
    return std::string("\"failure\":") + kFailure;
}
std::string outcome() {
    return R"("nodes":7,"run":6,"widened":1,)" + failure();
}

const std::vector<Sound>& sound() {
    static const std::vector<Sound> all{
        {"initialize", kind<wire::InitializeRequest>(), R"({"protocol":2})", {}},
        {"initialize answers", kind<wire::InitializeAnswer>(),
            R"({"libtorch":"1.13.1","protocol":2,"threads":1,"operators":2400,"composed":["prims.iota"],
                "memory":1024,"sandbox":true})",
            {}},
        {"load", kind<wire::LoadRequest>(),
            R"({"text":"def forward(self):","symbols":{"s0":8},"keep_reference":true})", {}},
        {"load answers", kind<wire::LoadAnswer>(),
            R"({"bodies":["","b"],"inputs":["x"],"mutates":false,"moved":true,
                "unsupported":[{"body":"b","node":"n","target":"demo.op","reason":"unknown"}]})",
            {}},
        {"forecast answers", kind<wire::ForecastAnswer>(),
            R"({"libtorch":"1.13.1","graphs":[{"bodies":["","b"],"problem":"","nodes":[{"body":1,"node":2,
                "fate":"cannot","obstacle":"no_kernel","reason":"no kernel"}]}]})",
            {}},
        {"bind", kind<wire::BindRequest>(), R"({"as":"reference"})", {}},
        {"bind answers", kind<wire::BindAnswer>(), R"({"values":3})", {}},
        {"run", kind<wire::RunRequest>(),
            R"({"to":"mm","keep":true,"only":["mm"],"repeat":3,"seed":1,"float64":true})", {}},
        {"run answers", kind<wire::RunAnswer>(), list({outcome(), R"("best_ms":0.5,"wall_ms":1.25)"}),
            {"failure"}},
        {"timing", kind<wire::TimingRequest>(), R"({"repeat":5,"seed":2})", {}},
        {"timing answers", kind<wire::TimingAnswer>(),
            list({outcome(), R"("rows":[{"body":0,"node":1,"calls":2,"median_us":1.5,"total_us":3.0}],
                "repeat":5,"wall_ms":2.0)"}),
            {"failure"}},
        {"compare", kind<wire::CompareRequest>(),
            R"({"alone":true,"strict":true,"seed":1,"float64":false,"any_dtype":true,"tolerances":{"float32":1e-5}})",
            {}},
        {"compare answers", kind<wire::CompareAnswer>(),
            list({outcome(), std::string("\"rows\":[") + kRow + "],\"first_mismatch\":" + kRow,
                R"("compared":1,"mismatched":1,"alone":true,"max_abs_error":"inf","max_rel_error":0.5,"max_ulp_error":2.0,
                "random":["dropout"],"wall_ms":3.5)"}),
            {"failure"}},
        {"keep_as_reference", kind<wire::KeepAsReferenceRequest>(), "{}", {}},
        {"keep_as_reference answers", kind<wire::KeepAsReferenceAnswer>(), R"({"values":4})", {}},
        {"begin", kind<wire::BeginRequest>(), R"({"seed":1,"keep_bytes":300,"recorded_random":true})", {}},
        {"advance", kind<wire::AdvanceRequest>(),
            R"({"steps":1,"depth":0,"marks":[[0,3]],"shapes":[[2,3],[]],"non_finite":true})", {}},
        {"advance answers", kind<wire::AdvanceAnswer>(),
            list({R"("begun":[[0,1,-1,0,-1],[1,0,0,1,2]],"complete":true,"cancelled":false,
                "ended":[{"step":0,"end":2,"values":1,"tuple":false,"random":false,"nan":true,"inf":false,
                "bytes":24,"live":48,"us":1.5,"shape":[2,3]}])",
                failure()}),
            {"failure"}},
        {"value", kind<wire::ValueRequest>(),
            R"({"name":"mm","step":3,"item":0,"histogram":48,"start":[0],"count":[4]})",
            {"name", "step", "item", "histogram", "start", "count"}},
        {"value answers with a tensor", kind<wire::ValueAnswer>(),
            list(
                {kTensor, R"("histogram":{"low":-1.0,"high":2.0,"counts":[1,2]},"slice":[1.5,"nan","inf"])"}),
            {"histogram", "slice"}},
        {"value answers with an empty tensor", kind<wire::ValueAnswer>(),
            R"({"dtype":"int64","shape":[0],"stride":[1],"bytes":0})", {}},
        {"value answers with a number", kind<wire::ValueAnswer>(), R"({"python":"int","value":8.0})", {}},
        {"value answers with a list", kind<wire::ValueAnswer>(),
            R"({"python":"list","value":null,"items":2})", {"items"}},
        {"figures", kind<wire::FiguresRequest>(), "{}", {}},
        {"figures answers", kind<wire::FiguresAnswer>(),
            R"({"rows":[{"name":"mm",)" + std::string(kTensor)
                + R"(},{"name":"n","python":"float","value":"nan"}]})",
            {}},
        {"save", kind<wire::SaveRequest>(), R"({"position":7})", {"position"}},
        {"save answers", kind<wire::SaveAnswer>(), R"({"values":4,"bytes":4096})", {}},
        {"joint", kind<wire::JointRequest>(),
            R"({"requires_grad":[true,false],"outputs":1,"tangent_strides":[[3,1]],"seed":1})", {"outputs"}},
        {"joint answers", kind<wire::JointAnswer>(),
            R"({"placeholders":[{"name":"x","type":"f32[2]","attribute":false}],
                "nodes":[{"text":"mul = x","forward":"mul","backward_of":"call/mul"}],"returned":"mul",
                "requires_grad":[true],"outputs":[{"kind":"tensor","needs_gradient":true}],"heard":3,"run":2})",
            {"forward", "backward_of"}},
        {"joint answers with a failure", kind<wire::JointAnswer>(), list({failure()}), {}},
        {"schema", kind<wire::SchemaRequest>(), R"({"seed":1})", {}},
        {"schema answers", kind<wire::SchemaAnswer>(),
            list({outcome(), R"("arguments":[{"name":"a","type":"Tensor","mutated":true,"changed":false}],
                "returns":[{"type":"Tensor","aliases_argument":0,"aliases_return":null}])"}),
            {"failure"}},
        {"shutdown", kind<wire::ShutdownRequest>(), "{}", {}},
        {"shutdown answers", kind<wire::ShutdownAnswer>(), "{}", {}},
        {"description", kind<wire::Description>(),
            R"({"libtorch":"2.13.0","protocol":2,"composed":[],"operators":["aten.mm.default"]})", {}},
    };
    return all;
}

// Every value of a message, with its place and the key that it stands under.
void each(json& at, const std::string& key, const std::function<void(json&, const std::string&)>& see) {
    see(at, key);
    if (at.is_object())
        for (auto& [name, below] : at.items())
            each(below, name, see);
    if (at.is_array())
        for (json& below : at)
            each(below, key, see);
}

// Objects whose keys are free.
bool is_map(const std::string& key) {
    return key == "symbols" || key == "tolerances";
}

} // namespace

class TestMessages : public QObject {
    Q_OBJECT

private slots:
    void readsWhatItWrites_data() { rows(); }
    void readsWhatItWrites();
    void tellsMissingFields_data() { rows(); }
    void tellsMissingFields();
    void tellsOtherFields_data() { rows(); }
    void tellsOtherFields();
    void tellsOtherTypes_data() { rows(); }
    void tellsOtherTypes();
    void tellsWhatIsCut_data() { rows(); }
    void tellsWhatIsCut();
    void saysWhere();
    void keepsNumbers();

private:
    void rows() {
        QTest::addColumn<int>("index");
        for (size_t i = 0; i < sound().size(); ++i)
            QTest::newRow(sound()[i].name) << static_cast<int>(i);
    }
};

void TestMessages::readsWhatItWrites() {
    QFETCH(int, index);
    const Sound& one = sound()[static_cast<size_t>(index)];
    const json message = json::parse(one.text);
    const auto again = one.kind.through(message);
    QVERIFY2(again.ok(), again.error().message.c_str());
    QCOMPARE(QByteArray::fromStdString(again->dump()), QByteArray::fromStdString(message.dump()));
    // What may be left out of a request has a value of its own.
    if (one.kind.request)
        QVERIFY(one.kind.through(json::object()).ok());
}

void TestMessages::tellsMissingFields() {
    QFETCH(int, index);
    const Sound& one = sound()[static_cast<size_t>(index)];
    json message = json::parse(one.text);
    // A copy without one key, for each key of each object.
    each(message, "", [&](json& at, const std::string& key) {
        if (!at.is_object() || is_map(key))
            return;
        const json before = at;
        for (const auto& [name, ignored] : before.items()) {
            at.erase(name);
            const auto read = one.kind.through(message);
            const bool may = one.kind.request || one.optional.contains(name);
            QVERIFY2(read.ok() == may, (name + ": " + read.error().message).c_str());
            if (!read) // that one is missing, or those that stand or fall with it are there alone
                QVERIFY2(read.error().message.find("is missing") != std::string::npos
                        || read.error().message.find("no such field") != std::string::npos,
                    read.error().message.c_str());
            at = before;
        }
    });
}

void TestMessages::tellsOtherFields() {
    QFETCH(int, index);
    const Sound& one = sound()[static_cast<size_t>(index)];
    json message = json::parse(one.text);
    each(message, "", [&](json& at, const std::string& key) {
        if (!at.is_object() || is_map(key))
            return;
        at["extra"] = 1;
        const auto read = one.kind.through(message);
        QVERIFY(!read.ok());
        QVERIFY2(read.error().message.find("extra' was found; there is no such field") != std::string::npos,
            read.error().message.c_str());
        at.erase("extra");
    });
}

void TestMessages::tellsOtherTypes() {
    QFETCH(int, index);
    const Sound& one = sound()[static_cast<size_t>(index)];
    json message = json::parse(one.text);
    const std::vector<json> others{nullptr, true, "text", -1, 1.5, uint64_t{18446744073709551615u},
        json::array(), json::array({json::object()}), json::object(), json::object({{"a", json::array()}})};
    int refused = 0;
    each(message, "", [&](json& at, const std::string&) {
        const json before = at;
        for (const json& other : others) {
            at = other;
            const auto read = one.kind.through(message); // must come back, whatever it says
            refused += !read.ok();
            // What is read all the same is of the right kind.
            const bool number = before.is_number() && other.is_number();
            const bool figure = (before.is_number_float() || before.is_string()) && other.is_number();
            const bool absent = other.is_null();
            if (read.ok())
                QVERIFY2(other.type() == before.type() || number || figure || absent
                        || (other.is_array() && before.is_array()) || (before.is_null() && other.is_number())
                        || (other.is_object() && before.is_object()),
                    ("took " + other.dump() + " for " + before.dump()).c_str());
        }
        at = before;
    });
    QVERIFY(refused > 3);
}

void TestMessages::tellsWhatIsCut() {
    QFETCH(int, index);
    const Sound& one = sound()[static_cast<size_t>(index)];
    const std::string text = json::parse(one.text).dump();
    for (size_t length = 0; length < text.size(); ++length)
        QVERIFY(!one.kind.through(json::parse(text.substr(0, length), nullptr, false)).ok());
}

void TestMessages::saysWhere() {
    json message = json::parse(sound()[3].text);
    message["unsupported"][0]["node"] = 7;
    const auto read = wire::from_json<wire::LoadAnswer>(message);
    QVERIFY(!read.ok());
    QCOMPARE(read.error().kind, Error::Kind::Damaged);
    QCOMPARE(read.error().message, std::string("'unsupported[0].node' is 7; expected a text"));
    const auto none = wire::from_json<wire::LoadAnswer>(json::array({1}));
    QCOMPARE(none.error().message, std::string("'the message' is a list of 1; expected an object"));
}

void TestMessages::keepsNumbers() {
    wire::ValueAnswer value;
    value.dtype = "float64";
    value.slice = std::vector<double>{NAN, INFINITY, -INFINITY, 0.1, -0.0, 1e308};
    const auto read = wire::from_json<wire::ValueAnswer>(wire::to_json(value));
    QVERIFY(read.ok());
    const std::vector<double>& s = *read->slice;
    QVERIFY(std::isnan(s[0]) && s[1] == INFINITY && s[2] == -INFINITY && s[3] == 0.1 && std::signbit(s[4])
        && s[5] == 1e308);
    wire::RunRequest run;
    run.seed = UINT64_MAX;
    QCOMPARE(wire::from_json<wire::RunRequest>(wire::to_json(run))->seed, UINT64_MAX);
}

QTEST_GUILESS_MAIN(TestMessages)
#include "tst_messages.moc"
