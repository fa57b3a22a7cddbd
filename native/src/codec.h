#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "media.h"

namespace offhook {

/** Longest packet that is decoded: 120 ms at 48 kHz (RFC 6716 §2.1.4). */
constexpr size_t kMaxDecoded = 5760;

/** Turns packets of samples at the codec's own rate into payloads. */
class Encoder {
  public:
    virtual ~Encoder() = default;
    /** Returns the size of the payload in bytes, 0 on failure. Real-time. */
    virtual size_t encode(std::span<const int16_t> samples, std::span<uint8_t> payload) = 0;
    /** Loss that the far end reports, 0 to 1, for codecs with forward error correction. Real-time. */
    virtual void expectLoss(float loss) = 0;
};

/** Turns payloads into samples at the codec's own rate. */
class Decoder {
  public:
    virtual ~Decoder() = default;
    /** Returns the number of samples, 0 for a payload that cannot be decoded. Real-time. */
    virtual size_t decode(std::span<const uint8_t> payload, std::span<int16_t> samples) = 0;
    /**
     * Fills in for about `count` samples that did not come. `next` is the payload after the gap when that is at hand
     * (it may carry forward error correction), else empty. Returns the number of samples. Real-time.
     */
    virtual size_t conceal(size_t count, std::span<const uint8_t> next, std::span<int16_t> samples) = 0;
};

/** Rate in Hz at which a codec takes and gives samples: 8000, 16000 or 48000. */
unsigned sampleRateOf(CodecName codec);
/** Throws std::bad_alloc. */
std::unique_ptr<Encoder> makeEncoder(CodecName codec);
/** Throws std::bad_alloc. */
std::unique_ptr<Decoder> makeDecoder(CodecName codec);

}  // namespace offhook
