#include "packet_fates.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace offhook;
using Fate = PacketFates::Fate;

namespace {

/** Settles packets from `first` on: `.` played, `x` lost, `d` discarded; a digit n: played n * 4 times. */
PacketFates settled(const std::string& pattern, uint16_t first = 100) {
    PacketFates fates;
    for (const char packet : pattern) {
        const int times = packet >= '1' && packet <= '9' ? (packet - '0') * 4 : 1;
        const Fate fate = packet == 'x' ? Fate::Lost : packet == 'd' ? Fate::Discarded : Fate::Played;
        for (int i = 0; i < times; ++i) fates.settle(first++, fate);
    }
    return fates;
}

/** RFC 3611 Appendix A.2, its counters under its own names. */
struct AppendixA2 {
    double pkt = 0, lost = 0, c11 = 0, c13 = 0, c14 = 0, c22 = 0, c23 = 0, c33 = 0;

    void count(bool missing) {
        if (!missing) {
            ++pkt;
            return;
        }
        if (pkt >= 16) {
            ++(lost == 1 ? c14 : c13);
            lost = 1;
            c11 += pkt;
        } else if (++lost; pkt == 0) {
            ++c33;
        } else {
            ++c23;
            c22 += pkt - 1;
        }
        pkt = 0;
    }
    double burstDensity() const {
        const double p32 = c23 / (c13 + c23 + c33);
        const double p23 = c22 + c23 < 1 ? 1 : 1 - c22 / (c22 + c23);
        return p23 / (p23 + p32);
    }
    double gapDensity() const { return c14 / (c11 + c14); }
    double gapLength() const { return (c11 + c14 + c13) / c13; }
    double burstLength() const { return (c11 + c14 + c13 + c22 + c23 + c13 + c23 + c33) / c13 - gapLength(); }
};

}  // namespace

TEST_CASE("patterns of loss become bursts and gaps as RFC 3611 §4.7.2 defines them") {
    struct Row {
        const char* name;
        const char* pattern;
        double burstDensity, burstLength;
        double gapDensity, gapLength;
    };
    const Row rows[] = {
        {"nothing is missing", "5", 0, 0, 0, 20},
        {"one alone is in the gap", "5x5", 0, 0, 1.0 / 41, 41},
        {"two in a row are a burst", "5xx5", 1, 2, 0, 20},
        {"lost and discarded are missing alike", "5xd5", 1, 2, 0, 20},
        {"15 received between them do not end a burst", "5x3...x5", 2.0 / 17, 17, 0, 20},
        {"16 received between them end it", "5x4x5", 0, 0, 2.0 / 58, 58},
        {"a long and a short burst", "5xxxx5xx5", 1, 3, 0, 20},
        {"half of a burst is received", "5x.x.x.x5", 4.0 / 7, 7, 0, 20},
        {"a single one between two bursts", "4xx4x4xx4", 1, 2, 1.0 / 65, 65.0 / 3},
        {"a burst from the first packet on", "xx5", 1, 2, 0, 20},
        {"the first packet alone", "x5", 0, 0, 1.0 / 21, 21},
        {"a burst soon after the first packet", "..xx5", 1, 2, 0, 11},
        {"a burst up to now", "5xx", 1, 2, 0, 20},
        {"a burst that may go on", "5xx.", 1, 2, 0, 10.5},
        {"a single one just now", "5x", 0, 0, 1.0 / 21, 21},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        const PacketRuns runs = settled(row.pattern).runs();
        CHECK(runs.burstDensity == doctest::Approx(row.burstDensity));
        CHECK(runs.burstLength == doctest::Approx(row.burstLength));
        CHECK(runs.gapDensity == doctest::Approx(row.gapDensity));
        CHECK(runs.gapLength == doctest::Approx(row.gapLength));
    }
}

TEST_CASE("rates are of the packets expected") {
    const PacketRuns runs = settled("4x4d4dd4").runs();
    CHECK(runs.lossRate == doctest::Approx(1.0 / 68));
    CHECK(runs.discardRate == doctest::Approx(3.0 / 68));
    const PacketRuns none = PacketFates{}.runs();
    CHECK(none.lossRate == 0);
    CHECK(none.discardRate == 0);
    CHECK(none.burstRatio == 1);
}

