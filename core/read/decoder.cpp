#include "core/read/decoder.h"

#include <algorithm>
#include <array>
#include <bzlib.h>
#include <cstdint>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

namespace hopscope::read {

namespace {

using State = Decoder::State;
using namespace std::string_view_literals;

constexpr size_t kMostAtOnce = 1 << 30; // some of the libraries count in 32 bits

// The bytes go in as the libraries' C interfaces want them: none of them writes there.
char* unconst(std::string_view in) {
    return const_cast<char*>(in.data());
}

// Tapes and stores fill their last block.
size_t zeros(std::string_view behind) {
    return std::min(behind.find_first_not_of('\0'), behind.size());
}

class Gzip : public Decoder {
public:
    ~Gzip() override { end(); }
    bool begin() override {
        end();
        stream_ = {};
        open_ = inflateInit2(&stream_, 15 + 32) == Z_OK; // 32: gzip or zlib header
        return open_;
    }
    Step step(std::string_view in, char* out, size_t room) override {
        in = in.substr(0, kMostAtOnce);
        room = std::min(room, kMostAtOnce);
        stream_.next_in = reinterpret_cast<Bytef*>(unconst(in));
        stream_.avail_in = static_cast<uInt>(in.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out);
        stream_.avail_out = static_cast<uInt>(room);
        const int state = inflate(&stream_, Z_NO_FLUSH);
        return {in.size() - stream_.avail_in, room - stream_.avail_out,
            state == Z_STREAM_END      ? State::Ended
                : state == Z_BUF_ERROR ? State::Starved
                : state == Z_OK        ? State::GoesOn
                                       : State::Damaged};
    }
    size_t padding(std::string_view behind) const override { return zeros(behind); }

private:
    void end() {
        if (open_)
            inflateEnd(&stream_);
        open_ = false;
    }
    z_stream stream_{};
    bool open_ = false;
};

class Bzip2 : public Decoder {
public:
    ~Bzip2() override { end(); }
    bool begin() override {
        end();
        stream_ = {};
        open_ = BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK;
        return open_;
    }
    Step step(std::string_view in, char* out, size_t room) override {
        in = in.substr(0, kMostAtOnce);
        room = std::min(room, kMostAtOnce);
        stream_.next_in = unconst(in);
        stream_.avail_in = static_cast<unsigned>(in.size());
        stream_.next_out = out;
        stream_.avail_out = static_cast<unsigned>(room);
        const int state = BZ2_bzDecompress(&stream_);
        const size_t taken = in.size() - stream_.avail_in, made = room - stream_.avail_out;
        // Unlike the others it does not say that it stands still.
        const bool starved = state == BZ_OK && taken == 0 && made == 0;
        return {taken, made,
            state == BZ_STREAM_END ? State::Ended
                : starved          ? State::Starved
                : state == BZ_OK   ? State::GoesOn
                                   : State::Damaged};
    }

private:
    void end() {
        if (open_)
            BZ2_bzDecompressEnd(&stream_);
        open_ = false;
    }
    bz_stream stream_{};
    bool open_ = false;
};

class Xz : public Decoder {
public:
    ~Xz() override { lzma_end(&stream_); }
    bool begin() override {
        constexpr uint64_t kMemory = uint64_t{512} << 20; // xz -9 takes 65 MiB
        return lzma_stream_decoder(&stream_, kMemory, 0) == LZMA_OK;
    }
    Step step(std::string_view in, char* out, size_t room) override {
        stream_.next_in = reinterpret_cast<const uint8_t*>(in.data());
        stream_.avail_in = in.size();
        stream_.next_out = reinterpret_cast<uint8_t*>(out);
        stream_.avail_out = room;
        const lzma_ret state = lzma_code(&stream_, LZMA_RUN);
        return {in.size() - stream_.avail_in, room - stream_.avail_out,
            state == LZMA_STREAM_END      ? State::Ended
                : state == LZMA_BUF_ERROR ? State::Starved
                : state == LZMA_OK        ? State::GoesOn
                                          : State::Damaged};
    }
    size_t padding(std::string_view behind) const override { return zeros(behind); }

private:
    lzma_stream stream_ = LZMA_STREAM_INIT;
};

// Where a block is damaged zstd forgets what the same call has decoded before: it is given one block at a
// time, and none before the last one is taken.
class Zstd : public Decoder {
public:
    ~Zstd() override { ZSTD_freeDCtx(context_); }
    bool begin() override {
        context_ = context_ ? context_ : ZSTD_createDCtx();
        wanted_ = context_ ? ZSTD_initDStream(context_) : 0;
        full_ = false;
        return context_ && !ZSTD_isError(wanted_);
    }
    Step step(std::string_view in, char* out, size_t room) override {
        const bool flush = full_;
        ZSTD_inBuffer input{in.data(), flush ? 0 : std::min(in.size(), std::max<size_t>(wanted_, 1)), 0};
        ZSTD_outBuffer output{out, room, 0};
        const size_t state = ZSTD_decompressStream(context_, &output, &input);
        full_ = output.pos == room;
        if (ZSTD_isError(state))
            return {input.pos, output.pos, State::Damaged};
        wanted_ = state;
        const bool stands = input.pos == 0 && output.pos == 0 && !flush;
        return {input.pos, output.pos, state == 0 ? State::Ended : stands ? State::Starved : State::GoesOn};
    }

private:
    ZSTD_DCtx* context_ = nullptr;
    size_t wanted_ = 0; // bytes, to the end of the next block
    bool full_ = false; // the last call left something to be taken
};

bool begins_gzip(std::string_view head) {
    return head.starts_with("\x1f\x8b");
}
bool begins_xz(std::string_view head) {
    return head.starts_with("\xfd"
                            "7zXZ\0"sv);
}
// A frame, or a skippable one, as pzstd begins with.
bool begins_zstd(std::string_view head) {
    return head.starts_with("\x28\xb5\x2f\xfd")
        || (head.size() > 8 && (static_cast<uint8_t>(head[0]) & 0xf0) == 0x50
            && head.substr(1, 3) == "\x2a\x4d\x18"sv);
}
// Its level is a digit; a text may begin with its letters, but holds no control characters.
bool begins_bzip2(std::string_view head) {
    constexpr size_t kLooked = 64;
    if (head.size() < 4 || !head.starts_with("BZh") || head[3] < '1' || head[3] > '9')
        return false;
    head = head.substr(4, kLooked);
    return std::any_of(head.begin(), head.end(), [](char c) {
        return static_cast<uint8_t>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\x1b';
    }) || head.starts_with("1AY&SY");
}

template <class Of> std::unique_ptr<Decoder> make() {
    return std::make_unique<Of>();
}

constexpr std::array kPackings{Packing{"gzip", begins_gzip, make<Gzip>}, Packing{"xz", begins_xz, make<Xz>},
    Packing{"zstd", begins_zstd, make<Zstd>}, Packing{"bzip2", begins_bzip2, make<Bzip2>}};

} // namespace

const Packing* packing_of(std::string_view head) {
    for (const Packing& packing : kPackings)
        if (packing.begins(head))
            return &packing;
    return nullptr;
}

} // namespace hopscope::read
