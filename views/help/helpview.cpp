#include "views/help/helpview.h"

#include "views/base/resources.h"
#include "views/base/theme.h"

#include <QDir>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QImage>
#include <QShortcut>
#include <QToolButton>
#include <QVBoxLayout>

namespace hopscope {

HelpPages::HelpPages(QWidget* parent)
    : QTextBrowser(parent) {
    setObjectName(QStringLiteral("helpPages"));
    setAccessibleName(tr("Help"));
    setFrameShape(QFrame::NoFrame);
    setOpenExternalLinks(false);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOn); // pictures take the room that is left
    document()->setDocumentMargin(metrics::kPadLarge);
    connect(&Theme::instance(), &Theme::changed, this, &QTextBrowser::reload);
}

QStringList HelpPages::names() {
    QStringList names;
    for (const QString& file : QDir(resourceFolder(QStringLiteral("help")))
                                   .entryList({QStringLiteral("*.md")}, QDir::Files, QDir::Name))
        names << file.chopped(3);
    return names;
}

void HelpPages::showPage(const QString& name) {
    const bool ending = name.isEmpty() || name.endsWith(QLatin1String(".md"));
    const QString page = name.isEmpty() ? QStringLiteral("index.md")
        : ending                        ? name
                                        : name + QLatin1String(".md");
    const QString path = resourceFolder(QStringLiteral("help")) + QLatin1Char('/') + page;
    if (QFileInfo::exists(path))
        setSource(QUrl::fromLocalFile(path), QTextDocument::MarkdownResource);
    else
        setPlainText(QDir(resourceFolder(QStringLiteral("help"))).exists()
                ? tr("There is no help page %1.").arg(page)
                : tr("The help pages are not installed: %1 is not there.").arg(path));
}

void HelpPages::doSetSource(const QUrl& name, QTextDocument::ResourceType type) {
    if (name.scheme() == QStringLiteral("keys")) {
        Q_EMIT keysAsked();
        return;
    }
    const bool page = name.path().endsWith(QStringLiteral(".md"));
    QTextBrowser::doSetSource(name, page ? QTextDocument::MarkdownResource : type);
}

// A picture is no wider than the page.
QVariant HelpPages::loadResource(int type, const QUrl& name) {
    // In the dark, pictures of the dark window where there are such: window.png, window-dark.png.
    QUrl wanted = name;
    if (type == QTextDocument::ImageResource && Theme::instance().isDark()
        && name.path().endsWith(QStringLiteral(".png"))) {
        QUrl dark = name;
        dark.setPath(name.path().chopped(4) + QStringLiteral("-dark.png"));
        if (QFileInfo::exists(source().resolved(dark).toLocalFile()))
            wanted = dark;
    }
    const QVariant loaded = QTextBrowser::loadResource(type, wanted);
    if (type != QTextDocument::ImageResource)
        return loaded;
    QImage image = loaded.metaType() == QMetaType::fromType<QByteArray>()
        ? QImage::fromData(loaded.toByteArray())
        : loaded.value<QImage>();
    const int room = viewport()->width() - 3 * metrics::kPadLarge;
    drawnFor_ = viewport()->width();
    if (image.width() <= room || room < 40)
        return image.isNull() ? loaded : QVariant(image);
    return image.scaledToWidth(room, Qt::SmoothTransformation);
}

void HelpPages::resizeEvent(QResizeEvent* event) {
    QTextBrowser::resizeEvent(event);
    // Not at once: while a page is being read, its scroll bar comes and goes, and to read it again inside of
    // that ends in Qt's reader of Markdown.
    if (drawnFor_ != 0 && drawnFor_ != viewport()->width())
        QMetaObject::invokeMethod(this, &QTextBrowser::reload, Qt::QueuedConnection);
}

HelpView::HelpView(QWidget* parent)
    : QWidget(parent, Qt::Window)
    , pages_(new HelpPages(this)) {
    setObjectName(QStringLiteral("helpView"));
    setWindowTitle(tr("Hopscope help"));
    resize(metrics::scaled(820), metrics::scaled(680));
    auto* row = new QHBoxLayout;
    row->setContentsMargins(metrics::kPad, metrics::kPadSmall, metrics::kPad, metrics::kPadSmall);
    const auto button = [&](const char* name, const QString& glyph, const QString& text, const QString& key) {
        auto* b = new QToolButton(this);
        b->setObjectName(QLatin1String(name));
        b->setIcon(glyph.isEmpty() ? QIcon() : icon(glyph));
        b->setText(text);
        b->setAutoRaise(true);
        b->setShortcut(QKeySequence(key));
        b->setToolTip(key.isEmpty() ? text : QStringLiteral("%1 (%2)").arg(text, key));
        b->setAccessibleName(text);
        row->addWidget(b);
        return b;
    };
    QToolButton* back = button("helpBack", QStringLiteral("back"), tr("Back"), QStringLiteral("Alt+Left"));
    QToolButton* forward =
        button("helpForward", QStringLiteral("forward"), tr("Forward"), QStringLiteral("Alt+Right"));
    QToolButton* home = button("helpHome", {}, tr("First page"), QStringLiteral("Alt+Home"));
    QToolButton* keys = button("helpKeys", {}, tr("Keys"), {});
    row->addStretch();
    back->setEnabled(false);
    forward->setEnabled(false);
    connect(pages_, &QTextBrowser::backwardAvailable, back, &QWidget::setEnabled);
    connect(pages_, &QTextBrowser::forwardAvailable, forward, &QWidget::setEnabled);
    connect(back, &QToolButton::clicked, pages_, &QTextBrowser::backward);
    connect(forward, &QToolButton::clicked, pages_, &QTextBrowser::forward);
    connect(home, &QToolButton::clicked, pages_, [this] { pages_->showPage(); });
    connect(keys, &QToolButton::clicked, pages_, &HelpPages::keysAsked);
    connect(new QShortcut(QKeySequence(Qt::Key_Escape), this), &QShortcut::activated, this, &QWidget::close);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(row);
    column->addWidget(pages_, 1);
}

} // namespace hopscope
