// hopscope check: whether everything in a session is as it was written.
#include "app/cli/cli.h"

#include "core/base/text.h"
#include "core/session/session.h"

#include <cstdio>

namespace hopscope::cli {

namespace {

int damaged(const std::string& path, const std::vector<Problem>& problems) {
    for (const Problem& p : problems)
        std::printf("%s: %s\n", std::string(severity_name(p.severity)).c_str(), p.message.c_str());
    std::printf("%s: %s\n", path.c_str(), counted(problems.size(), "problem").c_str());
    return kDiffers;
}

int run(const std::string& path) {
    const auto session = Session::open(path, OpenMode::Read);
    if (!session && session.error().kind == Error::Kind::Damaged)
        return damaged(
            path, {Problem{.severity = Severity::Error, .message = session.error().message, .file = {}}});
    if (!session)
        return fail(session.error());
    const auto problems = (*session)->check(interruptible());
    if (!problems)
        return fail(problems.error());
    if (!problems->empty())
        return damaged(path, *problems);
    std::printf("%s: sound\n", path.c_str());
    return kDone;
}

} // namespace

void add_check(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("check", "Check the integrity of a session");
    static std::string path;
    command->add_option("SESSION", path, "A .hopscope file")->required();
    command->callback([&action] { action = [] { return run(path); }; });
}

} // namespace hopscope::cli
