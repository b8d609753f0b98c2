#include "views/base/errortext.h"

#include "views/base/text.h"

#include <QObject>

namespace hopscope {

QString errorText(const Error& error) {
    const auto remedy = [&]() -> QString {
        switch (error.remedy) {
        case Error::Remedy::BindSymbol:
            return QObject::tr("Run Body… takes it under Symbols: %1=8").arg(qs(error.subject));
        case Error::Remedy::GiveInputs:
            return error.subject.empty()
                ? QObject::tr("open the graph's dump, and give this to Run Body… as recorded inputs")
                : QObject::tr("Run Body… takes a file or folder with it as recorded inputs");
        case Error::Remedy::CountOutputs:
            return QObject::tr("open the backward's dump too: it says how many results are the region's own");
        case Error::Remedy::SeedOrInputs: // the dialog asks for one of them
        case Error::Remedy::ChooseBody: // the window has chosen
        case Error::Remedy::None:
            break;
        }
        return {};
    }();
    return remedy.isEmpty() ? qs(error.text()) : qs(error.text()) + QStringLiteral("; ") + remedy;
}

} // namespace hopscope
