#include "tones.h"

#include <doctest/doctest.h>

#include <vector>

#include "limiter.h"
#include "media.h"
#include "signal.h"

using namespace offhook;

namespace {

ToneStep stepOf(std::initializer_list<double> frequencies, uint32_t ms, double gain = 0) {
    ToneStep step;
    for (const double frequency : frequencies) step.frequencies[step.count++] = frequency;
    step.ms = ms;
    step.gain = gain;
    return step;
}

Tone toneOf(std::initializer_list<ToneStep> steps, int repeatFrom = 0, double level = -10) {
    Tone tone;
    for (const ToneStep& step : steps) tone.steps[tone.count++] = step;
    tone.repeatFrom = repeatFrom;
    tone.level = level;
    return tone;
}

/** `ms` of the generator, in blocks of 10 ms. */
std::vector<float> play(ToneGenerator& generator, unsigned ms) {
    std::vector<float> samples(ms * 48);
    for (size_t at = 0; at < samples.size(); at += 480) {
        generator.mix(std::span(samples).subspan(at, std::min<size_t>(480, samples.size() - at)), 1);
    }
    return samples;
}

double level(const std::vector<float>& samples, unsigned from, unsigned to, double frequency) {
    return levelAt(std::span<const float>(samples).subspan(from * 48, (to - from) * 48), kSampleRate, frequency, 1);
}

/** First and last instant in ms at which the signal's envelope is above half of `amplitude`. */
std::pair<double, double> extent(std::span<const float> samples, double amplitude) {
    double first = -1;
    double last = -1;
    for (size_t i = 0; i < samples.size(); ++i) {
        if (std::fabs(samples[i]) < amplitude / 2) continue;
        if (first < 0) first = static_cast<double>(i) / 48;
        last = static_cast<double>(i) / 48;
    }
    return {first, last};
}

}  // namespace

TEST_CASE("0 dBm0 is 3.14 dB below a full-scale sine") {
    CHECK(amplitudeOfDbm0(3.14) == doctest::Approx(1));
    CHECK(20 * std::log10(amplitudeOfDbm0(0)) == doctest::Approx(-3.14));
}

TEST_CASE("the sum of a tone has its level, shared by its frequencies") {
    ToneGenerator generator;
    generator.play(toneOf({stepOf({350, 440}, 0)}));
    const auto samples = play(generator, 1000);
    CHECK(level(samples, 100, 1000, 350) == doctest::Approx(-13.14 - 3.01).epsilon(0.005));
    CHECK(level(samples, 100, 1000, 440) == doctest::Approx(-13.14 - 3.01).epsilon(0.005));
    CHECK(levelOf(std::span<const float>(samples).subspan(4800), 1) == doctest::Approx(-13.14).epsilon(0.01));
}

TEST_CASE("a modulated tone has its carrier, two side bands and the level of the whole") {
    ToneStep step = stepOf({400, 25}, 0);
    step.modulated = true;
    ToneGenerator generator;
    generator.play(toneOf({step}));
    const auto samples = play(generator, 2000);
    const double carrier = level(samples, 200, 2000, 400);
    CHECK(level(samples, 200, 2000, 375) == doctest::Approx(carrier - 6.94).epsilon(0.01));
    CHECK(level(samples, 200, 2000, 425) == doctest::Approx(carrier - 6.94).epsilon(0.01));
    CHECK(levelOf(std::span<const float>(samples).subspan(9600, 76800), 1) == doctest::Approx(-13.14).epsilon(0.01));
}

TEST_CASE("a step may be softer than the tone") {
    ToneGenerator generator;
    generator.play(toneOf({stepOf({420}, 500), stepOf({420}, 500, -10)}));
    const auto samples = play(generator, 1000);
    CHECK(level(samples, 100, 400, 420) - level(samples, 600, 900, 420) == doctest::Approx(10).epsilon(0.01));
}

