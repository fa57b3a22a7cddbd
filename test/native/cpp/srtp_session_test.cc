#include <doctest/doctest.h>
#include <poll.h>

#include <algorithm>
#include <vector>

#include "phone.h"
#include "rtcp.h"
#include "rtp.h"
#include "signal.h"
#include "srtp.h"

namespace {

using Bytes = std::vector<uint8_t>;

constexpr SrtpSuite kSuites[] = {SrtpSuite::AesCm128HmacSha1_80, SrtpSuite::AesCm128HmacSha1_32,
                                 SrtpSuite::AeadAes128Gcm, SrtpSuite::AeadAes256Gcm};
constexpr uint32_t kSsrc = 77;

SrtpKey keyOf(SrtpSuite suite, uint8_t octet) {
    return SrtpKey(Bytes(keySizeOf(suite), octet));
}

/** The far end of a session: its own sockets, and SRTP by hand, so that it can do wrong. */
struct FarEnd {
    explicit FarEnd(SrtpSuite suite = SrtpSuite::AesCm128HmacSha1_80)
        : keys{.suite = suite, .send = keyOf(suite, 1), .receive = keyOf(suite, 2)},
          sender(suite, keys.receive, kSsrc),
          receiver(suite, keys.send) {}

    RemoteMedia remote(const Session& like) const {
        RemoteMedia media = remoteOf(sockets, like);
        media.security = keys;
        return media;
    }

    Bytes packet(uint16_t sequence) {
        const Bytes payload(160, 0xD5);
        Bytes bytes(kMaxDatagram + kSrtpTrailer);
        const size_t size = buildRtp({.marker = false,
                                      .payloadType = 8,
                                      .sequence = sequence,
                                      .timestamp = sequence * 160U,
                                      .ssrc = kSsrc,
                                      .payload = payload},
                                     bytes);
        bytes.resize(sender.protectRtp(bytes, size));
        return bytes;
    }

    void send(const Session& to, const Bytes& bytes) const {
        REQUIRE(sockets.rtp.send(bytes, *SocketAddress::parse("127.0.0.1", to.local().port)));
    }
    void sendReport(const Session& to, const Bytes& bytes) const {
        const auto port = static_cast<uint16_t>(to.local().port + 1);
        REQUIRE(sockets.rtcp.send(bytes, *SocketAddress::parse("127.0.0.1", port)));
    }

    /** The next datagram, as it came; nothing where none comes in five seconds. */
    static Bytes next(const UdpSocket& socket) {
        pollfd waiting{.fd = socket.fd(), .events = POLLIN, .revents = 0};
        if (poll(&waiting, 1, 5000) != 1) return {};
        Bytes bytes(kMaxDatagram);
        SocketAddress from;
        bytes.resize(socket.receive(bytes, from).value_or(0));
        return bytes;
    }

    SocketPair sockets = *bindPair("127.0.0.1", 24500, 24898, 0);
    /** As the session has them. */
    SrtpKeys keys;
    SrtpSender sender;
    SrtpReceiver receiver;
};

/** A session under the far end's keys, and what it counts. */
struct Secured {
    explicit Secured(SrtpSuite suite = SrtpSuite::AesCm128HmacSha1_80) : far(suite) {
        phone.engine.start(session.id(), far.remote(session));
    }

    SessionStats stats() const { return phone.engine.stats(session.id()); }
    bool receives(uint64_t count) const {
        return eventually([&] { return stats().packetsReceived == count; });
    }
    bool refuses(uint64_t count) const {
        return eventually([&] { return stats().packetsUnauthentic == count; });
    }
    bool meetsAgain(uint64_t count) const {
        return eventually([&] { return stats().packetsReplayed == count; });
    }
    void sendRange(uint16_t from, uint16_t to) {
        for (uint16_t sequence = from; sequence < to; ++sequence) far.send(session, far.packet(sequence));
    }

    FarEnd far;
    Phone phone;
    const Session& session = phone.engine.openSession();
};

Bytes goodbyeOf(uint32_t ssrc) {
    return buildRtcp(
        {.sender = ssrc, .senderInfo = std::nullopt, .report = std::nullopt, .cname = "far", .goodbye = true});
}

}  // namespace

