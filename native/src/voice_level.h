#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>

namespace offhook {

/**
 * Levels of speech and of the noise between it, in dBm0 (RFC 3611 §4.7.4). Packets above a fixed threshold are taken
 * for speech: noise that is louder counts as speech. Measured on the audio thread, read anywhere.
 */
class VoiceLevel {
  public:
    /** Real-time. What one packet was decoded to. */
    void measure(std::span<const int16_t> samples) {
        if (samples.empty()) return;
        int64_t sum = 0;
        for (const int16_t sample : samples) sum += static_cast<int64_t>(sample) * sample;
        const double square = static_cast<double>(sum) / static_cast<double>(samples.size());
        std::atomic<double>& mean = square >= kThreshold ? speech_ : noise_;
        const double before = mean.load(std::memory_order_relaxed);
        mean.store(before < 0 ? square : before + (square - before) / kMemory, std::memory_order_relaxed);
    }

    std::optional<double> speech() const { return levelOf(speech_.load(std::memory_order_relaxed)); }
    std::optional<double> noise() const { return levelOf(noise_.load(std::memory_order_relaxed)); }

  private:
    /** The mean square of 0 dBm0, 3.14 dB below a sine of full scale (ITU-T G.711). */
    static constexpr double kReference = 32768.0 * 32768.0 / 2 * 0.4853;
    /** -45 dBm0. */
    static constexpr double kThreshold = kReference * 3.162e-5;
    /** Packets that the mean remembers: about a second of 20 ms. */
    static constexpr double kMemory = 50;
    /** Silence of all zeros. */
    static constexpr double kLowest = -120;

    static std::optional<double> levelOf(double square) {
        if (square < 0) return std::nullopt;
        return square == 0 ? kLowest : std::max(kLowest, 10 * std::log10(square / kReference));
    }

    /** Mean squares; negative: there was none. */
    std::atomic<double> speech_{-1};
    std::atomic<double> noise_{-1};
};

}  // namespace offhook
