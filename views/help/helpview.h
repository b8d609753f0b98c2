// The pages of resources/help in a window of their own, beside the one that they are about.
#pragma once

#include <QTextBrowser>

namespace hopscope {

class HelpPages : public QTextBrowser {
    Q_OBJECT

public:
    explicit HelpPages(QWidget* parent = nullptr);

    // A file of resources/help; without one, the first page. A page that is not there says so in its place.
    void showPage(const QString& name = {});
    // The names that showPage() takes, sorted: "backward" for backward.md.
    static QStringList names();

Q_SIGNALS:
    void keysAsked();

protected:
    QVariant loadResource(int type, const QUrl& name) override;
    void doSetSource(const QUrl& name, QTextDocument::ResourceType type) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    int drawnFor_ = 0; // width that the pictures fit
};

class HelpView : public QWidget {
    Q_OBJECT

public:
    explicit HelpView(QWidget* parent = nullptr);
    HelpPages& pages() { return *pages_; }

private:
    HelpPages* pages_;
};

} // namespace hopscope
