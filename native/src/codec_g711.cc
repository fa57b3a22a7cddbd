#include "codec_g711.h"

#include <algorithm>
#include <bit>

namespace offhook {

namespace {

/** Mu-law adds this to the 14-bit magnitude so that every segment starts at a power of two. */
constexpr int kMuLawBias = 33;
constexpr int kMuLawClip = 8158;

}  // namespace

uint8_t encodeALaw(int16_t sample) {
    // 13 bits with sign; negative values mirrored so that -1 falls where 0 does. Even bits inverted (0x55).
    int magnitude = sample >> 3;
    uint8_t mask = 0xD5;
    if (magnitude < 0) {
        magnitude = -magnitude - 1;
        mask = 0x55;
    }
    const int segment = std::max(0, static_cast<int>(std::bit_width(static_cast<unsigned>(magnitude))) - 5);
    const int step = magnitude >> std::max(segment, 1) & 0x0F;
    return static_cast<uint8_t>((segment << 4 | step) ^ mask);
}

int16_t decodeALaw(uint8_t code) {
    const int bits = code ^ 0x55;
    const int segment = bits >> 4 & 0x07;
    const int step = (bits & 0x0F) << 4;
    const int magnitude = segment == 0 ? step + 8 : (step + 0x108) << (segment - 1);
    return static_cast<int16_t>((bits & 0x80) != 0 ? magnitude : -magnitude);
}

uint8_t encodeMuLaw(int16_t sample) {
    const bool negative = sample < 0;
    const int magnitude = std::min((negative ? ~sample : sample) >> 2, kMuLawClip) + kMuLawBias;
    const int segment = static_cast<int>(std::bit_width(static_cast<unsigned>(magnitude))) - 6;
    const int step = magnitude >> (segment + 1) & 0x0F;
    return static_cast<uint8_t>((segment << 4 | step) ^ (negative ? 0x7F : 0xFF));
}

int16_t decodeMuLaw(uint8_t code) {
    const int bits = ~code & 0xFF;
    const int segment = bits >> 4 & 0x07;
    const int magnitude = ((((bits & 0x0F) << 1) + kMuLawBias) << segment) - kMuLawBias;
    return static_cast<int16_t>((bits & 0x80) != 0 ? -magnitude * 4 : magnitude * 4);
}

size_t G711Encoder::encode(std::span<const int16_t> samples, std::span<uint8_t> payload) {
    if (payload.size() < samples.size()) return 0;
    std::transform(samples.begin(), samples.end(), payload.begin(), encode_);
    return samples.size();
}

G711Decoder::G711Decoder(CodecName law) : concealment_(sampleRateOf(law)) {
    for (size_t code = 0; code < table_.size(); ++code) {
        const uint8_t byte = static_cast<uint8_t>(code);
        table_[code] = law == CodecName::Pcma ? decodeALaw(byte) : decodeMuLaw(byte);
    }
}

size_t G711Decoder::decode(std::span<const uint8_t> payload, std::span<int16_t> samples) {
    const size_t count = std::min(payload.size(), samples.size());
    for (size_t i = 0; i < count; ++i) samples[i] = table_[payload[i]];
    concealment_.heard(samples.first(count));
    return count;
}

size_t G711Decoder::conceal(size_t count, std::span<const uint8_t>, std::span<int16_t> samples) {
    const size_t made = std::min(count, samples.size());
    concealment_.conceal(samples.first(made));
    return made;
}

}  // namespace offhook