TEST_CASE("two engines talk under each suite, and a digit and the goodbye cross") {
    for (const SrtpSuite suite : kSuites) {
        Phone left(1000);
        Phone right(700);
        const Session& a = left.engine.openSession();
        const Session& b = right.engine.openSession();
        RemoteMedia toRight = remoteOf(b);
        RemoteMedia toLeft = remoteOf(a);
        toRight.security = SrtpKeys{.suite = suite, .send = keyOf(suite, 1), .receive = keyOf(suite, 2)};
        toLeft.security = SrtpKeys{.suite = suite, .send = keyOf(suite, 2), .receive = keyOf(suite, 1)};
        left.engine.start(a.id(), toRight);
        right.engine.start(b.id(), toLeft);
        left.talk(a);
        right.talk(b);
        CHECK(left.tells(Event::Type::FirstPacket));
        CHECK(right.tells(Event::Type::FirstPacket));
        left.engine.sendDigit(a.id(), {.event = 5, .ms = 60});
        CHECK(right.tells(Event::Type::Digit));
        CHECK(right.last.digit == '5');
        CHECK(eventually([&] { return left.engine.stats(a.id()).packetsReceived > 20; }));
        CHECK(eventually([&] {
            const auto heard = left.ear->played();
            return heard.size() > 9600 && levelAt(std::span<const int16_t>(heard).last(4800), 48000, 700) > -9;
        }));
        CHECK(left.engine.stats(a.id()).packetsUnauthentic == 0);
        CHECK(left.engine.stats(a.id()).packetsReplayed == 0);
        left.engine.closeSession(a.id());
        CHECK(right.tells(Event::Type::Bye));
    }
}

TEST_CASE("what is sent is read with the key alone: RTP in sequence, and the goodbye") {
    for (const SrtpSuite suite : kSuites) {
        Secured secured(suite);
        secured.phone.talk(secured.session);
        uint16_t sequence = 0;
        for (int i = 0; i < 20; ++i) {
            Bytes bytes = FarEnd::next(secured.far.sockets.rtp);
            const Unprotected open = secured.far.receiver.unprotectRtp(bytes);
            REQUIRE(open.verdict == SrtpVerdict::Authentic);
            const auto packet = parseRtp(std::span(bytes).first(open.size));
            REQUIRE(packet);
            CHECK(packet->payload.size() == 160);
            CHECK(packet->ssrc == secured.session.local().ssrc);
            if (i == 0) CHECK(packet->sequence < 0x8000);
            if (i > 0) CHECK(packet->sequence == static_cast<uint16_t>(sequence + 1));
            sequence = packet->sequence;
        }
        const uint32_t ssrc = secured.session.local().ssrc;
        secured.phone.engine.closeSession(secured.session.id());
        std::vector<uint32_t> goodbyes;
        while (goodbyes.empty()) {
            Bytes bytes = FarEnd::next(secured.far.sockets.rtcp);
            const Unprotected open = secured.far.receiver.unprotectRtcp(bytes);
            REQUIRE(open.verdict == SrtpVerdict::Authentic);
            const auto compound = parseRtcp(std::span(bytes).first(open.size));
            REQUIRE(compound);
            goodbyes = compound->goodbyes;
        }
        CHECK(goodbyes == std::vector{ssrc});
    }
}

TEST_CASE("flipped, cut and unprotected packets are counted and change nothing; a replay neither") {
    for (const SrtpSuite suite : kSuites) {
        Secured secured(suite);
        const Bytes good = secured.far.packet(0);
        for (size_t i = 0; i < 20; ++i) {
            Bytes flipped = good;
            flipped[flipped.size() - 1 - i] ^= 0x01;
            secured.far.send(secured.session, flipped);
        }
        secured.far.send(secured.session, Bytes(good.begin(), good.end() - 1));
        secured.far.send(secured.session, Bytes(good.begin(), good.begin() + 172));
        CHECK(secured.refuses(22));
        secured.far.send(secured.session, Bytes(good.begin(), good.begin() + 14));
        CHECK(eventually([&] { return secured.stats().packetsMalformed == 1; }));
        CHECK(secured.stats().packetsReceived == 0);
        CHECK_FALSE(secured.phone.engine.nextEvent());
        secured.far.send(secured.session, good);
        secured.sendRange(1, 10);
        CHECK(secured.receives(10));
        CHECK(secured.phone.tells(Event::Type::FirstPacket));
        secured.far.send(secured.session, good);
        CHECK(secured.meetsAgain(1));
        const Bytes eleventh = secured.far.packet(10);
        secured.far.send(secured.session, secured.far.packet(11));
        secured.far.send(secured.session, eleventh);
        CHECK(secured.receives(12));
        CHECK(secured.stats().packetsLost == 0);
        CHECK(secured.stats().packetsUnauthentic == 22);
    }
}

