#include "codec.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "codec_g711.h"
#include "resampler.h"
#include "signal.h"

using namespace offhook;

namespace {

const CodecName kAll[] = {CodecName::Pcma, CodecName::Pcmu, CodecName::G722, CodecName::Opus};

std::vector<int16_t> through(CodecName name, const std::vector<int16_t>& samples, size_t loseEvery = 0) {
    const auto encoder = makeEncoder(name);
    const auto decoder = makeDecoder(name);
    const size_t frame = sampleRateOf(name) / 50;
    std::vector<int16_t> heard;
    std::array<uint8_t, 1400> payload{};
    std::array<int16_t, kMaxDecoded> decoded{};
    size_t index = 0;
    for (size_t at = 0; at + frame <= samples.size(); at += frame, ++index) {
        const size_t size = encoder->encode(std::span(samples).subspan(at, frame), payload);
        REQUIRE(size > 0);
        const bool lost = loseEvery > 0 && index % loseEvery == loseEvery - 1;
        const size_t count =
            lost ? decoder->conceal(frame, {}, decoded) : decoder->decode(std::span(payload).first(size), decoded);
        REQUIRE(count == frame);
        heard.insert(heard.end(), decoded.begin(), decoded.begin() + static_cast<std::ptrdiff_t>(count));
    }
    return heard;
}

}  // namespace

TEST_CASE("each codec gives a sine back at its level") {
    for (const CodecName name : kAll) {
        for (const double dbfs : {-6.0, -20.0, -35.0}) {
            CAPTURE(static_cast<int>(name));
            CAPTURE(dbfs);
            const unsigned rate = sampleRateOf(name);
            const auto heard = through(name, sine(rate, rate, 1004, dbfs));
            const auto steady = std::span<const int16_t>(heard).subspan(rate / 5);
            const double tolerance = name == CodecName::Opus ? 0.5 : 0.1;
            CHECK(std::fabs(levelAt(steady, rate, 1004) - dbfs) < tolerance);
        }
    }
}

TEST_CASE("G.711 codes are those of the Recommendation") {
    CHECK(encodeALaw(0) == 0xD5);
    CHECK(encodeALaw(-1) == 0x55);
    CHECK(encodeALaw(32767) == 0xAA);
    CHECK(encodeALaw(-32768) == 0x2A);
    CHECK(encodeMuLaw(0) == 0xFF);
    CHECK(encodeMuLaw(32767) == 0x80);
    CHECK(encodeMuLaw(-32768) == 0x00);
    CHECK(decodeALaw(0xD5) == 8);
    CHECK(decodeALaw(0xAA) == 32256);
    CHECK(decodeMuLaw(0xFF) == 0);
    CHECK(decodeMuLaw(0x00) == -32124);
    CHECK(decodeMuLaw(0x80) == 32124);
}

TEST_CASE("the digital milliwatt of G.711 Table 5 decodes to 0 dBm0, 3.14 dB below full scale") {
    const uint8_t milliwatt[] = {0x34, 0x21, 0x21, 0x34, 0xB4, 0xA1, 0xA1, 0xB4};
    std::vector<int16_t> samples;
    for (int i = 0; i < 1000; ++i) {
        for (const uint8_t code : milliwatt) samples.push_back(decodeALaw(code));
    }
    CHECK(std::fabs(levelOf(std::span<const int16_t>(samples), 32768) - -3.14) < 0.02);
}

TEST_CASE("every G.711 code survives decoding and encoding, and codes rise with the samples") {
    for (int code = 0; code < 256; ++code) {
        const uint8_t byte = static_cast<uint8_t>(code);
        CHECK(encodeALaw(decodeALaw(byte)) == byte);
        // Mu-law has two zeros.
        if (byte != 0x7F) CHECK(encodeMuLaw(decodeMuLaw(byte)) == byte);
    }
    for (int sample = -32768; sample < 32767; ++sample) {
        const int16_t low = static_cast<int16_t>(sample);
        const int16_t high = static_cast<int16_t>(sample + 1);
        CHECK(decodeALaw(encodeALaw(low)) <= decodeALaw(encodeALaw(high)));
        CHECK(decodeMuLaw(encodeMuLaw(low)) <= decodeMuLaw(encodeMuLaw(high)));
    }
}

TEST_CASE("a lost packet is bridged: the tone goes on, softer") {
    for (const CodecName name : kAll) {
        CAPTURE(static_cast<int>(name));
        const unsigned rate = sampleRateOf(name);
        const auto heard = through(name, sine(rate, 2 * rate, 1000, -20), 10);
        const double level = levelOf(std::span<const int16_t>(heard).subspan(rate / 5));
        CHECK(level > -21.5);
        CHECK(level < -19);
    }
}

