#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace offhook {

/** Samples in order on one thread, in a fixed space; what does not fit is not taken. Real-time. */
template <size_t Capacity>
class SampleFifo {
  public:
    size_t size() const { return size_; }
    size_t room() const { return Capacity - size_; }

    void push(std::span<const int16_t> samples) {
        const size_t count = std::min(samples.size(), room());
        for (size_t i = 0; i < count; ++i) samples_[(start_ + size_ + i) % Capacity] = samples[i];
        size_ += count;
    }

    /** Takes up to `out.size()` samples; returns how many. */
    size_t pop(std::span<int16_t> out) {
        const size_t count = std::min(out.size(), size_);
        for (size_t i = 0; i < count; ++i) out[i] = samples_[(start_ + i) % Capacity];
        start_ = (start_ + count) % Capacity;
        size_ -= count;
        return count;
    }

    void clear() { size_ = 0; }

  private:
    std::array<int16_t, Capacity> samples_{};
    size_t start_ = 0;
    size_t size_ = 0;
};

}  // namespace offhook
