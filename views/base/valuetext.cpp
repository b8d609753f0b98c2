#include "views/base/valuetext.h"

#include "core/graph/types.h"
#include "views/base/text.h"

#include <QObject>
#include <QRegularExpression>
#include <QStringList>

#include <algorithm>
#include <cmath>
#include <limits>

namespace hopscope {

using nlohmann::json;

namespace {
uint64_t count(const json& value, const char* key) {
    const auto found = value.find(key);
    return found != value.end() && found->is_number() ? found->get<uint64_t>() : 0;
}

std::vector<int64_t> integers(const json& value, const char* key) {
    std::vector<int64_t> list;
    const auto found = value.find(key);
    if (found != value.end() && found->is_array()) {
        for (const json& n : *found)
            list.push_back(n.is_number() ? n.get<int64_t>() : 0);
    }
    return list;
}
} // namespace

double numberOf(const json& value) {
    if (value.is_number())
        return value.get<double>();
    if (value.is_boolean())
        return value.get<bool>() ? 1 : 0;
    if (value.is_string()) {
        const std::string text = value.get<std::string>();
        if (text == "inf")
            return std::numeric_limits<double>::infinity();
        if (text == "-inf")
            return -std::numeric_limits<double>::infinity();
    }
    return std::numeric_limits<double>::quiet_NaN();
}

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

QString numberText(const json& value, int digits) {
    if (value.is_boolean())
        return value.get<bool>() ? QStringLiteral("True") : QStringLiteral("False");
    if (value.is_number_integer())
        return QString::number(value.get<qlonglong>()).replace(QLatin1Char('-'), QStringLiteral("−"));
    if (value.is_null())
        return QStringLiteral("–");
    return numberText(numberOf(value), digits);
}

QString plainNumber(const json& value) {
    return value.is_string() ? qs(value.get<std::string>()) : qs(value.dump());
}

bool isTensor(const json& value) {
    return value.is_object() && value.contains("dtype");
}

std::vector<int64_t> shapeOf(const json& value) {
    return integers(value, "shape");
}

std::vector<int64_t> strideOf(const json& value) {
    return integers(value, "stride");
}

bool isContiguous(const json& value) {
    const std::vector<int64_t> shape = shapeOf(value), stride = strideOf(value);
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

QString typeText(const json& value) {
    if (!isTensor(value))
        return qs(value.value("python", ""));
    const std::string dtype = value.value("dtype", "");
    const DType* known = dtype_by_name(dtype);
    return QStringLiteral("%1[%2]").arg(qs(known ? known->abbreviation : dtype), listText(shapeOf(value)));
}

bool hasNonFinite(const json& value) {
    return isTensor(value) ? count(value, "nan") > 0 || count(value, "inf") > 0
                           : value.is_object() && value.contains("value") && value["value"].is_string()
            && value.value("python", "") == "float";
}

QString shortValue(const json& value) {
    if (!value.is_object())
        return {};
    if (!isTensor(value)) {
        if (value.value("python", "") == "NoneType")
            return QStringLiteral("None");
        return value.contains("value") ? QStringLiteral("= ") + numberText(value["value"]) : QString();
    }
    int64_t elements = 1;
    for (const int64_t n : shapeOf(value))
        elements *= n;
    if (elements == 0)
        return QObject::tr("empty");
    QStringList bad;
    if (const uint64_t n = count(value, "nan"))
        bad << QObject::tr("%1 NaN").arg(grouped(n));
    if (const uint64_t n = count(value, "inf"))
        bad << QObject::tr("%1 Inf").arg(grouped(n));
    if (!bad.isEmpty())
        return QStringLiteral("⚠ ") + bad.join(QStringLiteral(", "));
    const json none;
    const auto at = [&](const char* key) -> const json& { return value.contains(key) ? value[key] : none; };
    if (elements == 1)
        return QStringLiteral("= ") + numberText(at("min"));
    const QString low = numberText(at("min")), high = numberText(at("max"));
    if (low == high)
        return QObject::tr("all %1").arg(low);
    QString text = QStringLiteral("%1 … %2").arg(low, high);
    if (at("mean").is_number())
        text += QStringLiteral("  μ ") + numberText(at("mean"), 2);
    return text;
}

} // namespace hopscope