TEST_CASE("a long loss fades to silence") {
    for (const CodecName name : {CodecName::Pcma, CodecName::Pcmu, CodecName::G722}) {
        const unsigned rate = sampleRateOf(name);
        const auto encoder = makeEncoder(name);
        const auto decoder = makeDecoder(name);
        const auto samples = sine(rate, rate / 50, 1000, -10);
        std::array<uint8_t, 1400> payload{};
        std::array<int16_t, kMaxDecoded> decoded{};
        const size_t size = encoder->encode(samples, payload);
        decoder->decode(std::span(payload).first(size), decoded);
        for (int i = 0; i < 4; ++i) decoder->conceal(rate / 50, {}, decoded);
        CHECK(levelOf(std::span<const int16_t>(decoded).first(rate / 50)) < -200);
    }
}

TEST_CASE("the packet after a gap restores what was lost where Opus carries it") {
    // Half a second of silence, then sound; its second packet is lost, which concealment cannot guess.
    constexpr size_t kOnset = 25;
    std::vector<int16_t> samples(kOnset * 960);
    for (const int16_t sample : sine(48000, 10 * 960, 300, -10)) samples.push_back(sample);
    const auto encoder = makeEncoder(CodecName::Opus);
    const auto restoring = makeDecoder(CodecName::Opus);
    const auto guessing = makeDecoder(CodecName::Opus);
    encoder->expectLoss(0.2F);
    std::array<uint8_t, 1400> payload{};
    std::array<int16_t, kMaxDecoded> decoded{};
    for (size_t frame = 0; frame < kOnset + 3; ++frame) {
        const size_t size = encoder->encode(std::span(samples).subspan(frame * 960, 960), payload);
        const auto bytes = std::span<const uint8_t>(payload).first(size);
        if (frame == kOnset + 1) continue;
        if (frame == kOnset + 2) {
            CHECK(guessing->conceal(960, {}, decoded) == 960);
            CHECK(std::fabs(levelOf(std::span<const int16_t>(decoded).first(960)) - -10) > 1);
            CHECK(restoring->conceal(960, bytes, decoded) == 960);
            CHECK(std::fabs(levelOf(std::span<const int16_t>(decoded).first(960)) - -10) < 0.3);
        }
        CHECK(restoring->decode(bytes, decoded) == 960);
        CHECK(guessing->decode(bytes, decoded) == 960);
    }
}

TEST_CASE("any payload is decoded or refused, within the room that there is") {
    std::mt19937 random(6716);
    for (const CodecName name : kAll) {
        const auto decoder = makeDecoder(name);
        for (int round = 0; round < 3000; ++round) {
            std::vector<uint8_t> payload(random() % 1460);
            for (uint8_t& byte : payload) byte = static_cast<uint8_t>(random());
            std::vector<int16_t> decoded(kMaxDecoded);
            CHECK(decoder->decode(payload, decoded) <= decoded.size());
            CHECK(decoder->conceal(random() % kMaxDecoded, payload, decoded) <= decoded.size());
        }
        std::vector<int16_t> decoded(kMaxDecoded);
        CHECK(decoder->decode({}, decoded) == 0);
    }
}

TEST_CASE("a resampler keeps the level and gives exactly its share of samples") {
    const std::pair<unsigned, unsigned> rates[] = {{48000, 8000},  {8000, 48000},  {48000, 16000},
                                                   {16000, 48000}, {44100, 48000}, {48000, 48000}};
    for (const auto& [from, to] : rates) {
        CAPTURE(from);
        CAPTURE(to);
        Resampler resampler(from, to);
        const auto samples = sine(from, from, 1000, -12);
        std::vector<int16_t> out;
        std::vector<int16_t> piece(to / 50 + 2);
        for (size_t at = 0; at + from / 100 <= samples.size(); at += from / 100) {
            const auto in = std::span(samples).subspan(at, from / 100);
            REQUIRE(resampler.outputBound(in.size()) <= piece.size());
            const size_t made = resampler.process(in, piece);
            out.insert(out.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(made));
        }
        CHECK(std::abs(static_cast<int>(out.size()) - static_cast<int>(to)) <= 1);
        CHECK(std::fabs(levelAt(std::span<const int16_t>(out).subspan(to / 10), to, 1000) - -12) < 0.02);
    }
}
