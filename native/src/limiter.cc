#include "limiter.h"

#include <algorithm>
#include <cmath>

#include "media.h"

namespace offhook {

namespace {

/** -1 dBFS: a sine of 0 dBm0 (-3.14 dBFS) passes, and a lossy speaker path keeps some room. */
constexpr float kCeiling = 0.891250938F;

/** The gain comes back with a time constant of 100 ms. */
constexpr float kRelease = 1.0F / (0.1F * kSampleRate);

}  // namespace

void Limiter::process(std::span<float> block) {
    for (float& sample : block) {
        const float peak = std::fabs(sample);
        if (gain_ < 1) gain_ = std::min(1.0F, gain_ + (1 - gain_) * kRelease + 1e-7F);
        if (peak * gain_ > kCeiling) gain_ = kCeiling / peak;
        sample = std::clamp(sample * gain_, -kCeiling, kCeiling);
    }
}

}  // namespace offhook
