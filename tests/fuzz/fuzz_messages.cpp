// Fuzzes what comes from an executor: the framing, fed in pieces, and every answer, which reads or is
// refused, and is the same when it is written and read again.
#include "core/wire/framing.h"
#include "core/wire/message_json.h"

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using namespace hopscope;
using Json = nlohmann::json;

template <class Message> void read(const Json& json) {
    const auto message = wire::from_json<Message>(json);
    if (!message)
        return;
    const Json written = wire::to_json(*message);
    const auto again = wire::from_json<Message>(written);
    if (!again
        || wire::to_json(*again).dump(-1, ' ', false, Json::error_handler_t::replace)
            != written.dump(-1, ' ', false, Json::error_handler_t::replace))
        std::abort();
}

template <class... Messages> void read_each(const Json& json) {
    (read<Messages>(json), ...);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    wire::FrameReader reader;
    std::string text;
    for (size_t at = 0; at < size; at += 1 + size / 7) {
        reader.feed(bytes.substr(at, 1 + size / 7));
        for (size_t i = 0; i <= size && reader.next(text) != wire::FrameReader::Outcome::More; ++i) { }
    }
    const Json json = Json::parse(bytes, nullptr, false);
    if (json.is_discarded())
        return 0;
    (void)wire::protocol_of(json);
    read_each<wire::InitializeAnswer, wire::LoadAnswer, wire::BindAnswer, wire::RunAnswer, wire::TimingAnswer,
        wire::CompareAnswer, wire::AdvanceAnswer, wire::ValueAnswer, wire::FiguresAnswer, wire::SaveAnswer,
        wire::JointAnswer, wire::SchemaAnswer, wire::RunRequest, wire::CompareRequest, wire::AdvanceRequest>(
        json);
    return 0;
}
