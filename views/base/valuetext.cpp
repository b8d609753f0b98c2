#include "views/base/valuetext.h"

#include "core/graph/types.h"
#include "core/wire/numbers.h"
#include "views/base/text.h"

#include <QLocale>
#include <QObject>
#include <QRegularExpression>
#include <QStringList>

#include <algorithm>
#include <cmath>

namespace hopscope {

QString numberText(double value, int digits) {
    if (std::isnan(value))
        return QStringLiteral("NaN");
    if (std::isinf(value))
        return value > 0 ? QStringLiteral("∞") : QStringLiteral("−∞");
    const double size = std::abs(value);
    // Whole numbers as they are, large ones without a point; an exponent only where digits would not say it.
    const bool whole = size < 1e6 && (value == std::floor(value) || size >= std::pow(10, digits));
    QString text = whole ? QString::number(value, 'f', 0) : QString::number(value, 'g', digits);
    static const QRegularExpression exponent(QStringLiteral("e([+-])0*"));
    text.replace(exponent, QStringLiteral("e\\1")).remove(QLatin1Char('+'));
    return text.replace(QLatin1Char('-'), QStringLiteral("−"));
}

QString numberText(const std::optional<double>& value, int digits) {
    return value ? numberText(*value, digits) : QStringLiteral("–");
}

QString plainNumber(double value) {
    const std::string_view name = wire::non_finite_name(value);
    if (!name.empty())
        return qs(name);
    const QString text = QString::number(value, 'g', QLocale::FloatingPointShortest);
    // A float reads back as one.
    return text.contains(QLatin1Char('.')) || text.contains(QLatin1Char('e')) ? text
                                                                              : text + QStringLiteral(".0");
}

bool isContiguous(const wire::ValueFigures& value) {
    const std::vector<int64_t>&shape = value.shape, &stride = value.stride;
    if (std::find(shape.begin(), shape.end(), 0) != shape.end())
        return true;
    int64_t expected = 1;
    for (size_t d = shape.size(); d-- > 0;) {
        if (shape[d] != 1 && d < stride.size() && stride[d] != expected)
            return false;
        expected *= shape[d];
    }
    return true;
}

QString listText(const std::vector<int64_t>& list) {
    QStringList parts;
    for (const int64_t n : list)
        parts << QString::number(n);
    return parts.join(QStringLiteral(", "));
}

QString typeText(const wire::ValueFigures& value) {
    if (!value.is_tensor())
        return qs(value.python);
    const DType* known = dtype_by_name(value.dtype);
    return QStringLiteral("%1[%2]").arg(qs(known ? known->abbreviation : value.dtype), listText(value.shape));
}

QString pythonText(const wire::ValueFigures& value, int digits) {
    if (value.python == "NoneType")
        return QStringLiteral("None");
    if (value.python == "bool" && value.number)
        return *value.number != 0 ? QStringLiteral("True") : QStringLiteral("False");
    return numberText(value.number, digits);
}

bool hasNonFinite(const wire::ValueFigures& value) {
    return value.statistics ? value.statistics->nan > 0 || value.statistics->inf > 0
                            : value.number && !std::isfinite(*value.number);
}

QString shortValue(const wire::ValueFigures& value) {
    if (!value.is_tensor()) {
        if (value.python == "NoneType")
            return QStringLiteral("None");
        return value.number ? QStringLiteral("= ") + pythonText(value) : QString();
    }
    if (std::find(value.shape.begin(), value.shape.end(), 0) != value.shape.end())
        return QObject::tr("empty");
    const wire::Statistics s = value.statistics.value_or(wire::Statistics());
    QStringList bad;
    if (s.nan)
        bad << QObject::tr("%1 NaN").arg(grouped(s.nan));
    if (s.inf)
        bad << QObject::tr("%1 Inf").arg(grouped(s.inf));
    if (!bad.isEmpty())
        return QStringLiteral("⚠ ") + bad.join(QStringLiteral(", "));
    const bool single = std::all_of(value.shape.begin(), value.shape.end(), [](int64_t n) { return n == 1; });
    if (single)
        return QStringLiteral("= ") + numberText(s.min);
    const QString low = numberText(s.min), high = numberText(s.max);
    if (low == high)
        return QObject::tr("all %1").arg(low);
    QString text = QStringLiteral("%1 … %2").arg(low, high);
    if (s.mean)
        text += QStringLiteral("  μ ") + numberText(s.mean, 2);
    return text;
}

} // namespace hopscope
