#include "views/explain/answerpages.h"

#include "core/base/text.h"
#include "core/explain/explain_text.h"
#include "core/explain/holdings.h"
#include "core/explain/lookup.h"
#include "views/base/decision.h"
#include "views/base/facts.h"
#include "views/base/text.h"

#include <QFileInfo>

#include <algorithm>
#include <map>

namespace hopscope {

namespace {

QString name(const Region& region) {
    return region.identifier.empty() ? QObject::tr("a region that was never installed")
                                     : mono(escaped(region.identifier));
}

// `a` in backquotes becomes fixed pitch.
QString sentence(std::string_view text) {
    const QStringList parts = qs(text).split(QLatin1Char('`'));
    QString out;
    for (qsizetype i = 0; i < parts.size(); ++i)
        out += i % 2 && i + 1 < parts.size() ? mono(parts[i].toHtmlEscaped()) : parts[i].toHtmlEscaped();
    return out;
}

QString paragraphs(const std::string& text) {
    return qs(text).toHtmlEscaped().replace(QLatin1Char('\n'), QStringLiteral("<br>"));
}

// Two columns under a quiet line that says of what: nothing is squeezed in a narrow dock.
class PairTable {
public:
    PairTable(const QString& left, const QString& right) {
        cells(tinted(Role::Quiet, left), tinted(Role::Quiet, right));
    }
    void row(const QString& of, const QString& left, const QString& right) {
        rows_ += QStringLiteral("<tr><td colspan='2' style='padding:4px 0 0 0'>%1</td></tr>").arg(of);
        cells(left, right);
    }
    QString html() const {
        return QStringLiteral("<table cellspacing='0' cellpadding='0' width='100%'>") + rows_
            + QStringLiteral("</table>");
    }

private:
    void cells(const QString& left, const QString& right) {
        rows_ += QStringLiteral("<tr><td width='50%' style='padding:1px 10px 1px 0'>%1</td>"
                                "<td width='50%' style='padding:1px 0'>%2</td></tr>")
                     .arg(left, right);
    }
    QString rows_;
};

QString value(const std::string& text, bool differs) {
    if (text.empty())
        return tinted(Role::Quiet, QObject::tr("not told"));
    const QString html = mono(qs(text).toHtmlEscaped());
    return differs ? tinted(Role::Warning, html) : html;
}

QString grounds(const std::vector<Ground>& evidence) {
    QStringList words;
    for (const Ground g : evidence)
        words << qs(ground_name(g)).replace(QLatin1Char('_'), QLatin1Char(' '));
    return tinted(Role::Quiet, words.join(QStringLiteral(", ")));
}

class Page {
public:
    Page(const Document& document, CompilationId id)
        : document_(document)
        , dump_(document.dump())
        , ledger_(document.ledger().of(id))
        , e_(document.explanation(id)) { }

    QString call(InvocationId id);
    QString region(RegionRef ref);
    QString compilation();

private:
    QString crumbs(const QString& here) {
        return tinted(Role::Quiet,
            linkToCompilation(e_.compilation, qs(document_.compile_label(e_.compilation)).toHtmlEscaped())
                + QStringLiteral(" › ") + here);
    }

    QString link(const Spot& spot) {
        const QString what = qs(spot.what).toHtmlEscaped();
        if (!spot.file || !spot.line)
            return what;
        const QString file = QFileInfo(qs(dump_.files[spot.file.index].path)).fileName();
        // Names of traces are long and all alike: the line tells them apart, the file stands in the text
        // view.
        const QString shown = file.size() > 24 ? file.left(12) + QStringLiteral("…") + file.right(8) : file;
        return linkToSpot(
                   spot.file, spot.line, QStringLiteral("%1:%2").arg(shown.toHtmlEscaped()).arg(spot.line))
            + QStringLiteral("  ") + tinted(Role::Quiet, what);
    }

    void spots(const std::vector<Spot>& all) {
        QStringList lines;
        for (const Spot& spot : all)
            lines << link(spot);
        if (lines.isEmpty())
            lines << tinted(Role::Quiet, QObject::tr("nothing in the dump names a place"));
        facts_.block(
            QStringLiteral("<p style='margin:0 0 6px 0'>%1</p>").arg(lines.join(QStringLiteral("<br>"))));
    }

