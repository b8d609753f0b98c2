#include "core/browse/open.h"

#include "core/explain/lint.h"
#include "core/read/open.h"
#include "core/read/paste.h"
#include "core/regions/ledger.h"

namespace hopscope {

namespace {
Result<Opened> opened(Result<Dump> dump, std::unique_ptr<Session> session, const Job& job) {
    if (!dump)
        return dump.error();
    if ((job.cancelled() || dump->cancelled) && dump->graphs.empty())
        return make_error(Error::Kind::Cancelled, "reading was cancelled");
    Opened opened;
    opened.session = std::move(session);
    auto shared = std::make_shared<const Dump>(std::move(*dump));
    auto ledger = std::make_shared<Ledger>(build_ledger(*shared));
    for (Problem& found : lint(*shared, *ledger))
        ledger->problems.push_back(std::move(found));
    opened.document = std::make_shared<const Document>(std::move(shared), std::move(ledger));
    return opened;
}
} // namespace

Result<Opened> open_document(const std::vector<std::string>& paths, const Job& job) {
    if (paths.empty())
        return make_error(Error::Kind::Usage, "no file is named");
    if (paths.size() > 1 || !is_session_file(paths.front()))
        return opened(open_any(paths, {}, job), nullptr, job);
    Result<std::unique_ptr<Session>> session = Session::open(paths.front(), OpenMode::Write);
    if (!session)
        return session.error();
    Result<Dump> dump = (*session)->load(job);
    return opened(std::move(dump), std::move(*session), job);
}

Result<Opened> open_pasted(std::string name, std::string bytes, const Job& job) {
    return opened(open_bytes(std::move(name), std::move(bytes), {}, job), nullptr, job);
}

std::shared_ptr<const Document> with_payload_problems(
    const Document& document, const std::vector<Problem>& found) {
    auto checked = std::make_shared<Dump>(document.dump());
    checked->payloads.clear();
    checked->problems.insert(checked->problems.end(), found.begin(), found.end());
    return document.with(std::move(checked));
}

} // namespace hopscope
