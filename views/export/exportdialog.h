// What to export, where to, and how.
#pragma once

#include "views/export/exporting.h"

#include <QDialog>

#include <memory>

class QCheckBox;
class QComboBox;
class QDialogButtonBox;
class QDoubleSpinBox;
class QLabel;
class QLineEdit;

namespace hopscope {

class ExportDialog : public QDialog {
    Q_OBJECT

public:
    // `panes` are the bodies that may be exported, by the name under which they are offered.
    ExportDialog(std::shared_ptr<const Document> document, std::vector<std::pair<QString, Place>> panes,
        int chosen, const QString& folder, QWidget* parent);

    ExportRequest request() const;
    void setPath(const QString& path);
    void setScope(int pane);

Q_SIGNALS:
    void exportRequested(const hopscope::ExportRequest& request);

private:
    void pickFile();
    void suggestName();
    void update();

    std::shared_ptr<const Document> document_;
    std::vector<std::pair<QString, Place>> panes_;
    QString folder_;
    bool named_ = false; // the person gave the name
    QComboBox* scope_;
    QComboBox* format_;
    QLineEdit* path_;
    QCheckBox* light_;
    QCheckBox* backward_;
    QCheckBox* repeats_;
    QCheckBox* expand_;
    QCheckBox* legend_;
    QDoubleSpinBox* scale_;
    QLabel* note_;
    QDialogButtonBox* buttons_;
};

} // namespace hopscope
