// Golden files: expected output beside the tests. On a mismatch the output is left as FILE.actual.
#pragma once

#include <QByteArray>
#include <QString>

namespace hopscope::test {

// Empty if `actual` equals tests/golden/`file`; else what differs first, in words. HOPSCOPE_UPDATE_GOLDEN=1
// in the environment writes the file instead.
QString compare_golden(const QString& file, const QByteArray& actual);

} // namespace hopscope::test
