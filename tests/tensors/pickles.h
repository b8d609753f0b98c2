// Pickles and zip archives, made by hand.
#pragma once

#include <QByteArray>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>
#include <zlib.h>

namespace hopscope::test {

// Writes opcodes one after another (Python's pickletools names them).
class Pickler {
public:
    Pickler& op(char code) {
        text_ += code;
        return *this;
    }
    Pickler& none() { return op('N'); }
    Pickler& dict() { return op('}'); }
    Pickler& list() { return op(']'); }
    Pickler& append() { return op('a'); }
    Pickler& set_item() { return op('s'); }
    Pickler& reduce() { return op('R'); }
    Pickler& mark() { return op('('); }
    Pickler& marked_tuple() { return op('t'); }
    Pickler& tuple(int n) { return op(static_cast<char>(0x84 + n)); } // of the last 1 to 3 objects
    Pickler& text(const std::string& value) {
        op('X');
        little(value.size(), 4);
        text_ += value;
        return *this;
    }
    Pickler& integer(int64_t value) {
        op('\x8a').op(8);
        little(static_cast<uint64_t>(value), 8);
        return *this;
    }
    Pickler& global(const std::string& module, const std::string& name) {
        text_ += 'c' + module + '\n' + name + '\n';
        return *this;
    }
    Pickler& integers(const std::vector<int64_t>& values) {
        op('(');
        for (const int64_t value : values)
            integer(value);
        return op('t');
    }
    Pickler& tensor(const std::string& storage, const std::string& key, int64_t numel, int64_t offset,
        const std::vector<int64_t>& shape, const std::vector<int64_t>& stride) {
        global("torch._utils", "_rebuild_tensor_v2").op('(').op('(');
        text("storage").global("torch", storage).text(key).text("cpu").integer(numel).op('t').op('Q');
        integer(offset).integers(shape).integers(stride).op('\x89');
        return global("collections", "OrderedDict").op(')').reduce().op('t').reduce();
    }
    // With its protocol and its end.
    QByteArray bytes() const {
        const std::string all = std::string("\x80\x02") + text_ + '.';
        return {all.data(), static_cast<qsizetype>(all.size())};
    }

private:
    void little(uint64_t value, int n) {
        for (int i = 0; i < n; ++i)
            text_ += static_cast<char>(value >> (8 * i));
    }
    std::string text_;
};

// A zip archive of stored members.
inline QByteArray zipped(const std::vector<std::pair<QByteArray, QByteArray>>& members) {
    QByteArray file, directory;
    const auto little = [](QByteArray& to, uint64_t value, int n) {
        for (int i = 0; i < n; ++i)
            to += static_cast<char>(value >> (8 * i));
    };
    for (const auto& [name, bytes] : members) {
        const qsizetype at = file.size();
        QByteArray common;
        little(common, 20, 2);
        little(common, 0, 4); // flags, stored
        little(common, 0x00210000, 4); // 1 January 1980
        little(common,
            crc32(0, reinterpret_cast<const Bytef*>(bytes.constData()), static_cast<uInt>(bytes.size())), 4);
        little(common, static_cast<uint64_t>(bytes.size()), 4);
        little(common, static_cast<uint64_t>(bytes.size()), 4);
        little(common, static_cast<uint64_t>(name.size()), 2);
        little(common, 0, 2);
        file += "PK\x03\x04" + common + name + bytes;
        directory += "PK\x01\x02";
        little(directory, 20, 2);
        directory += common;
        little(directory, 0, 2);
        little(directory, 0, 2);
        little(directory, 0, 2);
        little(directory, 0, 4);
        little(directory, static_cast<uint64_t>(at), 4);
        directory += name;
    }
    const qsizetype start = file.size();
    file += directory + "PK\x05\x06";
    little(file, 0, 4);
    little(file, members.size(), 2);
    little(file, members.size(), 2);
    little(file, static_cast<uint64_t>(directory.size()), 4);
    little(file, static_cast<uint64_t>(start), 4);
    little(file, 0, 2);
    return file;
}

} // namespace hopscope::test