TEST_CASE("packets that are not authentic neither break a silence nor reach the ear") {
    FarEnd far;
    const LocalMedia local{.address = "127.0.0.1", .port = 0, .ssrc = 1, .cname = "x"};
    const SocketPair sockets = *bindPair("127.0.0.1", 24500, 24898, 0);
    SessionCounters counters;
    SpscRing<Datagram> datagrams{64};
    EventQueue events([] {});
    NetworkPath path({1, local, sockets, counters, datagrams, events});
    path.setups().back() = {.rtp = *SocketAddress::parse("127.0.0.1", far.sockets.port),
                            .rtcp = *SocketAddress::parse("127.0.0.1", 9),
                            .direction = Direction::SendRecv,
                            .codecs = {Codec{}},
                            .telephoneEvent = std::nullopt,
                            .srtpSender = nullptr,
                            .srtpReceiver = std::make_shared<SrtpReceiver>(far.keys.suite, far.keys.receive)};
    path.setups().publish();
    const int64_t start = monotonicNs();
    path.tick(start);
    const auto arrives = [&](const Bytes& bytes) {
        REQUIRE(far.sockets.rtp.send(bytes, *SocketAddress::parse("127.0.0.1", sockets.port)));
        pollfd waiting{.fd = sockets.rtp.fd(), .events = POLLIN, .revents = 0};
        REQUIRE(poll(&waiting, 1, 5000) == 1);
        path.receiveRtp();
    };
    const Bytes good = far.packet(0);
    Bytes forged = good;
    forged.back() ^= 1;
    arrives(forged);
    CHECK(counters.packetsUnauthentic == 1);
    CHECK(datagrams.empty());
    path.tick(start + 10 * kNsPerSecond);
    const auto silent = events.next();
    REQUIRE(silent);
    CHECK(silent->type == Event::Type::Silent);
    CHECK(silent->ms == 10000);
    arrives(good);
    CHECK(events.next()->type == Event::Type::FirstPacket);
    REQUIRE(datagrams.front() != nullptr);
    CHECK(datagrams.front()->size == 172);
    path.tick(monotonicNs() + 9 * kNsPerSecond);
    CHECK_FALSE(events.next());
}

TEST_CASE("a goodbye that anybody could have sent ends nothing, the far end's does, once") {
    for (const SrtpSuite suite : kSuites) {
        Secured secured(suite);
        secured.sendRange(0, 5);
        CHECK(secured.phone.tells(Event::Type::FirstPacket));
        Bytes goodbye = goodbyeOf(kSsrc);
        secured.far.sendReport(secured.session, goodbye);
        CHECK(secured.refuses(1));
        CHECK_FALSE(secured.phone.engine.nextEvent());
        const size_t size = goodbye.size();
        goodbye.resize(size + kSrtpTrailer);
        goodbye.resize(secured.far.sender.protectRtcp(goodbye, size));
        secured.far.sendReport(secured.session, goodbye);
        CHECK(secured.phone.tells(Event::Type::Bye));
        secured.far.sendReport(secured.session, goodbye);
        CHECK(secured.meetsAgain(1));
        CHECK_FALSE(secured.phone.engine.nextEvent());
    }
}

TEST_CASE("a stranger's packets do not move the address, and do not keep the far end behind a NAT from moving it") {
    Secured secured;
    const FarEnd elsewhere;
    const FarEnd stranger;
    // The negotiated address is silent; the far end's packets come from another.
    secured.phone.engine.start(secured.session.id(), elsewhere.remote(secured.session));
    for (uint16_t sequence = 0; sequence < 10; ++sequence) {
        Bytes forged = secured.far.packet(sequence);
        secured.far.send(secured.session, forged);
        forged.back() ^= 0x80;
        forged[3] ^= 0x40;
        stranger.send(secured.session, forged);
        stranger.send(secured.session, forged);
    }
    CHECK(secured.refuses(20));
    // Four in a row are wanted of an address that was not negotiated; a stranger's would begin the row anew.
    CHECK(secured.receives(7));
}

