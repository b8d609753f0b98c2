#include "core/read/payloads.h"

#include "core/base/text.h"
#include "core/read/lines.h"

#include <array>
#include <map>
#include <md5.h>

namespace hopscope {

std::string read::payload_md5(std::string_view tabbed, bool newline) {
    MD5_CTX context;
    MD5Init(&context);
    Lines lines(tabbed, true);
    const auto add = [&](std::string_view text) {
        MD5Update(&context, reinterpret_cast<const uint8_t*>(text.data()), text.size());
    };
    for (bool first = true; lines.next(); first = false) {
        if (!first)
            add("\n");
        add(lines.line());
    }
    if (newline)
        add("\n");
    std::array<char, MD5_DIGEST_STRING_LENGTH> sum{};
    MD5End(&context, sum.data());
    return sum.data();
}

std::vector<Problem> check_payloads(const std::vector<Payload>& payloads, const Job& job) {
    constexpr size_t kMost = 20; // a file that was edited throughout is said to be so once
    std::vector<Problem> problems;
    std::map<FileId, size_t> wrong;
    uint64_t total = 0, done = 0;
    for (const Payload& payload : payloads)
        total += payload.text.size();
    for (const Payload& payload : payloads) {
        if (job.cancelled())
            break;
        const std::string sum = read::payload_md5(payload.text);
        done += payload.text.size();
        job.report(done, total, "checking");
        if (sum == payload.md5 || ++wrong[payload.file] > kMost)
            continue;
        problems.push_back({Severity::Warning,
            "the payload of " + payload.what + " has md5 " + sum + ", its record says " + payload.md5
                + ": it was changed after PyTorch wrote it, or damaged",
            payload.file, payload.line, payload.offset});
    }
    for (const auto& [file, count] : wrong)
        if (count > kMost)
            problems.push_back({Severity::Warning,
                counted(count - kMost, "more payload") + " of graphs with another md5 than "
                    + (count - kMost == 1 ? "its record says" : "their records say"),
                file, 0, 0});
    return problems;
}

} // namespace hopscope
