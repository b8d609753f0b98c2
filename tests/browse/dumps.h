// Recorded dumps for the tests of the views.
#pragma once

#include "core/browse/document.h"
#include "core/read/open.h"
#include "core/regions/ledger.h"

#include <QDir>
#include <QString>
#include <QTest>

#include <memory>

namespace hopscope {

// The trace of a recording in tests/data.
inline QString tracePath(const QString& name) {
    return QStringLiteral(HOPSCOPE_TEST_DATA "/") + name + QStringLiteral("/trace");
}

inline std::shared_ptr<const Document> openDocument(const QString& name) {
    Result<Dump> dump = open_dump({tracePath(name).toStdString()});
    if (!dump) {
        QTest::qFail(dump.error().text().c_str(), __FILE__, __LINE__);
        return nullptr;
    }
    auto shared = std::make_shared<const Dump>(std::move(*dump));
    auto ledger = std::make_shared<const Ledger>(build_ledger(*shared));
    return std::make_shared<const Document>(std::move(shared), std::move(ledger));
}

// The same document with a copy of its first graph laid over it, as a derived graph would be.
inline std::shared_ptr<const Document> withDerived(const Document& document, GraphId* id) {
    auto wider = std::make_shared<Dump>(document.dump());
    Graph graph = wider->graphs.front();
    *id = GraphId(wider->graphs.size());
    graph.label = "derived";
    graph.ordinal = 0;
    for (const GraphId other : wider->compilation(graph.compilation).graphs)
        graph.ordinal += wider->graph(other).stage == graph.stage;
    wider->compilations[graph.compilation.index].graphs.push_back(*id);
    wider->graphs.push_back(std::move(graph));
    return document.with(std::move(wider));
}

} // namespace hopscope
