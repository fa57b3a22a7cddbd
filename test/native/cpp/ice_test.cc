#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>
#include <thread>

#include "demultiplex.h"
#include "engine.h"
#include "fake_device.h"
#include "ice_link.h"
#include "signal.h"

using namespace offhook;
using namespace std::chrono_literals;

namespace {

/** An engine with one session over ICE, and what it told. DTLS needs Node's OpenSSL and is tested there. */
struct IcePhone {
    explicit IcePhone(bool controlling, double microphone = 1000, std::vector<std::string> addresses = {"127.0.0.1"})
        : mouth(std::make_shared<FakeCard>()),
          engine(
              {
                  .playback = "ear",
                  .capture = "mouth",
                  .ringer = "bell",
                  .address = "127.0.0.1",
                  .transport = {.firstPort = 25000, .lastPort = 25998, .dscp = 46},
                  .periodMs = 10,
                  .priority = 0,
                  .hookSensor = std::nullopt,
              },
              [] {},
              [this](const AudioDeviceRequest& request) {
                  return OpenedDevice{std::make_unique<FakeDevice>(request.name == "mouth" ? mouth : ear, request), ""};
              }) {
        mouth->microphone = microphone;
        session = engine
                      .openIceSession({.controlling = controlling,
                                       .addresses = std::move(addresses),
                                       .stun = std::nullopt,
                                       .turn = {},
                                       .relayOnly = false},
                                      local)
                      .id();
    }

    void drain() {
        while (auto event = engine.nextEvent()) told.push_back(*std::move(event));
    }

    /** Whether such an event has come or comes in time; it counts once. */
    bool tells(const std::function<bool(const Event&)>& wanted, std::chrono::seconds within = 5s) {
        const auto until = std::chrono::steady_clock::now() + within;
        while (std::chrono::steady_clock::now() < until) {
            drain();
            const auto found = std::find_if(told.begin(), told.end(), wanted);
            if (found != told.end()) {
                told.erase(found);
                return true;
            }
            std::this_thread::sleep_for(5ms);
        }
        return false;
    }
    bool tells(Event::Type type) {
        return tells([type](const Event& event) { return event.type == type; });
    }
    bool tells(IceState state, std::chrono::seconds within = 5s) {
        return tells([state](const Event& event) { return event.type == Event::Type::IceState && event.ice == state; },
                     within);
    }

    /** What the far end is told, once gathering has ended. */
    IceRemote description() {
        REQUIRE(tells(Event::Type::IceGathered));
        IceRemote described{.credentials = local, .candidates = {}, .complete = true, .dtls = std::nullopt};
        std::erase_if(told, [&](const Event& event) {
            if (event.type != Event::Type::IceCandidate) return false;
            described.candidates.push_back(event.candidate);
            return true;
        });
        return described;
    }

    void start(const IceRemote& remote) {
        RemoteMedia media;
        media.codecs = {Codec{}};
        engine.start(session, media, remote);
    }

    void talk() {
        AudioPlan plan;
        plan.mix[0] = session;
        plan.mixed = 1;
        plan.microphone = MicrophoneGate::Open;
        engine.setAudio(plan);
    }

    std::shared_ptr<FakeCard> ear = std::make_shared<FakeCard>();
    std::shared_ptr<FakeCard> mouth;
    std::vector<Event> told;
    IceCredentials local;
    int session = 0;
    Engine engine;
};

void connect(IcePhone& left, IcePhone& right) {
    const IceRemote ofLeft = left.description();
    const IceRemote ofRight = right.description();
    left.start(ofRight);
    right.start(ofLeft);
    REQUIRE(left.tells(IceState::Connected));
    REQUIRE(right.tells(IceState::Connected));
}

template <typename Condition>
bool eventually(Condition condition) {
    for (int i = 0; i < 1000; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(5ms);
    }
    return false;
}

bool hears(const IcePhone& phone, double frequency) {
    return eventually([&] {
        const auto heard = phone.ear->played();
        return heard.size() > 9600 && levelAt(std::span<const int16_t>(heard).last(4800), 48000, frequency) > -9;
    });
}

}  // namespace

