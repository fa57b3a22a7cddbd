#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

/** A sine of `dbfs` (0 is full scale), starting at phase 0. */
inline std::vector<int16_t> sine(unsigned rate, size_t count, double frequency, double dbfs) {
    std::vector<int16_t> samples(count);
    const double amplitude = 32767 * std::pow(10, dbfs / 20);
    for (size_t i = 0; i < count; ++i) {
        const double phase = 2 * std::numbers::pi * frequency * static_cast<double>(i) / rate;
        samples[i] = static_cast<int16_t>(std::lrint(amplitude * std::sin(phase)));
    }
    return samples;
}

/** Level in dBFS of the component at `frequency`: one bin under a Hann window. */
template <typename Sample>
double levelAt(std::span<const Sample> samples, unsigned rate, double frequency, double fullScale = 32767) {
    double real = 0;
    double imaginary = 0;
    double weight = 0;
    for (size_t i = 0; i < samples.size(); ++i) {
        const double position = (static_cast<double>(i) + 0.5) / static_cast<double>(samples.size());
        const double window = 1 - std::cos(2 * std::numbers::pi * position);
        const double phase = 2 * std::numbers::pi * frequency * static_cast<double>(i) / rate;
        real += window * static_cast<double>(samples[i]) * std::cos(phase);
        imaginary += window * static_cast<double>(samples[i]) * std::sin(phase);
        weight += window;
    }
    return 20 * std::log10(2 * std::hypot(real, imaginary) / weight / fullScale + 1e-12);
}

/** RMS against that of a full-scale sine, in dBFS. */
template <typename Sample>
double levelOf(std::span<const Sample> samples, double fullScale = 32767) {
    double sum = 0;
    for (const Sample sample : samples) sum += static_cast<double>(sample) * static_cast<double>(sample);
    return 10 * std::log10(2 * sum / static_cast<double>(samples.size()) / (fullScale * fullScale) + 1e-24);
}