TEST_CASE("the same keys again: what was received stays a replay, and both directions go on") {
    for (const SrtpSuite suite : kSuites) {
        Secured secured(suite);
        const Bytes first = secured.far.packet(0);
        secured.far.send(secured.session, first);
        secured.sendRange(1, 5);
        CHECK(secured.receives(5));
        for (int again = 1; again <= 3; ++again) {
            secured.phone.engine.start(secured.session.id(), secured.far.remote(secured.session));
            secured.far.send(secured.session, first);
            CHECK(secured.meetsAgain(static_cast<uint64_t>(again)));
        }
        secured.sendRange(5, 10);
        CHECK(secured.receives(10));
    }
}

TEST_CASE("a rollover during hold is followed") {
    Secured secured;
    secured.sendRange(0x7000, 0x7003);
    CHECK(secured.receives(3));
    RemoteMedia held = secured.far.remote(secured.session);
    held.direction = Direction::SendOnly;
    secured.phone.engine.start(secured.session.id(), held);
    Bytes last;
    for (const uint16_t sequence : {0xC000, 0x1000, 0x8000, 0xF000, 0x2000}) {
        last = secured.far.packet(sequence);
        secured.far.send(secured.session, last);
    }
    // A replay is counted on hold too: what went before it has been dealt with.
    secured.far.send(secured.session, last);
    CHECK(secured.meetsAgain(1));
    CHECK(secured.stats().packetsReceived == 3);
    secured.phone.engine.start(secured.session.id(), secured.far.remote(secured.session));
    secured.sendRange(0x2001, 0x2006);
    CHECK(secured.receives(8));
    CHECK(secured.stats().packetsUnauthentic == 0);
}

TEST_CASE("a new key for what is received: the old one ends, and what is sent goes on as it was") {
    Secured secured;
    secured.phone.talk(secured.session);
    secured.sendRange(0, 5);
    CHECK(secured.receives(5));
    const Bytes late = secured.far.packet(10);
    secured.far.keys.receive = keyOf(secured.far.keys.suite, 3);
    secured.far.sender = SrtpSender(secured.far.keys.suite, secured.far.keys.receive, kSsrc);
    secured.phone.engine.start(secured.session.id(), secured.far.remote(secured.session));
    secured.sendRange(5, 10);
    CHECK(secured.receives(10));
    secured.far.send(secured.session, late);
    CHECK(secured.refuses(1));
    CHECK(secured.stats().packetsLost == 0);
    uint16_t sequence = 0;
    for (int i = 0; i < 40; ++i) {
        Bytes bytes = FarEnd::next(secured.far.sockets.rtp);
        REQUIRE(secured.far.receiver.unprotectRtp(bytes).verdict == SrtpVerdict::Authentic);
        const uint16_t number = parseRtp(bytes)->sequence;
        if (i > 0) CHECK(number == static_cast<uint16_t>(sequence + 1));
        sequence = number;
    }
}

TEST_CASE("protection comes, takes a new key for what is sent, and goes, as negotiated") {
    Secured secured;
    secured.phone.talk(secured.session);
    const auto nextSize = [&](size_t size) {
        return eventually([&] { return FarEnd::next(secured.far.sockets.rtp).size() == size; });
    };
    CHECK(nextSize(172 + 10));
    secured.far.keys.send = keyOf(secured.far.keys.suite, 9);
    SrtpReceiver receiver(secured.far.keys.suite, secured.far.keys.send);
    secured.phone.engine.start(secured.session.id(), secured.far.remote(secured.session));
    CHECK(eventually([&] {
        Bytes bytes = FarEnd::next(secured.far.sockets.rtp);
        return receiver.unprotectRtp(bytes).verdict == SrtpVerdict::Authentic;
    }));
    secured.sendRange(0, 5);
    CHECK(secured.receives(5));
    RemoteMedia plain = secured.far.remote(secured.session);
    plain.security = std::nullopt;
    secured.phone.engine.start(secured.session.id(), plain);
    CHECK(nextSize(172));
    secured.phone.engine.start(secured.session.id(), secured.far.remote(secured.session));
    CHECK(nextSize(172 + 10));
    secured.sendRange(5, 10);
    CHECK(secured.receives(10));
    CHECK(secured.stats().packetsUnauthentic == 0);
}

TEST_CASE("keys that libsrtp refuses are an error, and the session stays as it was") {
    Secured secured;
    RemoteMedia wrong = secured.far.remote(secured.session);
    wrong.security->receive = keyOf(SrtpSuite::AeadAes128Gcm, 1);
    CHECK_THROWS_AS(secured.phone.engine.start(secured.session.id(), wrong), EngineError);
    secured.sendRange(0, 5);
    CHECK(secured.receives(5));
}
