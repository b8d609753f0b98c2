// What to export, where to, and how.
#pragma once

#include "views/export/exporting.h"

#include <QDialog>
#include <QSize>

#include <memory>

class QCheckBox;
class QComboBox;
class QDialogButtonBox;
class QDoubleSpinBox;
class QLabel;
class QLineEdit;

namespace hopscope {

// What may be exported: a body, drawn so.
struct ExportScope {
    QString name; // under which it is offered: "Left pane", "3 selected nodes of the left pane"
    Place place;
    PictureChoice choice; // plain: the body as it is, and the dialog offers what else is drawn with it
    QSize size; // of its picture, in points; none where that is not at hand
};

class ExportDialog : public QDialog {
    Q_OBJECT

public:
    // At least one scope; `chosen` is one of them.
    ExportDialog(std::shared_ptr<const Document> document, std::vector<ExportScope> scopes, int chosen,
        const QString& folder, QWidget* parent);

    ExportRequest request() const;
    void setPath(const QString& path);
    void setScope(int scope);
    bool opensFolder() const; // when it is written

Q_SIGNALS:
    void exportRequested(const hopscope::ExportRequest& request);

private:
    void pickFile();
    void suggestName();
    void update();
    const ExportScope& scope() const;
    QString sizeText() const;

    std::shared_ptr<const Document> document_;
    std::vector<ExportScope> scopes_;
    QString folder_;
    bool named_ = false; // the person gave the name
    QComboBox* what_;
    QComboBox* format_;
    QLineEdit* path_;
    QCheckBox* light_;
    QCheckBox* backward_;
    QCheckBox* repeats_;
    QCheckBox* expand_;
    QCheckBox* legend_;
    QCheckBox* open_;
    QDoubleSpinBox* scale_;
    QLabel* note_;
    QDialogButtonBox* buttons_;
};

} // namespace hopscope
