// Writing a body as a picture or as data: the dialog, and the job.
#pragma once

#include "views/export/exporting.h"
#include "views/shell/windowstate.h"

namespace hopscope {

class Actions;
class Loader;
class PanePresenter;

class Exporter : public QObject {
    Q_OBJECT

public:
    Exporter(WindowState* state, Actions* actions, PanePresenter* panes, Loader* loader);

    void openDialog();
    void write(const ExportRequest& request, bool openFolder = false);

Q_SIGNALS:
    // Something is written; what of the picture is left out or drawn otherwise than asked, empty = nothing.
    void written(const QString& note);

private:
    WindowState* state_;
    Actions* actions_;
    PanePresenter* panes_;
    Loader* loader_;
};

} // namespace hopscope
