#pragma once

#include <memory>

#include "codec.h"
#include "concealment.h"

struct g722_encode_state_s;
struct g722_decode_state_s;

namespace offhook {

/** ITU-T G.722 at 64 kbit/s, 16 kHz (RFC 3551 §4.5.2; spandsp). */
class G722Encoder final : public Encoder {
  public:
    G722Encoder();
    size_t encode(std::span<const int16_t> samples, std::span<uint8_t> payload) override;
    void expectLoss(float) override {}

  private:
    struct Release {
        void operator()(g722_encode_state_s* state) const;
    };
    std::unique_ptr<g722_encode_state_s, Release> state_;
};

class G722Decoder final : public Decoder {
  public:
    G722Decoder();
    size_t decode(std::span<const uint8_t> payload, std::span<int16_t> samples) override;
    size_t conceal(size_t count, std::span<const uint8_t> next, std::span<int16_t> samples) override;

  private:
    struct Release {
        void operator()(g722_decode_state_s* state) const;
    };
    std::unique_ptr<g722_decode_state_s, Release> state_;
    Concealment concealment_;
};

}  // namespace offhook
