// Whether bodies will run to their end, asked of an executor before they do.
#pragma once

#include "core/run/forecast.h"
#include "views/base/jobs.h"

#include <QObject>
#include <QString>

#include <map>
#include <memory>
#include <set>

namespace hopscope {

// Each graph is asked about once, as a job, in a worker of its own: a run that is stepped stays as it is.
// What was said is kept for as long as the dump is open. For the GUI thread.
class Forecasts : public QObject {
    Q_OBJECT

public:
    explicit Forecasts(JobRunner* jobs, QObject* parent = nullptr);

    // Forgets what was said of another dump.
    void setDump(std::shared_ptr<const Dump> dump);
    // Asks about a graph with all of its bodies, unless that is known or being asked.
    void ask(GraphId graph);
    bool asking(GraphId graph) const { return asked_.contains(graph.index) && !known_.contains(graph.index); }

    // Null where nothing is known, or nothing could be told.
    const run::Forecast* of(GraphId graph) const;
    const wire::ForecastNode* ofNode(const Place& node) const; // null too where it simply runs
    // What is told of a body: "runs to its end: …", "stops at …: why; what may help"; why nothing could be
    // told; empty where nothing is known.
    QString text(const Place& body) const;
    bool stops(const Place& body) const;
    QString nodeText(const Place& node) const;
    QString remedy(const Place& node) const; // what may help where it cannot be run; may be empty

Q_SIGNALS:
    void changed();

private:
    struct Said {
        std::shared_ptr<const run::Forecast> forecast;
        QString error;
    };

    JobRunner* jobs_;
    std::shared_ptr<const Dump> dump_;
    std::set<uint32_t> asked_; // graphs
    std::map<uint32_t, Said> known_;
};

} // namespace hopscope