    QString body(const ComparedBody& of) {
        const QString shown = mono(escaped(of.identifier));
        return of.other.graph ? linkTo(of.other, shown) : shown;
    }

    // One table for each body, the nearest first.
    void compared(const std::vector<ComparedBody>& bodies, const QString& mine) {
        for (size_t i = 0; i < bodies.size(); ++i) {
            const ComparedBody& of = bodies[i];
            QString title = of.identifier.empty() ? QObject::tr("An installed body")
                : bodies.size() > 1 && i == 0     ? QObject::tr("%1, the nearest").arg(body(of))
                                                  : body(of);
            if (of.can_be_shown())
                title +=
                    QStringLiteral("   ") + linkToComparison(of.other, of.mine, QObject::tr("⇄ show both"));
            facts_.block(QStringLiteral("<p style='margin:8px 0 2px 0'>%1</p>").arg(title));
            PairTable table(mine, of.identifier.empty() ? QObject::tr("expected") : QObject::tr("there"));
            for (const Mismatch& m : of.fields)
                table.row(qs(m.where + (m.name.empty() ? "" : " (" + m.name + ')')
                              + (m.where.empty() ? "" : " ") + m.field)
                              .toHtmlEscaped()
                        + QStringLiteral("  ") + grounds(m.evidence),
                    value(m.found, true), value(m.expected, false));
            facts_.block(table.html());
        }
    }

    void cells(const std::vector<CacheCell>& all) {
        for (const CacheCell& cell : all) {
            QString label = qs(cache_label(cell.cache));
            if (cell.half)
                label += *cell.half == Half::Forward ? QObject::tr(", forward") : QObject::tr(", backward");
            QString why = qs(cell.reason).toHtmlEscaped();
            if (cell.ms)
                why += QStringLiteral("; ") + qs(format_milliseconds(*cell.ms));
            if (cell.saved_ms)
                why += QObject::tr("; saved %1").arg(qs(format_milliseconds(*cell.saved_ms)));
            const QString state = qs(cache_state_label(cell.state)).toHtmlEscaped();
            const Role role = cell.state == CacheState::Hit ? Role::Reused
                : cell.state == CacheState::Miss            ? Role::Traced
                                                            : Role::Quiet;
            facts_.line(label + QStringLiteral("  ") + tinted(role, state) + QStringLiteral("<br>")
                + tinted(Role::Quiet, why));
        }
    }

    void failure(const FailureStory& story);
    void outcome(const RegionAnswer& answer);
    void variants(const RegionAnswer& answer);
    void alike(const RegionAnswer& answer);
    void calls(const RegionAnswer& answer);
    void traced_again();
    void others();
    QString call_link(int index, const QString& label) const;

