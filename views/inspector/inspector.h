// The right dock: pages about the node, the invocation, the region and the body, and the notes on it.
#pragma once

#include "views/base/follower.h"
#include "views/inspector/notespane.h"
#include "views/inspector/pages.h"

#include <QWidget>

#include <functional>
#include <memory>
#include <optional>

class QTabBar;
class QTextBrowser;
class QToolButton;

namespace hopscope {

class Inspector : public QWidget, public Follower {
    Q_OBJECT

public:
    enum Page { NodePage, InvocationPage, RegionPage, BodyPage, PageCount };

    explicit Inspector(QWidget* parent = nullptr);

    void follow(const Shown& shown, Changes changed) override;
    void setDocument(std::shared_ptr<const Document> document);
    struct About {
        Place node; // node none = none is selected
        std::optional<int> row; // into Document::rows()
        RegionRef region;
        Place body;
        std::vector<Place> crossing;
        QString proof; // of the region
    };
    // Says what an executor makes of a node, before a run; empty = nothing is to be said.
    void setForecaster(std::function<QString(const Place&)> forecaster) {
        forecaster_ = std::move(forecaster);
    }
    // What the pages are about, and which of them is open. Emits nothing.
    void inspect(const About& about, Page page);

    // Pinned, it keeps what it shows, whatever is selected; let go, it shows what is selected then.
    void setPinned(bool pinned);
    bool isPinned() const;

    NotesPane& notes() { return *notes_; }
    QString text() const; // of the open page, plain
    QString html() const;
    Page page() const;

Q_SIGNALS:
    void placeChosen(const hopscope::Place& place);
    void rowChosen(int row);
    void regionChosen(hopscope::RegionRef region);
    void compilationChosen(hopscope::CompilationId compilation);
    void spotChosen(hopscope::FileId file, quint64 line); // a line of a dump's file
    void comparisonChosen(const hopscope::Place& a, const hopscope::Place& b);
    void pageChosen(int page);

private:
    void fill();

    struct Told {
        About about;
        Page page = BodyPage;
    };
    Told latest_; // that it was told of, pinned or not
    std::shared_ptr<const Document> document_;
    About about_;
    QTabBar* tabs_;
    QToolButton* pin_;
    QTextBrowser* text_;
    QString shown_; // what is in it
    NotesPane* notes_;
    bool quiet_ = false;
    std::function<QString(const Place&)> forecaster_;
};

} // namespace hopscope
