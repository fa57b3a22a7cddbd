#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

struct SpeexResamplerState_;

namespace offhook {

/**
 * Converts between two rates (speexdsp, its VoIP quality: 3 ms between 8 and 48 kHz). Equal rates are copied.
 * process() is real-time; n samples in give n * to / from out, with the filter's delay at the start as silence.
 */
class Resampler {
  public:
    /** Throws std::bad_alloc. */
    Resampler(unsigned from, unsigned to);

    /** Returns the number of samples written; `out` MUST hold outputBound(in.size()). */
    size_t process(std::span<const int16_t> in, std::span<int16_t> out);
    /** Most samples that process() gives for `in`. */
    size_t outputBound(size_t in) const { return in * to_ / from_ + 1; }
    unsigned from() const { return from_; }
    unsigned to() const { return to_; }

  private:
    struct Destroy {
        void operator()(SpeexResamplerState_* state) const;
    };

    unsigned from_;
    unsigned to_;
    std::unique_ptr<SpeexResamplerState_, Destroy> state_;
};

}  // namespace offhook