TEST_CASE("densities and bursts are those of RFC 3611 Appendix A.2 at the end of a burst, gaps a packet shorter") {
    std::mt19937 random(3611);
    for (int round = 0; round < 200; ++round) {
        CAPTURE(round);
        // Before the first loss and after the last, Appendix A.2 leaves out what is not a period yet.
        std::vector<bool> missing(20, false);
        const unsigned percent = 1 + random() % 40;
        for (int i = 0; i < 1000; ++i) missing.push_back(random() % 100 < percent);
        missing.insert(missing.end(), 20, false);
        missing.insert(missing.end(), 2, true);
        PacketFates fates;
        AppendixA2 reference;
        uint16_t sequence = 65'000;
        for (const bool one : missing) {
            fates.settle(sequence++, one ? Fate::Lost : Fate::Played);
            reference.count(one);
        }
        const PacketRuns runs = fates.runs();
        CHECK(runs.burstDensity == doctest::Approx(reference.burstDensity()));
        CHECK(runs.gapDensity == doctest::Approx(reference.gapDensity()));
        CHECK(runs.burstLength == doctest::Approx(reference.burstLength()));
        CHECK(runs.gapLength + 1 == doctest::Approx(reference.gapLength()));
    }
}

TEST_CASE("numbers that were left out are lost, over a wrap as well") {
    PacketFates fates;
    for (int i = 0; i < 40; ++i) {
        if (i < 20 || i > 23) fates.settle(static_cast<uint16_t>(65'530 + i), Fate::Played);
    }
    const PacketRuns runs = fates.runs();
    CHECK(runs.lossRate == doctest::Approx(4.0 / 40));
    CHECK(runs.burstLength == 4);
    CHECK(runs.burstDensity == 1);
}

TEST_CASE("numbers that begin anew are no loss, however far they jump") {
    for (const int jump : {-1, -500, -30'000, 3000, 20'000}) {
        CAPTURE(jump);
        PacketFates fates = settled("5");
        for (int i = 0; i < 20; ++i) fates.settle(static_cast<uint16_t>(119 + jump + i), Fate::Played);
        CHECK(fates.runs().lossRate == 0);
        CHECK(fates.runs().gapLength == 40);
    }
}

TEST_CASE("nothing is missed while nobody listens") {
    PacketFates fates = settled("5");
    fates.interrupt();
    fates.settle(700, Fate::Played);
    CHECK(fates.runs().lossRate == 0);
    CHECK(fates.runs().gapLength == 21);
}

TEST_CASE("what comes late is not taken for another of the same distance, before nobody listened") {
    PacketFates fates = settled("5x");
    fates.interrupt();
    fates.settle(500, Fate::Played);
    fates.late(499);
    CHECK(fates.runs().discardRate == 0);
}

TEST_CASE("what comes late was discarded, not lost, and only once") {
    PacketFates fates = settled("5xx5", 65'500);
    fates.late(65'520);
    CHECK(fates.runs().lossRate == doctest::Approx(1.0 / 42));
    CHECK(fates.runs().discardRate == doctest::Approx(1.0 / 42));
    CHECK(fates.runs().burstLength == 2);
    fates.late(65'520);
    CHECK(fates.runs().discardRate == doctest::Approx(1.0 / 42));
    fates.late(65'521);
    CHECK(fates.runs().lossRate == 0);
}

TEST_CASE("a duplicate of what was played, and what is much too late, change nothing") {
    PacketFates fates = settled("5x9999");
    fates.late(110);
    fates.late(120);
    fates.late(300);
    CHECK(fates.runs().discardRate == 0);
    CHECK(fates.runs().lossRate > 0);
}

TEST_CASE("loss at random has a burst ratio of one, loss in a row a larger one") {
    std::mt19937 random(107);
    PacketFates fates;
    for (int i = 0; i < 200'000; ++i) {
        fates.settle(static_cast<uint16_t>(i), random() % 10 == 0 ? Fate::Lost : Fate::Played);
    }
    CHECK(fates.runs().burstRatio == doctest::Approx(1).epsilon(0.02));
    CHECK(settled("9999xxxx9999").runs().burstRatio == doctest::Approx(4.0 * 288 / 292));
    CHECK(settled("5x5x5x5").runs().burstRatio == 1);
}

TEST_CASE("whatever comes, all stays within its bounds") {
    std::mt19937 random(4711);
    for (int round = 0; round < 100; ++round) {
        PacketFates fates;
        uint16_t sequence = static_cast<uint16_t>(random());
        for (int step = 0; step < 1000; ++step) {
            const unsigned what = random() % 100;
            if (what < 5) sequence = static_cast<uint16_t>(random());
            if (what < 2) fates.interrupt();
            if (what > 90) fates.late(static_cast<uint16_t>(sequence - random() % 80));
            fates.settle(sequence++, static_cast<Fate>(random() % 3));
        }
        const PacketRuns runs = fates.runs();
        for (const double ratio : {runs.lossRate, runs.discardRate, runs.burstDensity, runs.gapDensity}) {
            CHECK(ratio >= 0);
            CHECK(ratio <= 1);
        }
        CHECK(runs.lossRate + runs.discardRate <= 1);
        CHECK(runs.burstLength >= 2);
        CHECK(runs.burstRatio >= 1);
    }
}
