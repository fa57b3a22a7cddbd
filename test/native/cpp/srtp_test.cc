#include "srtp.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "rtcp.h"
#include "rtp.h"

using namespace offhook;

namespace {

constexpr SrtpSuite kSuites[] = {SrtpSuite::AesCm128HmacSha1_80, SrtpSuite::AesCm128HmacSha1_32,
                                 SrtpSuite::AeadAes128Gcm, SrtpSuite::AeadAes256Gcm};

using Bytes = std::vector<uint8_t>;

Bytes fromHex(std::string_view hex) {
    Bytes bytes;
    for (size_t i = 0; i < hex.size(); i += 2) {
        bytes.push_back(static_cast<uint8_t>(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16)));
    }
    return bytes;
}

SrtpKey keyOf(SrtpSuite suite, uint8_t first = 0) {
    Bytes octets(keySizeOf(suite));
    for (uint8_t& octet : octets) octet = first++;
    return SrtpKey(octets);
}

Bytes rtpOf(uint16_t sequence, uint32_t ssrc = 1) {
    const Bytes payload(160, 0xD5);
    Bytes packet(kMaxDatagram);
    packet.resize(buildRtp({.marker = false,
                            .payloadType = 8,
                            .sequence = sequence,
                            .timestamp = sequence * 160U,
                            .ssrc = ssrc,
                            .payload = payload},
                           packet));
    return packet;
}

Bytes rtcpOf(uint32_t ssrc = 1) {
    return buildRtcp({.sender = ssrc, .senderInfo = std::nullopt, .report = std::nullopt, .cname = "x"});
}

Bytes sealed(SrtpSender& sender, Bytes packet) {
    const size_t size = packet.size();
    packet.resize(size + kSrtpTrailer);
    packet.resize(sender.protectRtp(packet, size));
    return packet;
}

Bytes sealedReport(SrtpSender& sender, Bytes packet) {
    const size_t size = packet.size();
    packet.resize(size + kSrtpTrailer);
    packet.resize(sender.protectRtcp(packet, size));
    return packet;
}

/** What a receiver says of a copy. */
SrtpVerdict judged(SrtpReceiver& receiver, Bytes packet) {
    return receiver.unprotectRtp(packet).verdict;
}

struct Pair {
    explicit Pair(SrtpSuite suite) : sender(suite, keyOf(suite), 1), receiver(suite, keyOf(suite)) {}
    SrtpSender sender;
    SrtpReceiver receiver;
};

}  // namespace

// Computed from RFC 3711 and RFC 7714 by Node's crypto (test/native/srtp-by-hand.ts). The key of the first is that of
// RFC 3711 B.3; its two packets are also those of libsrtp's own test.
TEST_CASE("packets are those that another implementation makes of the same key") {
    struct Row {
        SrtpSuite suite;
        std::string_view key;
        std::string_view rtp;
        std::string_view rtcp;
    };
    const Row rows[] = {
        {SrtpSuite::AesCm128HmacSha1_80, "e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6",
         "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb",
         "81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798"},
        {SrtpSuite::AeadAes128Gcm, "000102030405060708090a0b0c0d0e0fa0a1a2a3a4a5a6a7a8a9aaab",
         "800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06ed2976826f796b201df3131a127e8a392",
         "81c8000bcafebabec98b8b5df0392a55852b6c21ac8e7025c52c6fbea2b3b446ea31123ba88ce61e80000001"},
    };
    Bytes rtp = fromHex("800f1234decafbadcafebabe");
    rtp.resize(28, 0xAB);
    Bytes rtcp = fromHex("81c8000bcafebabe");
    rtcp.resize(24, 0xAB);
    for (const Row& row : rows) {
        SrtpSender sender(row.suite, SrtpKey(fromHex(row.key)), 0xCAFEBABE);
        CHECK(sealed(sender, rtp) == fromHex(row.rtp));
        CHECK(sealedReport(sender, rtcp) == fromHex(row.rtcp));
        SrtpReceiver receiver(row.suite, SrtpKey(fromHex(row.key)));
        Bytes received = fromHex(row.rtp);
        CHECK(receiver.unprotectRtp(received).size == rtp.size());
        CHECK(std::equal(rtp.begin(), rtp.end(), received.begin()));
    }
}

