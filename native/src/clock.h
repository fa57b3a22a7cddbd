#pragma once

#include <time.h>

#include <cstdint>

namespace offhook {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kNsPerSecond = 1'000'000'000;

/** Monotonic time in nanoseconds (CLOCK_MONOTONIC, the time base of ALSA's monotonic timestamps). */
inline int64_t monotonicNs() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * kNsPerSecond + time.tv_nsec;
}

}  // namespace offhook
