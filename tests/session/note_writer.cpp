// hopscope_note_writer SESSION: adds notes until it is killed, telling each id once it is acknowledged.
#include "core/session/session.h"

#include <cstdio>

int main(int argc, char** argv) {
    using namespace hopscope;
    auto session = Session::open(argc > 1 ? argv[1] : "");
    if (!session.ok())
        return 3;
    const auto dump = (*session)->load();
    if (!dump.ok())
        return 3;
    for (int n = 0;; ++n) {
        const auto id = (*session)->add_note(*dump, "0/0:forward@getitem", "note " + std::to_string(n));
        if (!id.ok()) {
            std::fprintf(stderr, "%s\n", id.error().text().c_str());
            return 1;
        }
        std::printf("%lld\n", static_cast<long long>(*id));
        std::fflush(stdout);
    }
}
