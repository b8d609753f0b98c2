// A worker that answers what it was told to: a script, for answers that no real one gives.
#pragma once

#include "tests/testdata.h"

#include "core/wire/framing.h"
#include "core/wire/protocol.h"

#include <QFile>
#include <QTemporaryDir>

#include <string>
#include <vector>

namespace hopscope::test {

// Sound answers for a graph without regions. PROTOCOL stands for the version of this build.
inline const std::string kInitializeAnswer =
    R"({"libtorch":"9.9.9","protocol":PROTOCOL,"threads":1,"operators":1,"composed":[],"memory":0,"sandbox":true})";
inline const std::string kLoadAnswer =
    R"({"bodies":[""],"inputs":["x"],"unsupported":[],"mutates":false,"moved":false})";
inline const std::string kBindAnswer = R"({"values":1})";

class FakeWorker {
public:
    // `results`: of the requests in turn, each the JSON of a result; what is asked after them is
    // never answered.
    // One that begins with '!' is sent as it stands, framed ("!{{{" is no JSON), one with '+' before the next
    // one, in the same breath.
    explicit FakeWorker(std::vector<std::string> results) {
        std::string before;
        size_t number = 0;
        for (std::string text : results) {
            if (text.starts_with('+')) {
                before = text.substr(1);
                continue;
            }
            if (const size_t at = text.find("PROTOCOL"); at != std::string::npos)
                text.replace(at, 8, std::to_string(wire::kProtocol));
            const std::string id = std::to_string(++number);
            text = text.starts_with('!') ? text.substr(1)
                                         : R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":)" + text + "}";
            writeFile(file(id), QByteArray::fromStdString(before + wire::framed(text)));
            before.clear();
        }
        // Reads a request, header and content, and sends the next answer.
        writeFile(file("worker"),
            "#!/bin/sh\n"
            "here=${0%/*}\n"
            "i=0\n"
            "while IFS= read -r header; do\n"
            "    length=$(printf %s \"${header#*: }\" | tr -d '\\r')\n"
            "    IFS= read -r empty\n"
            "    head -c \"$length\" > /dev/null\n"
            "    i=$((i + 1))\n"
            "    if [ -e \"$here/$i\" ]; then cat \"$here/$i\"; else sleep 60; fi\n"
            "done\n");
        QFile::setPermissions(file("worker"), QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    }
    std::string program() const { return file("worker").toStdString(); }

private:
    QString file(const std::string& name) const { return folder_.filePath(QString::fromStdString(name)); }
    QTemporaryDir folder_;
};

} // namespace hopscope::test