TEST_CASE("RTP and RTCP come out as they went in, and grow by the suite's tag") {
    // RTP: 80, 32, 128, 128 bits. RTCP: 80 even where RTP has 32 (RFC 4568 §6.2.2), and the index of 4 octets.
    const size_t tags[] = {10, 4, 16, 16};
    const size_t reportTags[] = {10, 10, 16, 16};
    for (size_t i = 0; i < std::size(kSuites); ++i) {
        Pair pair(kSuites[i]);
        const Bytes packet = rtpOf(7);
        Bytes secret = sealed(pair.sender, packet);
        CHECK(secret.size() == packet.size() + tags[i]);
        CHECK_FALSE(std::equal(packet.begin() + kRtpHeaderSize, packet.end(), secret.begin() + kRtpHeaderSize));
        const Unprotected open = pair.receiver.unprotectRtp(secret);
        CHECK(open.verdict == SrtpVerdict::Authentic);
        secret.resize(open.size);
        CHECK(secret == packet);
        const Bytes report = rtcpOf();
        Bytes secretReport = sealedReport(pair.sender, report);
        CHECK(secretReport.size() == report.size() + reportTags[i] + 4);
        secretReport.resize(pair.receiver.unprotectRtcp(secretReport).size);
        CHECK(secretReport == report);
    }
}

