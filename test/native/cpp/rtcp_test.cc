#include "rtcp.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "clock.h"
#include "reception.h"

using namespace offhook;

namespace {

using Bytes = std::vector<uint8_t>;

const ReportBlock kBlock{.ssrc = 0x01020304,
                         .fractionLost = 64,
                         .cumulativeLost = -2,
                         .highestSequence = 0x00010203,
                         .jitter = 17,
                         .lastSenderReport = 0xAABBCCDD,
                         .delaySinceLastSenderReport = 65536};

RtpPacket packetOf(uint16_t sequence, uint32_t timestamp, uint32_t ssrc = 7) {
    return {
        .marker = false, .payloadType = 8, .sequence = sequence, .timestamp = timestamp, .ssrc = ssrc, .payload = {}};
}

}  // namespace

TEST_CASE("a sender report with description and goodbye is read as it was built") {
    const SenderInfo info{.ntp = 0x1122334455667788, .rtpTimestamp = 960, .packets = 50, .octets = 8000};
    const Bytes bytes =
        buildRtcp({.sender = 0xCAFE, .senderInfo = info, .report = kBlock, .cname = "a7f3", .goodbye = true});
    CHECK(bytes.size() % 4 == 0);
    const auto compound = parseRtcp(bytes);
    REQUIRE(compound);
    CHECK(compound->sender == 0xCAFE);
    CHECK(compound->senderInfo == info);
    CHECK(compound->reports == std::vector{kBlock});
    CHECK(compound->goodbyes == std::vector<uint32_t>{0xCAFE});
}

TEST_CASE("a receiver report is built byte by byte as RFC 3550 draws it") {
    const Bytes bytes =
        buildRtcp({.sender = 0x0A0B0C0D, .senderInfo = {}, .report = {}, .cname = "x", .goodbye = false});
    CHECK(bytes == Bytes{0x80, 201, 0, 1, 0x0A, 0x0B, 0x0C, 0x0D,                  // RR without blocks
                         0x81, 202, 0, 2, 0x0A, 0x0B, 0x0C, 0x0D, 1, 1, 'x', 0});  // CNAME, null, whole words
}

TEST_CASE("every length of CNAME ends with a null and on a whole word") {
    for (size_t length = 0; length <= 300; ++length) {
        const std::string name(length, 'n');
        const Bytes bytes = buildRtcp({.sender = 1, .senderInfo = {}, .report = {}, .cname = name, .goodbye = false});
        CHECK(bytes.size() % 4 == 0);
        CHECK(bytes.back() == 0);
        CHECK(parseRtcp(bytes));
    }
}

TEST_CASE("what is not a compound packet that starts with a report is refused") {
    const Bytes good = buildRtcp({.sender = 1, .senderInfo = {}, .report = kBlock, .cname = "x", .goodbye = true});
    CHECK(parseRtcp(good));
    CHECK_FALSE(parseRtcp({}));
    for (size_t cut = 1; cut < good.size(); ++cut) {
        CAPTURE(cut);
        const bool whole = cut == 32 || cut == 32 + 12;
        CHECK(parseRtcp(std::span(good).first(cut)).has_value() == whole);
    }
    Bytes wrong = good;
    wrong[0] = 0x41;
    CHECK_FALSE(parseRtcp(wrong));
    wrong = good;
    wrong[0] = 0x82;
    CHECK_FALSE(parseRtcp(wrong));
    CHECK_FALSE(parseRtcp(std::span(good).subspan(32)));
}

TEST_CASE("any bytes are either RTCP or none") {
    std::mt19937 random(99);
    const Bytes good =
        buildRtcp({.sender = 1, .senderInfo = SenderInfo{}, .report = kBlock, .cname = "x", .goodbye = true});
    for (int round = 0; round < 100'000; ++round) {
        Bytes bytes = good;
        for (int change = 0; change < 3; ++change) bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
        bytes.resize(random() % (good.size() + 1));
        const auto compound = parseRtcp(bytes);
        if (compound) CHECK(compound->reports.size() + compound->goodbyes.size() <= bytes.size() / 4);
    }
}

TEST_CASE("loss is counted over a wrap of the sequence number") {
    Reception reception;
    int64_t arrival = 0;
    for (int i = 0; i < 200; ++i, arrival += 20 * kNsPerMs) {
        const uint16_t sequence = static_cast<uint16_t>(65500 + i);
        if (i % 10 != 5) reception.receive(packetOf(sequence, static_cast<uint32_t>(160 * i)), arrival, 8000);
    }
    CHECK(reception.lost() == 20);
    const auto report = reception.report(arrival);
    REQUIRE(report);
    CHECK(report->cumulativeLost == 20);
    CHECK(report->fractionLost == 25);
    CHECK(report->highestSequence == 65500 + 199);
    CHECK(reception.report(arrival)->fractionLost == 0);
}

TEST_CASE("duplicates and reordering do not make loss") {
    Reception reception;
    for (const uint16_t sequence : {10, 12, 11, 11, 14, 13}) reception.receive(packetOf(sequence, 0), 0, 8000);
    CHECK(reception.lost() == 0);
}

TEST_CASE("a source that starts anew is not a loss of thousands") {
    Reception reception;
    reception.receive(packetOf(100, 0), 0, 8000);
    reception.receive(packetOf(30'000, 0), 0, 8000);
    CHECK(reception.lost() == 0);
    reception.receive(packetOf(5, 0, 8), 0, 8000);
    CHECK(reception.lost() == 0);
    CHECK(reception.received() == 1);
}

TEST_CASE("jitter is that of RFC 3550 A.8, and none for a steady stream") {
    Reception steady;
    Reception shaken;
    for (int i = 0; i < 400; ++i) {
        const int64_t due = i * 20 * kNsPerMs;
        const auto packet = packetOf(static_cast<uint16_t>(i), static_cast<uint32_t>(160 * i));
        steady.receive(packet, due, 8000);
        shaken.receive(packet, due + (i % 2) * 8 * kNsPerMs, 8000);
    }
    CHECK(steady.jitterMs() == doctest::Approx(0));
    CHECK(shaken.jitterMs() == doctest::Approx(8).epsilon(0.01));
    CHECK(shaken.report(0)->jitter == doctest::Approx(64).epsilon(0.02));
}

TEST_CASE("the delay since the last sender report is told in 1/65536 s") {
    Reception reception;
    reception.receive(packetOf(1, 0), 0, 8000);
    CHECK(reception.report(0)->lastSenderReport == 0);
    reception.receiveSenderReport({.ntp = 0x0000AAAABBBB0000, .rtpTimestamp = 0, .packets = 0, .octets = 0},
                                  kNsPerSecond);
    const auto report = reception.report(3 * kNsPerSecond / 2);
    CHECK(report->lastSenderReport == 0xAAAABBBB);
    CHECK(report->delaySinceLastSenderReport == 32768);
}