    const Document& document_;
    const Dump& dump_;
    const CompilationLedger& ledger_;
    const Explanation& e_;
    Facts facts_;
};

void Page::failure(const FailureStory& story) {
    facts_.section(
        QObject::tr("Failed%1")
            .arg(story.type.empty() ? QString() : QStringLiteral(": ") + qs(story.type).toHtmlEscaped()));
    facts_.line(tinted(Role::Failed, paragraphs(story.message)));
    facts_.line(paragraphs(story.explanation));
    // Where it happened, then what to do about it.
    for (auto f = story.frames.rbegin(); f != story.frames.rend(); ++f) {
        if (f->of_torch)
            continue;
        const QString place = QFileInfo(qs(f->file)).fileName() + QLatin1Char(':') + QString::number(f->line)
            + QObject::tr(" in %1").arg(qs(f->function));
        facts_.line(tinted(Role::Quiet, mono(place.toHtmlEscaped())) + QStringLiteral("<br>")
            + mono(qs(f->code).toHtmlEscaped()));
    }
    for (const std::string& hint : story.hints)
        facts_.line(QObject::tr("<b>hint</b> %1").arg(sentence(hint)));
    facts_.fact(QObject::tr("context"), paragraphs(story.context));
    if (story.file && story.line)
        spots({{story.file, story.line, {}, story.kind}});
}

void Page::outcome(const RegionAnswer& answer) {
    facts_.section(QObject::tr("Where the region went"));
    // Of a failure, the page above has the message whole.
    const bool told = answer.outcome == Outcome::Failed && e_.failure;
    facts_.line(tinted(answer.outcome == Outcome::Failed ? Role::Failed : Role::Text,
                    qs(outcome_label(answer.outcome)).toHtmlEscaped())
        + (told ? QString() : QStringLiteral(": ") + sentence(answer.where)));
    if (answer.outcome != Outcome::Kept)
        spots(answer.spots);
}

void Page::variants(const RegionAnswer& answer) {
    const Region& r = ledger_.regions[size_t(answer.region)];
    for (const VariantAnswer& v : answer.variants) {
        facts_.section(QObject::tr("A further backward body"));
        facts_.line(linkTo(v.place, mono(escaped(v.body))));
        compared(compared_bodies(r, v), QObject::tr("here"));
        if (!v.cause.graph)
            continue;
        QString made = linkTo(v.cause, mono(qs(document_.node_name(v.cause)).toHtmlEscaped()));
        if (const Source* source = document_.source(v.cause); source && source->has_place()) {
            const GraphModule& module = document_.module(v.cause.graph);
            made += QStringLiteral("<br>")
                + mono((QFileInfo(qs(module.text(source->file))).fileName() + QLatin1Char(':')
                    + QString::number(source->line) + QStringLiteral("  ") + qs(module.text(source->code)))
                           .toHtmlEscaped());
        }
        facts_.line(QObject::tr("made by %1").arg(made));
    }
    for (const VariantRemedy& m : answer.remedies) {
        const QString left = m.remaining == 1
            ? QObject::tr("1 backward body would remain")
            : QObject::tr("%1 backward bodies would remain").arg(m.remaining);
        facts_.line(sentence(remedy_text(m)) + QStringLiteral(", ") + left);
    }
}

QString Page::call_link(int index, const QString& label) const {
    const std::optional<int> row = document_.row_of(e_.compilation, InvocationId(size_t(index)));
    return row ? linkToRow(*row, label) : label;
}

// What most people open a dump for: before anything about the regions.
void Page::traced_again() {
    bool any = false;
    for (const RegionAnswer& answer : e_.regions)
        for (const CallAnswer& call : answer.calls) {
            if (ledger_.invocations[size_t(call.index)].decision != Decision::RetracedNew)
                continue;
            if (!any)
                facts_.section(QObject::tr("Why calls were traced again"));
            any = true;
            facts_.line(call_link(call.index, QObject::tr("call %1").arg(call.index)) + QStringLiteral("  ")
                + sentence(call.summary));
        }
}

// Other regions of the compilation with the same body, or nearly.
void Page::alike(const RegionAnswer& answer) {
    if (answer.equal.empty() && !answer.near)
        return;
    facts_.section(QObject::tr("Bodies like it"));
    for (const EqualBody& b : answer.equal)
        facts_.line(QObject::tr("equal to that of %1, and not shared with it: %2")
                        .arg(mono(escaped(b.identifier)), sentence(b.why)));
    if (answer.near)
        facts_.line(
            (answer.near->same_structure
                    ? QObject::tr("nearly that of %1, another function's: the same operators, but %2 %3")
                    : QObject::tr("nearly that of %1, another function's: %2 %3"))
                .arg(mono(escaped(answer.near->identifier)), sentence(answer.near->difference),
                    linkToComparison(answer.near->other, answer.near->mine, QObject::tr("⇄ show both"))));
}

// Calls that say the same stand in one row.
void Page::calls(const RegionAnswer& answer) {
    facts_.section(QObject::tr("Calls"));
    for (size_t i = 0; i < answer.calls.size();) {
        const CallAnswer& first = answer.calls[i];
        const auto decision = [&](const CallAnswer& c) {
            return ledger_.invocations[size_t(c.index)].decision;
        };
        size_t end = i + 1;
        while (end < answer.calls.size() && answer.calls[end].index == answer.calls[end - 1].index + 1
            && answer.calls[end].summary == first.summary && decision(answer.calls[end]) == decision(first))
            ++end;
        const QString label = end - i > 1
            ? QObject::tr("calls %1–%2").arg(first.index).arg(answer.calls[end - 1].index)
            : QObject::tr("call %1").arg(first.index);
        facts_.line(call_link(first.index, label) + QStringLiteral("  ")
            + decisionHtml(ledger_.invocations[size_t(first.index)]) + QStringLiteral("<br>")
            + sentence(first.summary));
        i = end;
    }
}

QString Page::call(InvocationId id) {
    const Invocation& invocation = ledger_.invocation(id);
    const CallAnswer* answer = answer_of(e_, id);
    const Region* region = invocation.region ? &ledger_.regions[invocation.region.index] : nullptr;
    const RegionRef ref{e_.compilation, invocation.region};
    facts_.line(crumbs(region ? linkToRegion(ref, name(*region)) : QObject::tr("no region")));
    facts_.title(QObject::tr("Call %1: %2").arg(id.index).arg(decisionHtml(invocation)));
    if (answer) {
        facts_.line(sentence(answer->summary));
        if (!answer->contradiction.empty())
            facts_.line(tinted(Role::Warning,
                QObject::tr("⚠ Log and graphs contradict each other: %1")
                    .arg(sentence(answer->contradiction))));
        compared(compared_bodies(ledger_, invocation, *answer), QObject::tr("this call"));
    }
    if (region)
        for (const VariantAnswer& v : e_.regions[invocation.region.index].variants)
            if (std::find(v.calls.begin(), v.calls.end(), int(id.index)) != v.calls.end()
                && !v.differences.empty())
                facts_.line(QObject::tr("Its backward has a body of its own, %1: %2")
                                .arg(linkTo(v.place, mono(escaped(v.body))),
                                    sentence(mismatch_text(v.differences.front()))));
    if (e_.failure && invocation.decision == Decision::Failed)
        failure(*e_.failure);
    facts_.section(QObject::tr("What this rests on"));
    spots(spots_of(e_, id));
    if (region)
        outcome(e_.regions[invocation.region.index]);
    if (id.index < e_.caches.calls.size()) {
        facts_.section(QObject::tr("What each cache did"));
        cells(e_.caches.calls[id.index].cells);
    }
    return facts_.html();
}

QString Page::region(RegionRef ref) {
    const RegionAnswer& answer = e_.regions[ref.region.index];
    const Region& r = ledger_.regions[ref.region.index];
    facts_.line(crumbs(qs(r.function).toHtmlEscaped()));
    facts_.title(name(r));
    variants(answer);
    outcome(answer);
    alike(answer);
    calls(answer);
    return facts_.html();
}

// The same frame compiled before, and the same compilation on another rank: one click to their graphs in
// diff.
void Page::others() {
    const CompileKey& mine = dump_.compilation(e_.compilation).key;
    const auto frame = [](const std::string& id) { return id.substr(0, id.rfind('/')); };
    CompilationId before, rank;
    for (size_t c = 0; c < dump_.compilations.size(); ++c) {
        const Compilation& other = dump_.compilations[c];
        if (CompilationId(c) == e_.compilation || !other.last_attempt)
            continue;
        if (other.key.rank == mine.rank && frame(other.key.id) == frame(mine.id)
            && CompilationId(c) < e_.compilation)
            before = CompilationId(c); // the last one before
        if (other.key.rank != mine.rank && other.key.id == mine.id && !rank)
            rank = CompilationId(c);
    }
    QStringList links;
    for (const CompilationId other : {before, rank}) {
        if (!other)
            continue;
        for (const Stage stage : {Stage::Dynamo, Stage::Forward, Stage::Inference}) {
            const Place a = document_.root_of(other, stage), b = document_.root_of(e_.compilation, stage);
            if (!a.graph || !b.graph || dump_.graph(a.graph).stage != stage
                || dump_.graph(b.graph).stage != stage)
                continue;
            links << linkToComparison(a, b,
                QObject::tr("⇄ %1 graphs of %2 and this one")
                    .arg(qs(stage_name(stage)), qs(document_.compile_label(other)).toHtmlEscaped()));
        }
    }
    if (links.isEmpty())
        return;
    facts_.section(QObject::tr("Compare"));
    facts_.line(links.join(QStringLiteral("<br>")));
}

QString Page::compilation() {
    const Compilation& compilation = dump_.compilation(e_.compilation);
    facts_.line(tinted(Role::Quiet, mono(qs(compilation.function).toHtmlEscaped())));
    facts_.title(qs(document_.compile_label(e_.compilation)).toHtmlEscaped());
    facts_.line(sentence(e_.headline));
    if (e_.failure)
        failure(*e_.failure);
    traced_again();
    for (const RegionAnswer& answer : e_.regions)
        variants(answer);
    others();
    if (!e_.regions.empty())
        facts_.section(QObject::tr("Where the regions went"));
    for (const RegionAnswer& answer : e_.regions) {
        const Region& r = ledger_.regions[size_t(answer.region)];
        const QString function = r.function.empty()
            ? QString()
            : QStringLiteral("  ") + tinted(Role::Quiet, mono(escaped(r.function)));
        facts_.line(linkToRegion({e_.compilation, RegionId(size_t(answer.region))}, name(r)) + function
            + QStringLiteral("<br>") + sentence(answer.where));
    }
    const bool asked = std::any_of(e_.caches.whole.begin(), e_.caches.whole.end(),
        [](const CacheCell& cell) { return cell.state != CacheState::NotConsulted; });
    if (asked) {
        facts_.section(QObject::tr("Caches of whole graphs"));
        cells(e_.caches.whole);
        std::vector<Spot> all;
        for (const CacheCell& cell : e_.caches.whole)
            if (cell.state != CacheState::NotConsulted)
                all.insert(all.end(), cell.spots.begin(), cell.spots.end());
        if (!all.empty())
            spots(all);
    }
    return facts_.html();
}

// Present ones on a line, what is missing with what it is needed for and how to record it.
QString dumpPage(const Document& document) {
    struct Mark {
        const char* sign;
        Role role;
    };
    static constexpr Mark kMarks[] = {
        {"●", Role::Reused}, {"◐", Role::TracedAgain}, {"○", Role::Traced}, {"–", Role::Quiet}};
    Facts facts;
    facts.title(QObject::tr("What this dump has"));
    std::optional<HoldingGroup> group;
    for (const Holding& h : holdings(document.dump(), document.ledger())) {
        if (group != h.group)
            facts.section(qs(holding_group_label(h.group)).toHtmlEscaped());
        group = h.group;
        const Mark& mark = kMarks[size_t(h.presence)];
        const bool lacks = h.presence == Presence::Missing || h.presence == Presence::Partly;
        QString text =
            tinted(mark.role, QString::fromUtf8(mark.sign) + QLatin1Char(' ') + qs(h.what).toHtmlEscaped())
            + tinted(Role::Quiet, QStringLiteral(": ") + sentence(h.found));
        if (lacks)
            text += QStringLiteral("<br>") + QObject::tr("needed for: %1").arg(sentence(h.answers));
        if (lacks && !h.record.empty())
            text += QStringLiteral("<br>")
                + QObject::tr("to record it: %1").arg(mono(qs(h.record).toHtmlEscaped()));
        for (const Spot& spot : h.spots)
            if (spot.file && spot.line)
                text += QStringLiteral("<br>")
                    + linkToSpot(spot.file, spot.line,
                        QObject::tr("line %1").arg(grouped(spot.line)) + QLatin1Char(' ')
                            + qs(spot.what).toHtmlEscaped());
        facts.line(text);
    }
    facts.line(tinted(
        Role::Quiet, QObject::tr("● present  ◐ partly  ○ missing  – this run or this PyTorch makes none")));
    return facts.html();
}

CompilationId compilationOf(const Document& document, const Question& q) {
    return q.row           ? document.rows()[size_t(*q.row)].compilation
        : q.region.valid() ? q.region.compilation
                           : q.compilation;
}

} // namespace

QString answerPage(const Document& document, const Question& question) {
    if (question.dump)
        return dumpPage(document);
    const CompilationId id = compilationOf(document, question);
    if (!id)
        return {};
    Page page(document, id);
    if (question.row)
        return page.call(document.rows()[size_t(*question.row)].invocation);
    return question.region.valid() ? page.region(question.region) : page.compilation();
}

QString answerText(const Document& document, const Question& question) {
    const CompilationId id = compilationOf(document, question);
    if (!id)
        return {};
    ExplainTextOptions options;
    const RegionRef ref = question.row ? document.region_of(*question.row) : question.region;
    const Region* wanted = ref.valid() ? &document.region(ref) : nullptr;
    if (wanted)
        options.region = [wanted](const Region& region) { return &region == wanted; };
    if (question.row) {
        options.call = [index = document.rows()[size_t(*question.row)].invocation](
                           const CallAnswer& call) { return size_t(call.index) == index.index; };
        options.cells = true;
    }
    return exact(explanation_text(document.dump(), document.ledger(), document.explanation(id), options));
}

} // namespace hopscope
