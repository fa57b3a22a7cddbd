/**
 * Opus for the bench: frames of 20 ms, 48 kHz, one channel, with libopus and nothing of the phone's own.
 *
 *     opus_frames encode   S16LE on standard input  -->  [length u16le, payload] ... on standard output
 *     opus_frames decode   the way back; a length of 0 stands for a lost packet, which is concealed
 */
#include <opus/opus.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string_view>

namespace {

constexpr int kRate = 48000;
constexpr int kFrame = kRate / 50;
constexpr int kLongest = kRate * 120 / 1000;
constexpr int kBitRate = 32000;

struct Destroy {
    void operator()(OpusEncoder* state) const { opus_encoder_destroy(state); }
    void operator()(OpusDecoder* state) const { opus_decoder_destroy(state); }
};

bool readAll(void* into, size_t size) {
    return std::fread(into, 1, size, stdin) == size;
}

bool writeAll(const void* from, size_t size) {
    return std::fwrite(from, 1, size, stdout) == size;
}

int encode() {
    int error = OPUS_OK;
    const std::unique_ptr<OpusEncoder, Destroy> state(opus_encoder_create(kRate, 1, OPUS_APPLICATION_VOIP, &error));
    if (!state) return 1;
    opus_encoder_ctl(state.get(), OPUS_SET_BITRATE(kBitRate));
    std::array<int16_t, kFrame> samples{};
    std::array<uint8_t, 1500> payload{};
    while (readAll(samples.data(), sizeof samples)) {
        const int size = opus_encode(state.get(), samples.data(), kFrame, payload.data(), payload.size());
        if (size < 0) return 1;
        const std::array<uint8_t, 2> length{static_cast<uint8_t>(size & 0xFF), static_cast<uint8_t>(size >> 8)};
        if (!writeAll(length.data(), length.size()) || !writeAll(payload.data(), static_cast<size_t>(size))) return 1;
    }
    return 0;
}

int decode() {
    int error = OPUS_OK;
    const std::unique_ptr<OpusDecoder, Destroy> state(opus_decoder_create(kRate, 1, &error));
    if (!state) return 1;
    std::array<int16_t, kLongest> samples{};
    std::array<uint8_t, 0x10000> payload{};
    for (std::array<uint8_t, 2> length{}; readAll(length.data(), length.size());) {
        const int size = length[0] | length[1] << 8;
        if (!readAll(payload.data(), static_cast<size_t>(size))) return 1;
        const int count = opus_decode(state.get(), size == 0 ? nullptr : payload.data(), size, samples.data(),
                                      size == 0 ? kFrame : kLongest, 0);
        if (count < 0 || !writeAll(samples.data(), static_cast<size_t>(count) * sizeof(int16_t))) return 1;
    }
    return 0;
}

}  // namespace

int main(int count, char** words) {
    const std::string_view task = count == 2 ? words[1] : "";
    if (task == "encode") return encode();
    if (task == "decode") return decode();
    std::fputs("usage: opus_frames encode|decode\n", stderr);
    return 2;
}
