#pragma once

#include <array>

#include "codec.h"
#include "concealment.h"

namespace offhook {

/** A-law of ITU-T G.711, of a 16-bit sample and back. */
uint8_t encodeALaw(int16_t sample);
int16_t decodeALaw(uint8_t code);
/** Mu-law of ITU-T G.711. */
uint8_t encodeMuLaw(int16_t sample);
int16_t decodeMuLaw(uint8_t code);

/** ITU-T G.711 at 8 kHz (RFC 3551 §4.5.14). */
class G711Encoder final : public Encoder {
  public:
    explicit G711Encoder(CodecName law) : encode_(law == CodecName::Pcma ? encodeALaw : encodeMuLaw) {}
    size_t encode(std::span<const int16_t> samples, std::span<uint8_t> payload) override;
    void expectLoss(float) override {}

  private:
    uint8_t (*const encode_)(int16_t);
};

class G711Decoder final : public Decoder {
  public:
    explicit G711Decoder(CodecName law);
    size_t decode(std::span<const uint8_t> payload, std::span<int16_t> samples) override;
    size_t conceal(size_t count, std::span<const uint8_t> next, std::span<int16_t> samples) override;

  private:
    std::array<int16_t, 256> table_{};
    Concealment concealment_;
};

}  // namespace offhook
