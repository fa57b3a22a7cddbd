#include "concealment.h"

#include <algorithm>
#include <cmath>

namespace offhook {

namespace {

/** Seconds until the repetition is silent. */
constexpr float kFade = 0.06F;
/** Seconds that the next packet takes to come in. */
constexpr float kReturn = 0.005F;

}  // namespace

void Concealment::heard(std::span<int16_t> samples) {
    if (concealed_ > 0) {
        const size_t ramp = std::min(samples.size(), static_cast<size_t>(kReturn * static_cast<float>(rate_)));
        for (size_t i = 0; i < ramp; ++i) {
            samples[i] = static_cast<int16_t>(samples[i] * static_cast<int>(i + 1) / static_cast<int>(ramp));
        }
        concealed_ = 0;
    }
    const size_t keep = std::min(samples.size(), kMaxRepeated);
    std::copy_n(samples.end() - static_cast<std::ptrdiff_t>(keep), keep, kept_.begin());
    count_ = keep;
    position_ = 0;
}

void Concealment::conceal(std::span<int16_t> out) {
    const float fade = kFade * static_cast<float>(rate_);
    for (int16_t& sample : out) {
        const float gain = std::max(0.0F, 1 - static_cast<float>(concealed_) / fade);
        ++concealed_;
        if (count_ == 0 || gain == 0) {
            sample = 0;
            continue;
        }
        sample = static_cast<int16_t>(std::lrint(static_cast<float>(kept_[position_]) * gain));
        position_ = (position_ + 1) % count_;
    }
}

}  // namespace offhook
