#include "e_model.h"

#include <doctest/doctest.h>

#include "voice_quality.h"

using namespace offhook;

namespace {

Transmission delayed(double ms) {
    Transmission path;
    path.t = ms;
    path.ta = ms;
    path.tr = 2 * ms;
    return path;
}

Transmission losing(double percent, double bpl = 25.1) {
    Transmission path;
    path.ppl = percent;
    path.bpl = bpl;
    return path;
}

/** Close enough to be the same formula, with rounding of its own. */
doctest::Approx about(double value) {
    return doctest::Approx(value).epsilon(1e-6);
}

}  // namespace

TEST_CASE("the default values of ITU-T G.107 give 93.2, and a MOS of 4.41") {
    CHECK(ratingOf({}) == about(93.206208));
    CHECK(mosOf(ratingOf({})) == doctest::Approx(4.41).epsilon(0.001));
}

TEST_CASE("ratings become the MOS of ITU-T G.107 Annex B, Table B.1") {
    CHECK(mosOf(90) == doctest::Approx(4.34).epsilon(0.001));
    CHECK(mosOf(80) == doctest::Approx(4.03).epsilon(0.002));
    CHECK(mosOf(70) == doctest::Approx(3.60).epsilon(0.001));
    CHECK(mosOf(60) == doctest::Approx(3.10).epsilon(0.001));
    CHECK(mosOf(50) == doctest::Approx(2.58).epsilon(0.002));
    CHECK(mosOf(0) == 1);
    CHECK(mosOf(-20) == 1);
    CHECK(mosOf(3) == 1);
    CHECK(mosOf(100) == 4.5);
    CHECK(mosOf(120) == 4.5);
}

TEST_CASE("the impairment of G.711 with concealment is that of ITU-T G.113 Table I.3 within three points") {
    const double rows[][2] = {{1, 5}, {2, 7}, {3, 10}, {5, 15}, {7, 20}, {10, 25}, {15, 35}, {20, 45}};
    for (const auto& [percent, impairment] : rows) {
        CAPTURE(percent);
        const double found = ratingOf({}) - ratingOf(losing(percent));
        CHECK(found > impairment - 3);
        CHECK(found < impairment + 3);
    }
}

// Another calculation of the same formulae, in another language, gave these.
TEST_CASE("single impairments are rated as another calculation has them") {
    const double delays[][2] = {{20, 92.5313},  {50, 91.7562},  {100, 90.6637}, {150, 89.5391}, {200, 85.8047},
                                {250, 79.1771}, {300, 72.6664}, {400, 62.2468}, {500, 54.8032}, {800, 42.8222}};
    for (const auto& [ms, rating] : delays) {
        CAPTURE(ms);
        CHECK(ratingOf(delayed(ms)) == about(rating));
    }
    const double losses[][2] = {{1, 89.5664}, {5, 77.4255}, {10, 66.1407}, {20, 51.0776}};
    for (const auto& [percent, rating] : losses) {
        CAPTURE(percent);
        CHECK(ratingOf(losing(percent)) == about(rating));
    }
    CHECK(ratingOf({.qdu = 4}) == about(88.2031));
    CHECK(ratingOf({.stmr = 8}) == about(92.8877));
    CHECK(ratingOf({.ps = 50, .pr = 45}) == about(86.8506));
    CHECK(ratingOf({.slr = 12, .rlr = 5}) == about(83.7771));
    CHECK(ratingOf({.nc = -60}) == about(88.281));
    CHECK(ratingOf({.a = 10}) == about(103.2062));
}

TEST_CASE("several impairments together are rated as another calculation has them") {
    Transmission path = delayed(150);
    path.ppl = 2;
    path.bpl = 25.1;
    CHECK(ratingOf(path) == about(82.5281));
    path = delayed(180);
    path.ie = 11;
    path.bpl = 19;
    path.ppl = 3;
    CHECK(ratingOf(path) == about(65.3774));
    path = delayed(100);
    path.telr = 50;
    CHECK(ratingOf(path) == about(79.716));
    path = delayed(50);
    path.stmr = 25;
    CHECK(ratingOf(path) == about(87.6142));
    path = delayed(30);
    path.wepl = 20;
    CHECK(ratingOf(path) == about(82.6593));
    path = losing(5);
    path.burstR = 2;
    CHECK(ratingOf(path) == about(75.9961));
}

TEST_CASE("more delay, more loss and longer bursts never rate better") {
    for (double ms = 2; ms <= 3000; ++ms) CHECK(ratingOf(delayed(ms)) <= ratingOf(delayed(ms - 1)));
    for (double percent = 0.1; percent <= 100; percent += 0.1) {
        CHECK(ratingOf(losing(percent)) < ratingOf(losing(percent - 0.1)));
        Transmission bursts = losing(percent);
        bursts.burstR = 3;
        CHECK(ratingOf(bursts) < ratingOf(losing(percent)));
    }
    for (double rating = -10; rating < 110; rating += 0.1) CHECK(mosOf(rating + 0.1) >= mosOf(rating));
}

TEST_CASE("listening is rated without delay, conversation with the delay of both ends and the way") {
    VoicePath path{.lossRate = 0.01, .discardRate = 0.01, .roundTrip = 100, .endSystemDelay = 60};
    const VoiceQuality quality = qualityOf(path);
    CHECK(quality.mosListening == about(mosOf(ratingOf(losing(2)))));
    Transmission expected = delayed(110);
    expected.ppl = 2;
    expected.bpl = 25.1;
    CHECK(quality.rFactor == about(ratingOf(expected)));
    CHECK(quality.mosConversational == about(mosOf(ratingOf(expected))));
    path.farEndSystemDelay = 200;
    expected.t = 180;
    expected.ta = 180;
    expected.tr = 360;
    CHECK(qualityOf(path).rFactor == about(ratingOf(expected)));
}

TEST_CASE("whatever the path, the rating stays on its scale") {
    for (const CodecName codec : {CodecName::Pcma, CodecName::Pcmu, CodecName::G722, CodecName::Opus}) {
        for (double loss = 0; loss <= 1; loss += 0.05) {
            for (const double delay : {0.0, 10.0, 100.0, 2000.0, 100'000.0}) {
                const VoiceQuality quality = qualityOf({.lossRate = loss,
                                                        .discardRate = 1 - loss / 2,
                                                        .burstRatio = 1 + 50 * loss,
                                                        .codec = codec,
                                                        .roundTrip = delay,
                                                        .endSystemDelay = delay});
                CHECK(quality.rFactor >= 0);
                CHECK(quality.rFactor <= 100);
                CHECK(quality.mosListening >= 1);
                CHECK(quality.mosListening <= 4.5);
                CHECK(quality.mosConversational >= 1);
                CHECK(quality.mosConversational <= quality.mosListening);
            }
        }
    }
}