TEST_CASE("any flipped bit and any truncation is refused, and the packet itself still taken") {
    for (const SrtpSuite suite : kSuites) {
        Pair pair(suite);
        const Bytes secret = sealed(pair.sender, rtpOf(7));
        for (size_t bit = 0; bit < 8 * secret.size(); ++bit) {
            Bytes flipped = secret;
            flipped[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
            CHECK(judged(pair.receiver, flipped) != SrtpVerdict::Authentic);
        }
        for (size_t size = 0; size < secret.size(); ++size) {
            CHECK(judged(pair.receiver, Bytes(secret.begin(), secret.begin() + static_cast<std::ptrdiff_t>(size))) !=
                  SrtpVerdict::Authentic);
        }
        CHECK(judged(pair.receiver, secret) == SrtpVerdict::Authentic);
        const Bytes secretReport = sealedReport(pair.sender, rtcpOf());
        for (size_t size = 0; size < secretReport.size(); ++size) {
            Bytes cut(secretReport.begin(), secretReport.begin() + static_cast<std::ptrdiff_t>(size));
            CHECK(pair.receiver.unprotectRtcp(cut).verdict != SrtpVerdict::Authentic);
            Bytes flipped = secretReport;
            flipped[size] ^= 0x10;
            CHECK(pair.receiver.unprotectRtcp(flipped).verdict != SrtpVerdict::Authentic);
        }
        Bytes whole = secretReport;
        CHECK(pair.receiver.unprotectRtcp(whole).verdict == SrtpVerdict::Authentic);
        whole = secretReport;
        CHECK(pair.receiver.unprotectRtcp(whole).verdict == SrtpVerdict::Replayed);
    }
}

TEST_CASE("packets without protection, and those of another key or suite, are not authentic") {
    for (const SrtpSuite suite : kSuites) {
        SrtpReceiver receiver(suite, keyOf(suite));
        CHECK(judged(receiver, rtpOf(7)) == SrtpVerdict::Unauthentic);
        Bytes report = rtcpOf();
        CHECK(receiver.unprotectRtcp(report).verdict != SrtpVerdict::Authentic);
        SrtpSender other(suite, keyOf(suite, 1), 1);
        CHECK(judged(receiver, sealed(other, rtpOf(7))) == SrtpVerdict::Unauthentic);
    }
    SrtpReceiver receiver(SrtpSuite::AesCm128HmacSha1_80, keyOf(SrtpSuite::AesCm128HmacSha1_80));
    SrtpSender shorter(SrtpSuite::AesCm128HmacSha1_32, keyOf(SrtpSuite::AesCm128HmacSha1_32), 1);
    CHECK(judged(receiver, sealed(shorter, rtpOf(7))) == SrtpVerdict::Unauthentic);
}

TEST_CASE("reordered packets are taken once each, and what is older than the window never") {
    for (const SrtpSuite suite : kSuites) {
        Pair pair(suite);
        std::vector<Bytes> packets;
        for (uint16_t sequence = 0; sequence < 300; ++sequence) packets.push_back(sealed(pair.sender, rtpOf(sequence)));
        for (const size_t i : {5, 3, 4, 1, 2, 60, 59})
            CHECK(judged(pair.receiver, packets[i]) == SrtpVerdict::Authentic);
        for (const size_t i : {5, 3, 4, 1, 2, 60, 59})
            CHECK(judged(pair.receiver, packets[i]) == SrtpVerdict::Replayed);
        CHECK(judged(pair.receiver, packets[299]) == SrtpVerdict::Authentic);
        // Never received, but nobody remembers (RFC 3711 §3.3.2 asks for a window of at least 64).
        CHECK(judged(pair.receiver, packets[0]) == SrtpVerdict::Replayed);
        CHECK(judged(pair.receiver, packets[299 - 64]) == SrtpVerdict::Authentic);
    }
}

TEST_CASE("the sequence number wraps again and again, with losses and reordering across the wrap") {
    Pair pair(SrtpSuite::AeadAes128Gcm);
    Bytes held;
    size_t authentic = 0;
    size_t lost = 0;
    constexpr uint32_t kPackets = 3 * 65536;
    for (uint32_t i = 0; i < kPackets; ++i) {
        Bytes secret = sealed(pair.sender, rtpOf(static_cast<uint16_t>(0x7FFF + i)));
        if (i % 5 == 0 && held.empty()) {
            held = std::move(secret);
        } else if (i % 7 == 0) {
            ++lost;
        } else {
            authentic += judged(pair.receiver, std::move(secret)) == SrtpVerdict::Authentic ? 1 : 0;
            if (held.empty()) continue;
            authentic += judged(pair.receiver, held) == SrtpVerdict::Authentic ? 1 : 0;
            held.clear();
        }
    }
    CHECK(authentic + lost + (held.empty() ? 0 : 1) == kPackets);
}

TEST_CASE("a packet of before a rollover is a replay after it, in counter mode too") {
    for (const SrtpSuite suite : kSuites) {
        Pair pair(suite);
        const Bytes early = sealed(pair.sender, rtpOf(100));
        CHECK(judged(pair.receiver, early) == SrtpVerdict::Authentic);
        for (const uint16_t sequence : {0x6000, 0xC000, 0xFFFF, 0x0000, 0x0064}) {
            CHECK(judged(pair.receiver, sealed(pair.sender, rtpOf(sequence))) == SrtpVerdict::Authentic);
        }
        // The same sequence number under another rollover counter: seen already, or the tag does not fit.
        CHECK(judged(pair.receiver, early) == SrtpVerdict::Replayed);
    }
}

TEST_CASE("another SSRC under the same key has a window of its own, and the first keeps its") {
    for (const SrtpSuite suite : kSuites) {
        SrtpSender first(suite, keyOf(suite), 1);
        SrtpSender second(suite, keyOf(suite), 2);
        SrtpReceiver receiver(suite, keyOf(suite));
        const Bytes one = sealed(first, rtpOf(500, 1));
        const Bytes two = sealed(second, rtpOf(500, 2));
        CHECK(judged(receiver, one) == SrtpVerdict::Authentic);
        CHECK(judged(receiver, two) == SrtpVerdict::Authentic);
        CHECK(judged(receiver, one) == SrtpVerdict::Replayed);
        CHECK(judged(receiver, two) == SrtpVerdict::Replayed);
        CHECK(judged(receiver, sealed(first, rtpOf(501, 1))) == SrtpVerdict::Authentic);
    }
}

TEST_CASE("a far end has a bounded number of sources under one key, and a stranger uses none of them up") {
    const SrtpSuite suite = SrtpSuite::AeadAes128Gcm;
    SrtpReceiver receiver(suite, keyOf(suite));
    for (uint32_t ssrc = 0; ssrc < 1000; ++ssrc) {
        CHECK(judged(receiver, rtpOf(1, 0x10000 + ssrc)) == SrtpVerdict::Unauthentic);
    }
    SrtpSender first(suite, keyOf(suite), 0);
    for (uint32_t ssrc = 0; ssrc < SrtpReceiver::kMaxSources + 3; ++ssrc) {
        SrtpSender sender(suite, keyOf(suite), ssrc);
        const SrtpVerdict verdict = judged(receiver, sealed(sender, rtpOf(1, ssrc)));
        CHECK((verdict == SrtpVerdict::Authentic) == (ssrc < SrtpReceiver::kMaxSources));
    }
    CHECK(judged(receiver, sealed(first, rtpOf(2, 0))) == SrtpVerdict::Authentic);
}

TEST_CASE("a packet without room for its tag, or of another SSRC than the sender's, is not protected") {
    SrtpSender sender(SrtpSuite::AesCm128HmacSha1_80, keyOf(SrtpSuite::AesCm128HmacSha1_80), 1);
    Bytes tight = rtpOf(1);
    CHECK(sender.protectRtp(tight, tight.size()) == 0);
    CHECK(sealed(sender, rtpOf(1, 2)).empty());
    // A number that was used would use its keystream twice.
    CHECK_FALSE(sealed(sender, rtpOf(2)).empty());
    CHECK(sealed(sender, rtpOf(2)).empty());
}

TEST_CASE("a key whose length is not the suite's is refused") {
    const SrtpKey shorter(Bytes(28, 1));
    CHECK_THROWS_AS(SrtpSender(SrtpSuite::AesCm128HmacSha1_80, shorter, 1), SrtpError);
    CHECK_THROWS_AS(SrtpReceiver(SrtpSuite::AeadAes256Gcm, shorter), SrtpError);
}

TEST_CASE("a negotiation begins anew what has a new key, and goes on with the rest") {
    const SrtpSuite suite = SrtpSuite::AesCm128HmacSha1_80;
    const SrtpKeys keys{.suite = suite, .send = keyOf(suite, 1), .receive = keyOf(suite, 2)};
    SrtpNegotiation negotiation(1);
    CHECK(negotiation.negotiate(std::nullopt).sendsRtp == nullptr);
    const SrtpStreams first = negotiation.negotiate(keys);
    CHECK(first.sendsRtp != first.sendsRtcp);
    const SrtpStreams again = negotiation.negotiate(keys);
    CHECK(again.sendsRtp == first.sendsRtp);
    CHECK(again.sendsRtcp == first.sendsRtcp);
    CHECK(again.receives == first.receives);
    // Without protection for a while, and then with the old keys: their indices are not used twice.
    CHECK(negotiation.negotiate(std::nullopt).receives == nullptr);
    CHECK(negotiation.negotiate(keys).sendsRtcp == first.sendsRtcp);
    SrtpKeys changed = keys;
    changed.receive = keyOf(suite, 3);
    const SrtpStreams second = negotiation.negotiate(changed);
    CHECK(second.sendsRtp == first.sendsRtp);
    CHECK(second.receives != first.receives);
    changed.send = keyOf(suite, 4);
    const SrtpStreams third = negotiation.negotiate(changed);
    CHECK(third.sendsRtp != second.sendsRtp);
    CHECK(third.sendsRtcp != second.sendsRtcp);
    CHECK(third.receives == second.receives);
    changed.suite = SrtpSuite::AesCm128HmacSha1_32;
    CHECK(negotiation.negotiate(changed).receives != third.receives);
    SrtpKeys wrong = changed;
    wrong.receive = keyOf(SrtpSuite::AeadAes128Gcm);
    const SrtpStreams before = negotiation.negotiate(changed);
    CHECK_THROWS_AS(negotiation.negotiate(wrong), SrtpError);
    CHECK(negotiation.negotiate(changed).sendsRtp == before.sendsRtp);
}