TEST_CASE("what shares a port with STUN is told apart by its first octets") {
    const auto kind = [](std::initializer_list<uint8_t> octets) { return kindOf(std::vector<uint8_t>(octets)); };
    CHECK(kind({}) == DatagramKind::Unknown);
    CHECK(kind({0x80}) == DatagramKind::Unknown);
    CHECK(kind({0x00, 0x01}) == DatagramKind::Unknown);
    CHECK(kind({19, 0}) == DatagramKind::Unknown);
    CHECK(kind({20, 254}) == DatagramKind::Dtls);
    CHECK(kind({63, 254}) == DatagramKind::Dtls);
    CHECK(kind({64, 0}) == DatagramKind::Unknown);
    CHECK(kind({127, 0}) == DatagramKind::Unknown);
    CHECK(kind({128, 0}) == DatagramKind::Rtp);
    CHECK(kind({191, 191}) == DatagramKind::Rtp);
    CHECK(kind({128, 192}) == DatagramKind::Rtcp);
    CHECK(kind({128, 223}) == DatagramKind::Rtcp);
    CHECK(kind({128, 224}) == DatagramKind::Rtp);
    CHECK(kind({192, 200}) == DatagramKind::Unknown);
}

TEST_CASE("without a way nothing is sent, and the relay's ring takes what the ice thread then drains") {
    Wake ice;
    Wake network;
    IceLink link(ice, network);
    const std::vector<uint8_t> packet(172, 0x80);
    CHECK(link.rtpWay().kind == IceWay::Kind::None);
    CHECK_FALSE(link.sendRtp(packet));
    CHECK_FALSE(link.sendRtcp(packet));
    link.publish({.kind = IceWay::Kind::Relay, .socket = {}, .to = {}, .srtpSender = {}, .srtpReceiver = {}},
                 {.kind = IceWay::Kind::Relay, .socket = {}, .to = {}, .srtpSender = {}, .srtpReceiver = {}});
    CHECK(link.rtpWay().kind == IceWay::Kind::Relay);
    CHECK(link.rtcpWay().kind == IceWay::Kind::Relay);
    int taken = 0;
    while (link.sendRtp(packet)) ++taken;
    CHECK(taken == 16);
    CHECK(link.sendRtcp(packet));
    size_t drained = 0;
    link.drainRelayed([&](std::span<const uint8_t> datagram) {
        CHECK(std::equal(datagram.begin(), datagram.end(), packet.begin(), packet.end()));
        ++drained;
    });
    CHECK(drained == 17);
    CHECK_FALSE(link.sendRtp(std::vector<uint8_t>(kMaxDatagram + kSrtpTrailer + 1)));
    link.deliver(std::vector<uint8_t>(kMaxDatagram + 1));
    CHECK(link.received() == nullptr);
    for (int i = 0; i < 100; ++i) link.deliver(packet);
    int received = 0;
    for (; link.received() != nullptr; link.takeReceived()) ++received;
    CHECK(received == 64);
}

TEST_CASE("two engines find each other by ICE and talk, over IPv4 and IPv6") {
    for (const char* address : {"127.0.0.1", "::1"}) {
        IcePhone left(true, 1000, {address});
        IcePhone right(false, 700, {address});
        connect(left, right);
        left.talk();
        right.talk();
        CHECK(left.tells(Event::Type::FirstPacket));
        CHECK(right.tells(Event::Type::FirstPacket));
        CHECK(hears(left, 700));
        left.engine.closeSession(left.session);
        CHECK(right.tells(Event::Type::Bye));
    }
}

TEST_CASE("a role conflict is settled, and a restart takes the media to the new path") {
    IcePhone left(true);
    IcePhone right(true, 700);
    connect(left, right);
    left.talk();
    right.talk();
    CHECK(hears(left, 700));
    left.local = left.engine.restartIce(left.session, {"127.0.0.1"});
    right.local = right.engine.restartIce(right.session, {"127.0.0.1"});
    connect(left, right);
    const uint64_t before = left.engine.stats(left.session).packetsReceived;
    CHECK(eventually([&] { return left.engine.stats(left.session).packetsReceived > before + 50; }));
    CHECK(hears(left, 700));
}

TEST_CASE("a peer that vanishes loses consent: that is told, and nothing more is sent") {
    IcePhone left(true);
    {
        IcePhone right(false);
        connect(left, right);
        left.talk();
        CHECK(right.tells(Event::Type::FirstPacket));
    }
    // Consent expires after 10 s without an answer.
    CHECK(left.tells(IceState::Disconnected, 30s));
    const uint64_t sent = left.engine.stats(left.session).packetsSent;
    const uint64_t captured = left.engine.stats().framesCaptured;
    CHECK(eventually([&] { return left.engine.stats().framesCaptured > captured + 24000; }));
    CHECK(left.engine.stats(left.session).packetsSent <= sent + 1);
}