TEST_CASE("steps last their time to the millisecond, over many repeats") {
    ToneGenerator generator;
    generator.play(toneOf({stepOf({425}, 480), stepOf({}, 480)}));
    const auto samples = play(generator, 96'000);
    for (unsigned i = 0; i < 100; ++i) {
        const auto part = std::span<const float>(samples).subspan(i * 960 * 48, 960 * 48);
        const auto [first, last] = extent(part, amplitudeOfDbm0(-10));
        CHECK(first == doctest::Approx(2.5).epsilon(0.5));
        CHECK(last == doctest::Approx(482.5).epsilon(0.003));
    }
}

TEST_CASE("a frequency keeps its phase where a step follows with the same sound") {
    ToneGenerator generator;
    generator.play(toneOf({stepOf({425}, 7), stepOf({425}, 13)}));
    const auto samples = play(generator, 500);
    double largest = 0;
    for (size_t i = 500; i < samples.size(); ++i)
        largest = std::max<double>(largest, std::fabs(samples[i] - samples[i - 1]));
    CHECK(largest < amplitudeOfDbm0(-10) * 2 * std::numbers::pi * 425 / kSampleRate * 1.001);
}

TEST_CASE("nothing clicks: no sample is further from its neighbour than the tone itself needs") {
    ToneGenerator generator;
    generator.play(toneOf({stepOf({950}, 333), stepOf({1400}, 333), stepOf({1800}, 333), stepOf({}, 100)}));
    auto samples = play(generator, 1400);
    generator.stop();
    const auto tail = play(generator, 100);
    samples.insert(samples.end(), tail.begin(), tail.end());
    double largest = 0;
    for (size_t i = 1; i < samples.size(); ++i)
        largest = std::max<double>(largest, std::fabs(samples[i] - samples[i - 1]));
    CHECK(largest < 2 * amplitudeOfDbm0(-10) * 2 * std::numbers::pi * 1800 / kSampleRate);
}

TEST_CASE("a tone that does not repeat ends in silence") {
    ToneGenerator generator;
    generator.play(toneOf({stepOf({440}, 100)}, -1));
    CHECK(generator.active());
    const auto samples = play(generator, 300);
    CHECK_FALSE(generator.active());
    CHECK(levelOf(std::span<const float>(samples).subspan(106 * 48), 1) < -200);
}

TEST_CASE("a repeat starts from its own step") {
    ToneGenerator generator;
    generator.play(toneOf({stepOf({440}, 100), stepOf({}, 100), stepOf({880}, 100)}, 1));
    const auto samples = play(generator, 700);
    CHECK(level(samples, 10, 90, 440) > -20);
    for (const unsigned start : {200U, 400U, 600U}) CHECK(level(samples, start + 10, start + 90, 880) > -20);
    for (const unsigned start : {300U, 500U}) CHECK(level(samples, start + 10, start + 90, 880) < -60);
}

TEST_CASE("after stop, and for a tone that is empty, there is silence within 5 ms") {
    ToneGenerator generator;
    generator.play(toneOf({stepOf({440}, 0)}));
    play(generator, 100);
    generator.stop();
    CHECK(generator.active());
    play(generator, 10);
    CHECK_FALSE(generator.active());
    generator.play(Tone{});
    CHECK_FALSE(generator.active());
}

TEST_CASE("the limiter leaves alone what is below its ceiling and lets nothing above it") {
    std::vector<float> quiet(4800);
    std::vector<float> loud(4800);
    for (size_t i = 0; i < quiet.size(); ++i) {
        const double phase = 2 * std::numbers::pi * 1000 * static_cast<double>(i) / kSampleRate;
        quiet[i] = static_cast<float>(0.8 * std::sin(phase));
        loud[i] = static_cast<float>(4 * std::sin(phase));
    }
    Limiter limiter;
    auto limited = quiet;
    limiter.process(limited);
    CHECK(limited == quiet);
    limited = loud;
    limiter.process(limited);
    for (const float sample : limited) CHECK(std::fabs(sample) <= 0.8913F);
    CHECK(levelOf(std::span<const float>(limited).subspan(480), 1) > -2);
    // The gain comes back.
    for (int i = 0; i < 20; ++i) {
        limited = quiet;
        limiter.process(limited);
    }
    CHECK(levelOf(std::span<const float>(limited), 1) ==
          doctest::Approx(levelOf(std::span<const float>(quiet), 1)).epsilon(0.01));
}
