#pragma once

#include <memory>

#include "codec.h"

struct OpusEncoder;
struct OpusDecoder;

namespace offhook {

/** Opus for speech: mono, 48 kHz, 32 kbit/s, in-band forward error correction (RFC 6716, RFC 7587). */
class OpusVoiceEncoder final : public Encoder {
  public:
    OpusVoiceEncoder();
    size_t encode(std::span<const int16_t> samples, std::span<uint8_t> payload) override;
    void expectLoss(float loss) override;

  private:
    struct Destroy {
        void operator()(OpusEncoder* state) const;
    };
    std::unique_ptr<OpusEncoder, Destroy> state_;
};

class OpusVoiceDecoder final : public Decoder {
  public:
    OpusVoiceDecoder();
    size_t decode(std::span<const uint8_t> payload, std::span<int16_t> samples) override;
    size_t conceal(size_t count, std::span<const uint8_t> next, std::span<int16_t> samples) override;

  private:
    struct Destroy {
        void operator()(OpusDecoder* state) const;
    };
    std::unique_ptr<OpusDecoder, Destroy> state_;
};

}  // namespace offhook