TEST_CASE("wrong passwords never connect, and what cannot be bound fails at once") {
    IcePhone left(true);
    IcePhone right(false);
    IceRemote ofLeft = left.description();
    IceRemote ofRight = right.description();
    ofLeft.credentials.pwd = ofRight.credentials.pwd = "0123456789012345678901";
    left.start(ofRight);
    right.start(ofLeft);
    CHECK_FALSE(left.tells(IceState::Connected, 2s));
    CHECK_FALSE(right.tells(IceState::Connected, 1s));
    IcePhone nowhere(true, 1000, {"192.0.2.77"});
    CHECK(nowhere.tells(IceState::Failed));
    CHECK_THROWS_AS(nowhere.engine.fingerprint(), EngineError);
    const Session& plain = nowhere.engine.openSession();
    CHECK_THROWS_AS(nowhere.engine.restartIce(plain.id(), {}), EngineError);
}

TEST_CASE("garbage and half-right STUN, DTLS and RTP harm nothing") {
    IcePhone left(true);
    IcePhone right(false, 700);
    IceRemote ofLeft = left.description();
    const IceRemote ofRight = right.description();
    std::vector<SocketAddress> targets;
    for (const IceRemote* side : {static_cast<const IceRemote*>(&ofLeft), &ofRight}) {
        for (const IceCandidate& candidate : side->candidates) {
            targets.push_back(*SocketAddress::parse(candidate.address, candidate.port));
        }
    }
    REQUIRE(targets.size() == 2);
    auto from = bindPair("127.0.0.1", 26000, 26098, 0);
    REQUIRE(from);
    left.start(ofRight);
    right.start(ofLeft);
    std::mt19937 random(8445);
    const auto send = [&](int round) {
        std::vector<uint8_t> bytes(random() % 1600);
        for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
        const uint8_t firsts[] = {0, 1, 20, 22, 23, 128, 129, 255};
        if (bytes.size() > 20 && round % 4 != 0) {
            bytes[0] = firsts[random() % 8];
            bytes[2] = static_cast<uint8_t>((bytes.size() - 20) >> 8);
            bytes[3] = static_cast<uint8_t>(bytes.size() - 20);
            const uint8_t cookie[] = {0x21, 0x12, 0xA4, 0x42};
            std::copy(std::begin(cookie), std::end(cookie), bytes.begin() + 4);
        }
        from->rtp.send(bytes, targets[random() % targets.size()]);
    };
    for (int round = 0; round < 4000; ++round) {
        send(round);
        if (round % 16 == 0) std::this_thread::sleep_for(1ms);
    }
    CHECK(left.tells(IceState::Connected));
    CHECK(right.tells(IceState::Connected));
    right.talk();
    left.talk();
    for (int round = 0; round < 2000; ++round) {
        send(round);
        if (round % 16 == 0) std::this_thread::sleep_for(1ms);
    }
    CHECK(hears(left, 700));
}

TEST_CASE("any order of calls ends with every session released") {
    std::mt19937 random(5245);
    IcePhone phone(true);
    std::vector<int> ids;
    const IceRemote remote = phone.description();
    const auto openAnother = [&] {
        const IceOptions options{.controlling = random() % 2 == 0,
                                 .addresses = {"127.0.0.1"},
                                 .stun = std::nullopt,
                                 .turn = {},
                                 .relayOnly = random() % 4 == 0};
        IceCredentials local;
        try {
            ids.push_back(phone.engine.openIceSession(options, local).id());
            return true;
        } catch (const EngineError& refused) {
            // On a machine that leaves the threads no time, those that were closed are not gone yet.
            CHECK(refused.code() == "busy");
            return false;
        }
    };
    for (int step = 0; step < 200; ++step) {
        const int id = ids.empty() ? 0 : ids[random() % ids.size()];
        switch (ids.empty() ? 0 : random() % 6) {
            case 0: {
                if (ids.size() < 8) openAnother();
                break;
            }
            case 1: {
                phone.engine.closeSession(id);
                std::erase(ids, id);
                break;
            }
            case 2: {
                RemoteMedia media;
                media.codecs = {Codec{}};
                phone.engine.start(id, media, remote);
                break;
            }
            case 3: {
                phone.engine.restartIce(id, {"127.0.0.1"});
                break;
            }
            case 4: {
                phone.engine.addIceCandidates(id, remote.candidates, random() % 2 == 0);
                break;
            }
            default: {
                std::this_thread::sleep_for(std::chrono::milliseconds(random() % 5));
                break;
            }
        }
    }
    // Had one of them been kept, there would be no room for as many as there can be beside the phone's own.
    for (const int id : ids) phone.engine.closeSession(id);
    ids.clear();
    while (ids.size() < kMaxSessions - 1) REQUIRE(eventually(openAnother));
    phone.engine.close();
    CHECK_THROWS_AS(phone.engine.fingerprint(), EngineError);
}
