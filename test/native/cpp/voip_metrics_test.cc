#include "voip_metrics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "rtcp.h"
#include "voice_level.h"

using namespace offhook;

namespace {

using Bytes = std::vector<uint8_t>;

const VoipMetrics kMetrics{.ssrc = 0x01020304,
                           .lossRate = 12,
                           .discardRate = 3,
                           .burstDensity = 200,
                           .gapDensity = 1,
                           .burstDuration = 0x0102,
                           .gapDuration = 0x0304,
                           .roundTrip = 0x0506,
                           .endSystemDelay = 0x0708,
                           .signalLevel = 0xEC,
                           .noiseLevel = 0xC4,
                           .rerl = 127,
                           .gmin = 16,
                           .rFactor = 87,
                           .externalRFactor = 127,
                           .mosListening = 42,
                           .mosConversational = 39,
                           .receiverConfiguration = 0xF0,
                           .nominalDelay = 0x0A0B,
                           .maximumDelay = 0x0C0D,
                           .absoluteMaximumDelay = 0x0E0F};

Bytes reportWith(const VoipMetrics& metrics) {
    return buildRtcp({.sender = 0xCAFE, .senderInfo = {}, .report = {}, .cname = "x", .voipMetrics = metrics});
}

/** A receiver report without blocks, and an extended report of these octets after its SSRC. */
Bytes extended(const Bytes& blocks, bool padded = false) {
    Bytes bytes{0x80, 201, 0, 1, 0, 0, 0, 1};
    const uint8_t words = static_cast<uint8_t>(1 + blocks.size() / 4);
    bytes.insert(bytes.end(), {static_cast<uint8_t>(padded ? 0xA0 : 0x80), 207, 0, words, 0, 0, 0, 1});
    bytes.insert(bytes.end(), blocks.begin(), blocks.end());
    return bytes;
}

Bytes blockOf(const VoipMetrics& metrics) {
    Bytes bytes(kVoipMetricsSize);
    writeVoipMetrics(metrics, std::span(bytes).first<kVoipMetricsSize>());
    return bytes;
}

Bytes operator+(Bytes left, const Bytes& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

}  // namespace

TEST_CASE("VoIP metrics are built octet by octet as RFC 3611 §4.7 draws them, and read again") {
    const Bytes bytes = reportWith(kMetrics);
    const Bytes block{7,    0,    0,    8,                              // BT, reserved, length
                      1,    2,    3,    4,                              // SSRC of source
                      12,   3,    200,  1,                              // rates and densities
                      1,    2,    3,    4,    5,    6,    7,    8,      // durations and delays
                      0xEC, 0xC4, 127,  16,   87,   127,  42,   39,     // levels, RERL, Gmin, R, MOS
                      0xF0, 0,    0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F};  // jitter buffer
    const Bytes report{0x80, 207, 0, 10, 0, 0, 0xCA, 0xFE};
    CHECK(Bytes(bytes.end() - 44, bytes.end()) == report + block);
    const auto compound = parseRtcp(bytes);
    REQUIRE(compound);
    CHECK(compound->sender == 0xCAFE);
    CHECK(compound->voipMetrics == std::vector{kMetrics});
}

TEST_CASE("metrics go between the description and the goodbye") {
    const Bytes bytes = buildRtcp(
        {.sender = 1, .senderInfo = {}, .report = {}, .cname = "x", .voipMetrics = kMetrics, .goodbye = true});
    Bytes types;
    for (size_t at = 0; at < bytes.size(); at += 4 * (bytes[at + 3] + 1U)) types.push_back(bytes[at + 1]);
    CHECK(types == Bytes{201, 202, 207, 203});
    CHECK(parseRtcp(bytes)->goodbyes.size() == 1);
}

TEST_CASE("blocks that we do not know, and padding, are passed over") {
    const Bytes unknown{4, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8};
    const Bytes longer = [] {
        Bytes bytes = blockOf(kMetrics);
        bytes[3] = 9;
        return bytes + Bytes(4);
    }();
    const auto read = [](const Bytes& bytes) { return parseRtcp(bytes).value().voipMetrics; };
    CHECK(read(extended({})).empty());
    CHECK(read(extended(unknown)).empty());
    CHECK(read(extended(longer)).empty());
    CHECK(read(extended(unknown + blockOf(kMetrics) + unknown)) == std::vector{kMetrics});
    CHECK(read(extended(blockOf(kMetrics) + blockOf(kMetrics))).size() == 2);
    CHECK(read(extended(blockOf(kMetrics) + Bytes{0, 0, 0, 4}, true)) == std::vector{kMetrics});
    CHECK(read(extended(blockOf(kMetrics) + Bytes{0, 0, 0, 0, 0, 0, 0, 8}, true)) == std::vector{kMetrics});
}

TEST_CASE("an extended report whose lengths do not add up is refused") {
    Bytes past = blockOf(kMetrics);
    past[3] = 9;
    CHECK_FALSE(parseRtcp(extended(past)));
    CHECK_FALSE(parseRtcp(extended({7, 0, 0xFF, 0xFF})));
    CHECK_FALSE(parseRtcp({{0x80, 201, 0, 1, 0, 0, 0, 1, 0x80, 207, 0, 0}}));
    for (const uint8_t padding : {0, 1, 3, 44, 255}) {
        CAPTURE(padding);
        CHECK_FALSE(parseRtcp(extended(blockOf(kMetrics) + Bytes{0, 0, 0, padding}, true)));
    }
    // Nothing is left of it but its SSRC, or not even that.
    CHECK(parseRtcp(extended(Bytes{0, 0, 0, 4}, true)));
    CHECK_FALSE(parseRtcp(extended(Bytes{0, 0, 0, 8}, true)));
}

TEST_CASE("any bytes are either metrics or none") {
    std::mt19937 random(3611);
    const Bytes good = reportWith(kMetrics) + extended(blockOf(kMetrics) + Bytes{0, 0, 0, 4}, true);
    for (int round = 0; round < 100'000; ++round) {
        Bytes bytes = good;
        for (int change = 0; change < 3; ++change) bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
        bytes.resize(random() % (good.size() + 1));
        const auto compound = parseRtcp(bytes);
        if (!compound) continue;
        CHECK(compound->voipMetrics.size() <= bytes.size() / kVoipMetricsSize);
        for (const VoipMetrics& metrics : compound->voipMetrics) {
            const RemoteVoiceQuality quality = remoteQualityOf(metrics);
            CHECK(quality.lossRate < 1);
            CHECK(quality.rFactor.value_or(0) <= 100);
            CHECK(quality.mosListening.value_or(1) >= 1);
            CHECK(quality.mosConversational.value_or(5) <= 5);
        }
    }
}

TEST_CASE("the octets of a block come back as they were, whatever they are") {
    std::mt19937 random(47);
    for (int round = 0; round < 1000; ++round) {
        Bytes bytes(kVoipMetricsSize);
        for (uint8_t& octet : bytes) octet = static_cast<uint8_t>(random());
        Bytes written = blockOf(readVoipMetrics(std::span(bytes).first<kVoipMetricsSize>()));
        // Type and length are checked before, and what is reserved is not kept.
        for (const size_t fixed : {0, 1, 2, 3, 29}) written[fixed] = bytes[fixed];
        CHECK(written == bytes);
    }
}

TEST_CASE("what is rated becomes the fields of the block") {
    const VoiceQuality quality{.lossRate = 0.1,
                               .discardRate = 1,
                               .burstDensity = 0.5,
                               .gapDensity = 0.001,
                               .burstDuration = 123.4,
                               .gapDuration = 1e6,
                               .roundTrip = 0.2,
                               .endSystemDelay = 87.6,
                               .rFactor = 88.5,
                               .mosListening = 4.36,
                               .mosConversational = 1};
    const VoipMetrics metrics = metricsOf(7, quality,
                                          {.codec = CodecName::Pcma,
                                           .speechLevel = -19.6,
                                           .noiseLevel = std::nullopt,
                                           .nominalDelay = 40,
                                           .maximumDelay = 300,
                                           .absoluteMaximumDelay = 1280});
    CHECK(metrics == VoipMetrics{.ssrc = 7,
                                 .lossRate = 25,
                                 .discardRate = 255,
                                 .burstDensity = 128,
                                 .gapDensity = 0,
                                 .burstDuration = 123,
                                 .gapDuration = 65535,
                                 .roundTrip = 1,
                                 .endSystemDelay = 88,
                                 .signalLevel = static_cast<uint8_t>(-20),
                                 .noiseLevel = 127,
                                 .rerl = 127,
                                 .gmin = 16,
                                 .rFactor = 89,
                                 .externalRFactor = 127,
                                 .mosListening = 44,
                                 .mosConversational = 10,
                                 .receiverConfiguration = 0xF0,
                                 .nominalDelay = 40,
                                 .maximumDelay = 300,
                                 .absoluteMaximumDelay = 1280});
    CHECK(metricsOf(7, {}, {.codec = CodecName::Opus}).receiverConfiguration == 0xB0);
    CHECK(metricsOf(7, {}, {}).roundTrip == 0);
}

TEST_CASE("what the far end does not know is nothing") {
    const RemoteVoiceQuality unknown = remoteQualityOf({});
    CHECK_FALSE(unknown.roundTrip);
    CHECK_FALSE(unknown.endSystemDelay);
    CHECK_FALSE(unknown.rFactor);
    CHECK_FALSE(unknown.mosListening);
    CHECK_FALSE(unknown.mosConversational);
    VoipMetrics reserved;
    reserved.rFactor = 101;
    reserved.mosListening = 9;
    reserved.mosConversational = 51;
    CHECK_FALSE(remoteQualityOf(reserved).rFactor);
    CHECK_FALSE(remoteQualityOf(reserved).mosListening);
    CHECK_FALSE(remoteQualityOf(reserved).mosConversational);
    const RemoteVoiceQuality known = remoteQualityOf(kMetrics);
    CHECK(known.lossRate == 12 / 256.0);
    CHECK(known.burstDuration == 0x0102);
    CHECK(known.roundTrip == 0x0506);
    CHECK(known.endSystemDelay == 0x0708);
    CHECK(known.rFactor == 87);
    CHECK(known.mosListening == 4.2);
    CHECK(known.mosConversational == 3.9);
}

TEST_CASE("speech and the noise between it have levels of their own, in dBm0") {
    VoiceLevel level;
    CHECK_FALSE(level.speech());
    CHECK_FALSE(level.noise());
    const auto tone = [](double dbm0) {
        std::vector<int16_t> samples(160);
        const double amplitude = 32768 * std::pow(10, (dbm0 - 3.14) / 20);
        for (size_t i = 0; i < samples.size(); ++i) {
            samples[i] = static_cast<int16_t>(std::lrint(amplitude * std::sin(std::numbers::pi * (i + 0.5) / 4)));
        }
        return samples;
    };
    for (int packet = 0; packet < 500; ++packet) level.measure(tone(packet % 2 == 0 ? -20 : -60));
    CHECK(level.speech().value() == doctest::Approx(-20).epsilon(0.005));
    CHECK(level.noise().value() == doctest::Approx(-60).epsilon(0.005));
    VoiceLevel silent;
    silent.measure(std::vector<int16_t>(160));
    CHECK(silent.noise() == -120);
    CHECK_FALSE(silent.speech());
}
