#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace offhook {

/** Longest packet that is repeated, in samples: 60 ms at 16 kHz. */
constexpr size_t kMaxRepeated = 960;

/** Bridges lost packets of a waveform codec: the end of what was heard is repeated, fading out over 60 ms. Real-time.
 */
class Concealment {
  public:
    /** `rate` in Hz. */
    explicit Concealment(unsigned rate) : rate_(rate) {}

    /** What was decoded; its end is kept. Faded in over 5 ms after a concealment. */
    void heard(std::span<int16_t> samples);
    /** Fills `out` in place of a packet that did not come. */
    void conceal(std::span<int16_t> out);

  private:
    const unsigned rate_;
    std::array<int16_t, kMaxRepeated> kept_{};
    size_t count_ = 0;
    size_t position_ = 0;
    /** Samples concealed since the last packet. */
    size_t concealed_ = 0;
};

}  // namespace offhook
