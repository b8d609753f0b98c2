// Records as PyTorch writes them, for tests that change one thing of them.
#pragma once

#include "tests/testdata.h"
#include <QCryptographicHash>

namespace hopscope::test {

inline const QByteArray kPrefix =
    "V0804 12:00:00.123000 4242 site-packages/torch/_dynamo/output_graph.py:2841] ";
inline const QByteArray kIds = R"("frame_id": 0, "frame_compile_id": 0, "attempt": 0)";
inline const QByteArray kGraph = "class GraphModule(torch.nn.Module):\n"
                                 "    def forward(self, L_x_: \"f32[2][1]cpu\"):\n"
                                 "        l_x_ = L_x_\n"
                                 "\n"
                                 "        # File: /w/t.py:3 in f, code: return x.sin()\n"
                                 "        sin: \"f32[2][1]cpu\" = l_x_.sin();  l_x_ = None\n"
                                 "        return (sin,)\n";

// A record as PyTorch writes it.
inline QByteArray record(
    const QByteArray& event, const QByteArray& ids = kIds, const QByteArray& prefix = kPrefix) {
    return prefix + '{' + event + (ids.isEmpty() ? "" : ", ") + ids + "}\n";
}

inline QByteArray record(
    const QByteArray& event, const QByteArray& ids, const QByteArray& payload, const QByteArray& prefix) {
    const QByteArray sum = QCryptographicHash::hash(payload, QCryptographicHash::Md5).toHex();
    QByteArray lines = payload;
    lines.replace('\n', "\n\t");
    return prefix + '{' + event + ", " + ids + ", \"has_payload\": \"" + sum + "\"}\n\t" + lines + '\n';
}

inline QByteArray graphRecord(const QByteArray& ids = kIds, const QByteArray& prefix = kPrefix) {
    return record(R"("dynamo_output_graph": {"sizes": {"sin": [2]}})", ids, kGraph, prefix);
}

inline QByteArray timerRecord(const QByteArray& name, char phase, double time) {
    return record(R"("chromium_event": {})", kIds,
        "{\n\"name\": \"" + name + "\",\n\"ts\": " + QByteArray::number(time, 'f', 1) + ",\n\"ph\": \""
            + phase + "\",\n\"tid\": 0\n}",
        kPrefix);
}

inline Result<Dump> openBytes(const QByteArray& bytes, const OpenOptions& options = {},
    const QString& name = QStringLiteral("trace.log")) {
    QTemporaryDir folder;
    const QString path = folder.filePath(name);
    if (!writeFile(path, bytes))
        return make_error(Error::Kind::CannotRead, "cannot write the test's file");
    return open_dump({path.toStdString()}, options); // stays mapped when the folder is gone
}

inline OpenOptions verifying() {
    OpenOptions options;
    options.verify_md5 = true;
    return options;
}

} // namespace hopscope::test
