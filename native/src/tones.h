#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace offhook {

constexpr size_t kMaxToneSteps = 64;
constexpr size_t kMaxToneFrequencies = 4;

/** One step of a tone: up to four frequencies in Hz together (none: silence) for `ms` (0: for ever). */
struct ToneStep {
    std::array<double, kMaxToneFrequencies> frequencies{};
    size_t count = 0;
    /** The second frequency modulates the amplitude of the first. */
    bool modulated = false;
    uint32_t ms = 0;
    /** Gain of this step against the tone's level, in dB. */
    double gain = 0;

    bool operator==(const ToneStep&) const = default;
};

/** A tone of ITU-T E.180: steps in order, then again from `repeatFrom` (negative: silence after the last step). */
struct Tone {
    std::array<ToneStep, kMaxToneSteps> steps{};
    size_t count = 0;
    int repeatFrom = -1;
    /** Level of the sum in dBm0. */
    double level = 0;

    bool operator==(const Tone&) const = default;
};

/** Peak amplitude (1 is full scale) of a sine of `dbm0`; a sine of full scale is +3.14 dBm0 (ITU-T G.711 Table 5). */
double amplitudeOfDbm0(double dbm0);

/**
 * Synthesises tones at 48 kHz. A frequency keeps its phase across steps; every change is faded over 5 ms, the old sound
 * out while the new one comes in, so that a step lasts exactly its time between the half-amplitude points.
 */
class ToneGenerator {
  public:
    /** Starts a tone at its first step. Real-time. */
    void play(const Tone& tone);
    /** Fades out. Real-time. */
    void stop();
    /** Whether a tone runs (its silent steps included) or is still fading. */
    bool active() const { return playing_ || current_.sounding() || fading_.sounding(); }
    /** Adds the tone, times `gain`, to a block. Real-time. */
    void mix(std::span<float> block, float gain);

  private:
    struct Voice {
        std::array<double, kMaxToneFrequencies> frequencies{};
        std::array<double, kMaxToneFrequencies> phases{};
        size_t count = 0;
        bool modulated = false;
        double amplitude = 0;
        /** Position on the ramp, 0 (silent) to kRamp (full), and where it moves. */
        int ramp = 0;
        bool rising = false;

        bool sounding() const { return count > 0 && (rising || ramp > 0); }
        bool sameSoundAs(const ToneStep& step) const;
        double next();
    };

    void enter(size_t step);
    void finishStep();
    void release();

    Tone tone_;
    size_t step_ = 0;
    /** Samples left in the step; negative: for ever. */
    int64_t left_ = 0;
    bool playing_ = false;
    Voice current_;
    Voice fading_;
};

}  // namespace offhook
