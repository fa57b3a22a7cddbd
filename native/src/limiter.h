#pragma once

#include <span>

namespace offhook {

/**
 * Peak limiter of everything that reaches an ear (ITU-T P.360, acoustic shock). Samples are floats where 1 is
 * full scale; no sample leaves above the ceiling, and what stays below it is not touched at all.
 */
class Limiter {
  public:
    /** Real-time. */
    void process(std::span<float> block);

  private:
    float gain_ = 1;
};

}  // namespace offhook
