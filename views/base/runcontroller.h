// One run of one body: starts the worker, steps it, fetches values, and says what became of it.
//
// Whatever asks the worker is a job of JobRunner, one at a time and in order; the GUI thread never waits.
// Views read a copy of the stepper that is taken after each job, so that nothing they look at moves under
// them. All functions are for the GUI thread; all signals come there.
#pragma once

#include "core/run/compare.h"
#include "core/run/request.h"
#include "core/run/stepper.h"
#include "core/run/store.h"
#include "core/run/timing.h"
#include "views/base/jobs.h"

#include <QObject>
#include <QString>
#include <QStringList>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace hopscope {

using run::ValueQuery;

// What came of it.
struct ValueAnswer {
    wire::ValueAnswer value;
    QString error; // empty = `value` holds
};

class RunController : public QObject {
    Q_OBJECT

public:
    enum class State {
        None, // nothing runs
        Starting,
        Ready, // it can be stepped
        Died, // the worker is gone: diedAt() says where, restart() starts anew
        Failed, // it could not be started: error() says why
    };
    enum class Move {
        Run,
        Over,
        Into,
        Out,
        NonFinite,
        BackRun,
        BackOver,
        BackInto,
        BackOut,
        BackNonFinite,
    };

    explicit RunController(JobRunner* jobs, QObject* parent = nullptr);
    ~RunController() override;

    // Starts `request` on a graph of the dump; ends what ran before. Breakpoints of the same graph stay.
    void start(std::shared_ptr<const Dump> dump, const run::Request& request);
    // Starts the same request anew and goes to where the run stands (or stood when the worker died).
    void restart();
    void stop();

    State state() const { return state_; }
    bool active() const { return state_ == State::Ready || state_ == State::Died; }
    bool busy() const { return running_ != 0; }
    bool idle() const { return !busy() && tasks_.empty() && wanted_.empty(); }
    const run::Request& request() const { return request_; }
    QString error() const { return error_; } // Failed, Died: the whole text
    Error::Kind errorKind() const { return errorKind_; } // likewise
    QString diedAt() const { return diedAt_; } // "mm_3 (aten.mm.default) in block"; empty = not told
    // What the person should know of this run: symbols that took a default, operators that are composed.
    QStringList notes() const { return notes_; }
    QString executor() const { return executor_; } // "libtorch 1.13.1 · path"
    bool synthetic() const { return synthetic_; }
    QString inputsText() const; // "synthetic inputs, seed 1", "inputs of a.safetensors"

    // The run as it stands; null before it has begun. Const functions only.
    std::shared_ptr<const run::Stepper> stepper() const { return view_; }
    const run::Stop& lastStop() const { return stop_; }
    GraphId graph() const { return graph_; } // whose body runs
    const GraphModule* module() const { return module_.get(); }
    std::string address() const { return address_; }
    int64_t workerPid() const; // 0 = none
    std::shared_ptr<const run::Prepared> prepared() const;
    size_t totalSteps() const; // of the whole run; an estimate until the run is complete
    Place placeOf(size_t step) const;
    Place next() const; // the node that runs next; none at the end
    // The node that made a value last where the run stands, a call rather than what is in it; none at the
    // start of a body.
    std::optional<size_t> ranLast() const;

    // --- moves. While one runs, further ones wait their turn (sixteen at most); of scrubs only the last
    // counts.
    void move(Move move);
    void runTo(BodyId body, NodeId node, bool back = false);
    void scrub(size_t position); // beyond the frontier it is computed
    void goBehind(const std::string& path); // the step of this key ("call/mm", "split#1") ran last then
    void computeAll(); // to the end, whatever breakpoints say; the position stays
    void cancel(); // what runs now; the position is where it came to

