// find_words.h against what the standard library says.
#include "core/base/find_words.h"

#include <QtTest>

#include <algorithm>
#include <array>
#include <random>
#include <string>

using namespace hopscope;

class TestFindWords : public QObject {
    Q_OBJECT
private slots:
    void finds_what_find_finds();
    void finds_at_the_borders();
    void tells_which_words_there_are();
    void counts();
    void tells_bytes_outside_of_ascii();
};

// Few letters: words come up often, overlap, and nearly come up.
void TestFindWords::finds_what_find_finds() {
    std::mt19937 random(7); // NOLINT: the same texts each time
    size_t found = 0;
    for (int i = 0; i < 4000; ++i) {
        std::string text(random() % 300, ' ');
        for (char& c : text)
            c = static_cast<char>('a' + static_cast<int>(random() % 3));
        std::string words(random() % 12, ' ');
        for (char& c : words)
            c = static_cast<char>('a' + static_cast<int>(random() % 3));
        const size_t from = random() % 320;
        QCOMPARE(find_words(text, words, from), std::string_view(text).find(words, from));
        found += find_words(text, words, from) != std::string_view::npos;
    }
    QVERIFY(found > 100);
}

void TestFindWords::finds_at_the_borders() {
    for (size_t size = 8; size < 200; ++size)
        for (const size_t at : {size_t{0}, size_t{1}, size - 9, size - 8}) {
            if (at > size - 8)
                continue;
            std::string text(size, 'M');
            text.replace(at, 8, "Module):");
            QCOMPARE(find_words(text, "Module):"), at);
            QCOMPARE(find_words(text, "Module):", at + 1), std::string_view::npos);
        }
}

// Words at the borders of the parts that the text is gone over in, too.
void TestFindWords::tells_which_words_there_are() {
    const std::array<std::string_view, 3> words{"first", "opcode", "last"};
    for (const size_t at : {size_t{0}, size_t{65'530}, size_t{65'535}, size_t{65'536}, size_t{131'070}}) {
        std::string text(140'000, 'o');
        QCOMPARE(words_in(text, words), 0U);
        text.replace(at, 6, "opcode");
        QCOMPARE(words_in(text, words), 2U);
        QCOMPARE(words_in(text, words, true), 2U);
        text.replace(text.size() - 4, 4, "last");
        QCOMPARE(words_in(text, words), 6U);
        QCOMPARE(words_in(text, words, true), 2U);
    }
    QCOMPARE(words_in("", words), 0U);
}

void TestFindWords::counts() {
    for (size_t size = 0; size < 130; ++size) {
        std::string text(size, '.');
        for (size_t i = 0; i < size; i += 3)
            text[i] = '\n';
        QCOMPARE(count_of(text, '\n'), static_cast<size_t>(std::count(text.begin(), text.end(), '\n')));
    }
}

void TestFindWords::tells_bytes_outside_of_ascii() {
    for (size_t size = 1; size < 130; ++size) {
        std::string text(size, '\x7f');
        QVERIFY(!has_high_byte(text));
        text[size / 2] = '\x80';
        QVERIFY(has_high_byte(text));
        text[size / 2] = 'a';
        text.back() = '\xff';
        QVERIFY(has_high_byte(text));
    }
    QVERIFY(!has_high_byte(""));
}

QTEST_APPLESS_MAIN(TestFindWords)
#include "tst_find_words.moc"
