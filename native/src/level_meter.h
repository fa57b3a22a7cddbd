#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <span>

#include "media.h"

namespace offhook {

/** The peak of the last 100 ms for a level meter: measured on the audio thread, read anywhere. */
class LevelMeter {
  public:
    /** Real-time. */
    void measure(std::span<const int16_t> block) {
        for (const int16_t sample : block) peak_ = std::max(peak_, std::abs(static_cast<int>(sample)));
        count_ += block.size();
        if (count_ < kSampleRate / 10) return;
        published_.store(peak_, std::memory_order_relaxed);
        peak_ = 0;
        count_ = 0;
    }

    /** Nothing sounds. */
    void clear() {
        published_.store(0, std::memory_order_relaxed);
        peak_ = 0;
        count_ = 0;
    }

    /** In dBFS, -infinity for silence. */
    double dbfs() const {
        const int peak = published_.load(std::memory_order_relaxed);
        return peak == 0 ? -std::numeric_limits<double>::infinity() : 20 * std::log10(peak / 32768.0);
    }

  private:
    int peak_ = 0;
    size_t count_ = 0;
    std::atomic<int> published_{0};
};

}  // namespace offhook
