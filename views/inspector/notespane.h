// The notes on what is inspected: read, add, edit, delete.
#pragma once

#include <QString>
#include <QWidget>

#include <cstdint>
#include <map>
#include <vector>

class QLabel;
class QLineEdit;
class QListWidget;
class QToolButton;

namespace hopscope {

struct NoteText {
    int64_t id = 0;
    QString text;
    QString created; // as shown
    QString elsewhere; // the address of a place that the dump does not have; empty = it is about this one
};

class NotesPane : public QWidget {
    Q_OBJECT

public:
    explicit NotesPane(QWidget* parent = nullptr);

    // `address` is what a new note is about; `why` says why there can be none (empty = there can).
    void setNotes(const QString& address, const std::vector<NoteText>& notes, const QString& why = {});
    void setProblem(const QString& problem); // why notes are missing; empty = none are
    // What was asked for is done: the text has served. Until then it stays where it was typed.
    void accept();
    void focusInput();
    QLineEdit& input() { return *input_; }

Q_SIGNALS:
    void addRequested(const QString& text);
    void editRequested(qint64 id, const QString& text);
    void refused(const QString& why); // a text was begun that no file could take
    void removeRequested(qint64 id);
    void left(); // the person is done with the field, by Return or Esc

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void submit();
    void beginEdit();
    void removeCurrent();
    void updateButtons();

    void endEdit();

    QLabel* title_;
    QLabel* problem_;
    QListWidget* list_;
    QLineEdit* input_;
    QToolButton* edit_;
    QToolButton* remove_;
    QString refusal_; // why no note can be kept, empty = it can
    int64_t editing_ = 0; // the note whose text is in the input, 0 = a new one
    std::map<int64_t, QString> drafts_; // of notes that went out of sight while they were edited
};

} // namespace hopscope
