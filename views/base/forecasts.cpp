#include "views/base/forecasts.h"

#include "views/base/text.h"

#include <QPointer>

namespace hopscope {

Forecasts::Forecasts(JobRunner* jobs, QObject* parent)
    : QObject(parent)
    , jobs_(jobs) { }

void Forecasts::setDump(std::shared_ptr<const Dump> dump) {
    if (dump == dump_)
        return;
    dump_ = std::move(dump);
    asked_.clear();
    known_.clear();
    Q_EMIT changed();
}

void Forecasts::ask(GraphId graph) {
    if (!dump_ || !graph || !asked_.insert(graph.index).second)
        return;
    auto said = std::make_shared<Said>();
    const auto work = [dump = dump_, graph, said](const Job& job) {
        auto told = run::forecast(*dump, {graph, BodyId(0), {}}, {}, {}, job);
        if (told)
            said->forecast = std::make_shared<const run::Forecast>(std::move(*told));
        else
            said->error = qs(told.error().text());
    };
    jobs_->start(tr("Asking whether it will run"), work,
        [this, here = QPointer<Forecasts>(this), dump = dump_, graph, said] {
            if (!here || dump != dump_)
                return; // another one is open
            known_[graph.index] = *said;
            Q_EMIT changed();
        });
    Q_EMIT changed();
}

const run::Forecast* Forecasts::of(GraphId graph) const {
    const auto found = known_.find(graph.index);
    return found == known_.end() ? nullptr : found->second.forecast.get();
}

const wire::ForecastNode* Forecasts::ofNode(const Place& node) const {
    const run::Forecast* told = node.node ? of(node.graph) : nullptr;
    return told ? told->find(node.body, node.node) : nullptr;
}

QString Forecasts::text(const Place& body) const {
    const auto found = known_.find(body.graph.index);
    if (found == known_.end())
        return {};
    if (!found->second.forecast)
        return tr("Whether it will run could not be told: %1").arg(found->second.error);
    const run::Forecast& told = *found->second.forecast;
    return tr("On libtorch %1 it %2.")
        .arg(qs(told.libtorch), qs(run::text(told, run::of_body(told, body.body))));
}

bool Forecasts::stops(const Place& body) const {
    const run::Forecast* told = of(body.graph);
    return told && !run::of_body(*told, body.body).runs();
}

QString Forecasts::nodeText(const Place& node) const {
    const wire::ForecastNode* found = ofNode(node);
    return found ? qs(run::text(*of(node.graph), *found)) : QString();
}

QString Forecasts::remedy(const Place& node) const {
    const wire::ForecastNode* found = ofNode(node);
    return found ? qs(run::remedy(*found, of(node.graph)->libtorch)) : QString();
}

} // namespace hopscope
