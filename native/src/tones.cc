#include "tones.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "media.h"

namespace offhook {

namespace {

/** 5 ms. */
constexpr int kRamp = kSampleRate / 200;

/** Depth of `f1*f2` modulation: deep enough for the burr of a national tone, without a phase reversal. */
constexpr double kModulationDepth = 0.9;

constexpr double kFullScaleSineDbm0 = 3.14;

std::array<float, kRamp + 1> makeRamp() {
    std::array<float, kRamp + 1> ramp{};
    for (int i = 0; i <= kRamp; ++i) {
        ramp[static_cast<size_t>(i)] = static_cast<float>(0.5 - 0.5 * std::cos(std::numbers::pi * i / kRamp));
    }
    return ramp;
}

const std::array<float, kRamp + 1> kRampShape = makeRamp();

/** Amplitude of each sine (or of the carrier) such that the whole has the power of one sine of `level`. */
double amplitudeOf(const ToneStep& step, double level) {
    const double whole = amplitudeOfDbm0(level + step.gain);
    if (step.modulated && step.count == 2) return whole / std::sqrt(1 + kModulationDepth * kModulationDepth / 2);
    return step.count == 0 ? 0 : whole / std::sqrt(static_cast<double>(step.count));
}

}  // namespace

double amplitudeOfDbm0(double dbm0) {
    return std::pow(10, (dbm0 - kFullScaleSineDbm0) / 20);
}

bool ToneGenerator::Voice::sameSoundAs(const ToneStep& step) const {
    return count == step.count && modulated == step.modulated && frequencies == step.frequencies;
}

double ToneGenerator::Voice::next() {
    if (rising && ramp < kRamp) ++ramp;
    if (!rising && ramp > 0) --ramp;
    std::array<double, kMaxToneFrequencies> sines{};
    for (size_t i = 0; i < count; ++i) {
        sines[i] = std::sin(2 * std::numbers::pi * phases[i]);
        phases[i] += frequencies[i] / kSampleRate;
        if (phases[i] >= 1) phases[i] -= 1;
    }
    const double sum = modulated && count == 2 ? sines[0] * (1 + kModulationDepth * sines[1])
                                               : sines[0] + sines[1] + sines[2] + sines[3];
    return sum * amplitude * kRampShape[static_cast<size_t>(ramp)];
}

void ToneGenerator::play(const Tone& tone) {
    tone_ = tone;
    playing_ = tone.count > 0;
    if (playing_) enter(0);
    if (!playing_) release();
}

void ToneGenerator::stop() {
    playing_ = false;
    release();
}

void ToneGenerator::release() {
    if (!current_.sounding()) return;
    fading_ = current_;
    fading_.rising = false;
    current_ = Voice{};
}

void ToneGenerator::enter(size_t index) {
    step_ = index;
    const ToneStep& step = tone_.steps[index];
    left_ = step.ms == 0 ? -1 : static_cast<int64_t>(step.ms) * (kSampleRate / 1000);
    if (!current_.sounding() || !current_.sameSoundAs(step)) {
        release();
        current_ = Voice{};
        current_.frequencies = step.frequencies;
        current_.count = step.count;
        current_.modulated = step.modulated;
        current_.rising = step.count > 0;
    }
    current_.amplitude = amplitudeOf(step, tone_.level);
}

void ToneGenerator::finishStep() {
    if (step_ + 1 < tone_.count) {
        enter(step_ + 1);
    } else if (tone_.repeatFrom >= 0 && static_cast<size_t>(tone_.repeatFrom) < tone_.count) {
        enter(static_cast<size_t>(tone_.repeatFrom));
    } else {
        stop();
    }
}

void ToneGenerator::mix(std::span<float> block, float gain) {
    for (float& sample : block) {
        if (playing_ && left_ == 0) finishStep();
        if (playing_ && left_ > 0) --left_;
        double sum = 0;
        if (current_.sounding()) sum += current_.next();
        if (fading_.sounding()) sum += fading_.next();
        sample += static_cast<float>(sum) * gain;
    }
}

}  // namespace offhook
