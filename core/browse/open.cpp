#include "core/browse/open.h"

#include "core/read/open.h"
#include "core/regions/ledger.h"

namespace hopscope {

Result<Opened> open_document(const std::vector<std::string>& paths, const Job& job) {
    Opened opened;
    Result<Dump> dump = make_error(Error::Kind::Usage, "no file is named");
    if (paths.size() == 1 && is_session_file(paths.front())) {
        Result<std::unique_ptr<Session>> session = Session::open(paths.front(), OpenMode::Write);
        if (!session)
            return session.error();
        opened.session = std::move(*session);
        dump = opened.session->load(job);
    } else {
        dump = open_any(paths, {}, job);
    }
    if (!dump)
        return dump.error();
    if ((job.cancelled() || dump->cancelled) && dump->graphs.empty())
        return make_error(Error::Kind::Cancelled, "reading was cancelled");
    auto shared = std::make_shared<const Dump>(std::move(*dump));
    auto ledger = std::make_shared<const Ledger>(build_ledger(*shared));
    opened.document = std::make_shared<const Document>(std::move(shared), std::move(ledger));
    return opened;
}

} // namespace hopscope