    // --- breakpoints of one graph: the one that runs, else the one that was set last. Each graph keeps its
    // own, as long as the dump is open.
    const std::vector<run::Breakpoint>& breakpoints() const;
    GraphId breakpointGraph() const { return breakGraph_; }
    void setBreakpointGraph(GraphId graph);
    void forgetBreakpoints() { breakpoints_.clear(); }
    void toggleBreakpoint(const run::Breakpoint& breakpoint);
    void enableBreakpoint(size_t index, bool on);
    void removeBreakpoint(size_t index);

    // --- values. What was fetched once is kept as long as the run; `answer` is null until it is there.
    const ValueAnswer* answer(const ValueQuery& query) const;
    // Fetches what is not there yet. A view names itself by `owner`: its earlier wishes are dropped.
    void want(const QString& owner, const std::vector<ValueQuery>& queries);

    // Compares the body that runs, on its inputs, with something else, in a worker of its own: the run that
    // is stepped stays as it is. With another run the place is the same and `seed` or `inputs` are the
    // other's.
    struct CompareOptions {
        run::CompareRequest::Against against = run::CompareRequest::Against::Float64;
        std::string reference; // Recorded: a file of values
        std::optional<uint64_t> seed; // Run: of the other's synthetic inputs
        std::string inputs; // Run: the other's recorded ones
        std::optional<bool> alone; // Recorded: node by node; none = unless tolerances are given
        std::map<std::string, double> tolerances;
    };
    void compare(const CompareOptions& options);
    const std::shared_ptr<const run::RunComparison>& comparison() const { return comparison_; }
    QString compareError() const { return compareError_; }

    void measure(int repeat);
    const run::Timing& timing() const { return timing_; } // repeat 0 = nothing was measured

    // Runs the body once more, in a worker of its own, and hands over what a session keeps of it: figures, no
    // tensors, with the errors of the comparison that was made last. `into` is called on the GUI thread.
    using Keeper = std::function<Status(const run::KeptRun&)>;
    void keep(Keeper into);
    void saveAll(const QString& path); // all values at the position, .safetensors
    void saveValue(size_t step, int item, const QString& path); // .safetensors or .npy, by extension
    // Any other work with the stepper, in its turn; `done` is called on the GUI thread if the run is still
    // the same.
    void with(const QString& name,
        std::function<Status(run::Stepper&, const run::Prepared&, const Job&)> work,
        std::function<void(const Status&)> done);

Q_SIGNALS:
    void stateChanged(); // state(), busy()
    void moved(); // the position or what has been computed
    void breakpointsChanged();
    void valuesReady();
    void timingReady();
    void compared(); // comparison() or compareError() is new
    void message(const QString& text, bool isError); // for the status bar

private:
    struct Live;
    struct Task;
    struct Outcome;

    void launch(size_t position);
    void push(Task task);
    void next_();
    void finish(const std::shared_ptr<Live>& live, const Task& task, const std::shared_ptr<Outcome>& outcome);
    void fetch();
    void setState(State state);
    void tell(const run::Stop& stop, bool back);
    void died(const Error& error, const std::shared_ptr<Live>& live);
    void forget();

    JobRunner* jobs_;
    std::shared_ptr<const Dump> dump_;
    run::Request request_;
    State state_ = State::None;
    std::shared_ptr<Live> live_; // shared with the jobs
    std::shared_ptr<run::Stepper> view_; // follows the one that a job steps
    std::shared_ptr<const GraphModule> module_;
    GraphId graph_;
    std::string address_;
    run::Stop stop_;
    QString error_, diedAt_, executor_;
    Error::Kind errorKind_ = Error::Kind::External;
    QStringList notes_;
    bool synthetic_ = false;
    std::deque<Task> tasks_;
    JobRunner::Id running_ = 0;
    bool fetching_ = false;
    std::map<uint32_t, std::vector<run::Breakpoint>> breakpoints_; // by graph
    GraphId breakGraph_;
    std::map<ValueQuery, ValueAnswer> answers_;
    std::map<QString, std::vector<ValueQuery>> wanted_;
    run::Timing timing_;
    std::shared_ptr<const run::RunComparison> comparison_;
    QString compareError_;
};

} // namespace hopscope
