#include "engine.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "alsa_device.h"
#include "phone.h"
#include "signal.h"
#include "udp_socket.h"

using namespace offhook;
using namespace std::chrono_literals;

namespace {

/** A far end that can tell the DSCP of what arrives. */
SocketPair watchingDscp(uint16_t first, uint16_t last) {
    auto pair = bindPair("127.0.0.1", first, last, 0);
    REQUIRE(pair);
    const int on = 1;
    REQUIRE(setsockopt(pair->rtp.fd(), IPPROTO_IP, IP_RECVTOS, &on, sizeof on) == 0);
    return std::move(*pair);
}

/** DSCP of the next datagram, -1 when none comes within five seconds. */
int nextDscp(const UdpSocket& socket) {
    pollfd waiting{.fd = socket.fd(), .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, 5000) != 1) return -1;
    uint8_t octets[1500];
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    iovec into{octets, sizeof octets};
    msghdr message{};
    message.msg_iov = &into;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(socket.fd(), &message, 0) < 0) return -1;
    const cmsghdr* const header = CMSG_FIRSTHDR(&message);
    return header != nullptr && header->cmsg_type == IP_TOS ? *CMSG_DATA(header) >> 2 : -1;
}

Tone dialTone() {
    Tone tone;
    tone.count = 1;
    tone.steps[0].frequencies[0] = 425;
    tone.steps[0].count = 1;
    tone.repeatFrom = 0;
    tone.level = -10;
    return tone;
}

}  // namespace

TEST_CASE("two engines talk, and a digit crosses") {
    for (const CodecName codec : {CodecName::Pcma, CodecName::Opus}) {
        Phone left(1000);
        Phone right(700);
        const Session& a = left.engine.openSession();
        const Session& b = right.engine.openSession();
        left.engine.start(a.id(), remoteOf(b, codec));
        right.engine.start(b.id(), remoteOf(a, codec));
        left.talk(a);
        right.talk(b);
        CHECK(left.tells(Event::Type::Capture, true));
        CHECK(left.tells(Event::Type::FirstPacket));
        CHECK(right.tells(Event::Type::FirstPacket));
        left.engine.sendDigit(a.id(), {.event = 11, .ms = 100});
        CHECK(right.tells(Event::Type::Digit));
        CHECK(right.last.digit == '#');
        CHECK(right.last.ms == 100);
        CHECK(eventually([&] { return left.engine.stats().framesPlayed > 48000; }));
        // Under a sanitizer on a busy machine it has holes, but not all the time.
        CHECK(eventually([&] {
            const auto heard = left.ear->played();
            return levelAt(std::span<const int16_t>(heard).last(4800), 48000, 700) > -9;
        }));
        left.engine.closeSession(a.id());
        CHECK(right.tells(Event::Type::Bye));
    }
}

TEST_CASE("two engines tell each other how well they hear, but who was not asked is silent") {
    Phone left;
    Phone right;
    const Session& a = left.engine.openSession();
    const Session& b = right.engine.openSession();
    CHECK_FALSE(left.engine.stats(a.id()).quality);
    RemoteMedia asking = remoteOf(b, CodecName::Opus);
    asking.voipMetrics = true;
    left.engine.start(a.id(), asking);
    right.engine.start(b.id(), remoteOf(a, CodecName::Opus));
    left.talk(a);
    right.talk(b);
    // The first report comes within four seconds.
    REQUIRE(eventually([&] { return right.engine.stats(b.id()).remoteQuality.has_value(); }));
    const auto told = right.engine.stats(b.id()).remoteQuality;
    const auto heard = left.engine.stats(a.id()).quality;
    REQUIRE(heard);
    CHECK(heard->rFactor > 0);
    CHECK(heard->mosListening >= heard->mosConversational);
    CHECK(told->rFactor.value() > 0);
    CHECK(told->mosListening.value() >= told->mosConversational.value());
    // A packet of 20 ms and the look-ahead of Opus at the least.
    CHECK(told->endSystemDelay.value() >= 26);
    CHECK_FALSE(left.engine.stats(a.id()).remoteQuality);
}

TEST_CASE("ports and DSCP set later are those of the next session, and the one before goes on with its own") {
    Phone phone;
    const Session& before = phone.engine.openSession();
    phone.engine.setTransport({.firstPort = 24400, .lastPort = 24401, .dscp = 10});
    const Session& after = phone.engine.openSession();
    CHECK(before.local().port >= 23000);
    CHECK(before.local().port < 23998);
    CHECK(after.local().port == 24400);
    const SocketPair farBefore = watchingDscp(24410, 24499);
    const SocketPair farAfter = watchingDscp(24410, 24499);
    phone.engine.start(before.id(), remoteOf(farBefore, before));
    phone.engine.start(after.id(), remoteOf(farAfter, after));
    phone.talk(before);
    CHECK(nextDscp(farBefore.rtp) == 46);
    phone.talk(after);
    CHECK(nextDscp(farAfter.rtp) == 10);
    phone.engine.close();
    CHECK_THROWS_AS(phone.engine.setTransport({}), EngineError);
}

TEST_CASE("a tone opens playback alone, and its end closes it") {
    Phone phone;
    AudioPlan plan;
    plan.earTone = {.id = 1, .tone = dialTone()};
    phone.engine.setAudio(plan);
    CHECK(eventually([&] { return phone.ear->played().size() > 9600; }));
    CHECK(phone.mouth->opened == 0);
    CHECK(phone.bell->opened == 0);
    phone.engine.setAudio(AudioPlan{});
    CHECK(eventually([&] { return phone.ear->closed == 1; }));
}

TEST_CASE("an underrun is recovered and counted, and the tone goes on") {
    Phone phone;
    AudioPlan plan;
    plan.earTone = {.id = 1, .tone = dialTone()};
    phone.engine.setAudio(plan);
    CHECK(eventually([&] { return phone.engine.stats().framesPlayed > 4800; }));
    phone.ear->errorOnce = -EPIPE;
    const uint64_t before = phone.engine.stats().framesPlayed;
    CHECK(eventually([&] { return phone.engine.stats().framesPlayed > before + 4800; }));
    CHECK(phone.engine.stats().xruns >= 1);
    CHECK(phone.ear->opened == 1);
}

TEST_CASE("a device that is lost is told after a few attempts, tried again, and told when it is back") {
    Phone phone;
    AudioPlan plan;
    plan.earTone = {.id = 1, .tone = dialTone()};
    phone.engine.setAudio(plan);
    CHECK(eventually([&] { return phone.ear->opened == 1; }));
    phone.ear->refuseOpen = true;
    phone.ear->error = -ENODEV;
    CHECK(phone.tells(Event::Type::Device, false));
    CHECK(phone.last.pcm == PcmName::Playback);
    CHECK(phone.last.reason == "ear: refused");
    phone.ear->error = 0;
    phone.ear->refuseOpen = false;
    CHECK(phone.tells(Event::Type::Device, true));
    CHECK(phone.ear->opened == 2);
}

/** A new folder, so that two runs at a time do not meet. */
static std::filesystem::path ownFolder() {
    auto path = (std::filesystem::temp_directory_path() / "offhook-engine-XXXXXX").string();
    REQUIRE(mkdtemp(path.data()) != nullptr);
    return path;
}

TEST_CASE("the handset down for 300 ms closes capture although nobody says so, until the next word") {
    const auto folder = ownFolder();
    const auto path = folder / "hook";
    std::ofstream(path) << "0";
    Phone phone(1000, HookSensor{.path = path, .onHook = '0'});
    const Session& session = phone.engine.openSession();
    phone.engine.start(session.id(), remoteOf(session));
    phone.talk(session);
    CHECK(phone.tells(Event::Type::Capture, true));
    CHECK(phone.tells(Event::Type::Capture, false));
    CHECK(phone.mouth->closed == 1);
    std::ofstream(path) << "1";
    phone.talk(session);
    CHECK(phone.tells(Event::Type::Capture, true));
    std::filesystem::remove_all(folder);
}

TEST_CASE("garbage and half-right packets on both sockets harm nothing") {
    Phone phone;
    const Session& session = phone.engine.openSession();
    RemoteMedia remote = remoteOf(session, CodecName::Opus);
    remote.codecs.push_back({CodecName::Pcma, 8, 8000});
    remote.codecs.push_back({CodecName::G722, 9, 8000});
    auto from = bindPair("127.0.0.1", 24200, 24300, 0);
    REQUIRE(from);
    remote.port = from->port;
    remote.rtcpPort = static_cast<uint16_t>(from->port + 1);
    phone.engine.start(session.id(), remote);
    phone.talk(session);
    const auto rtp = *SocketAddress::parse("127.0.0.1", session.local().port);
    const auto rtcp = *SocketAddress::parse("127.0.0.1", static_cast<uint16_t>(session.local().port + 1));
    const uint8_t payloadTypes[] = {111, 8, 9, 101};
    std::mt19937 random(3550);
    for (int round = 0; round < 8000; ++round) {
        std::vector<uint8_t> bytes(random() % 1600);
        for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
        if (bytes.size() > 12 && round % 4 != 0) {
            bytes[0] = static_cast<uint8_t>(random() % 8 == 0 ? 0x80 | random() % 64 : 0x80);
            bytes[1] = payloadTypes[random() % 4];
            bytes[2] = static_cast<uint8_t>(round >> 8);
            bytes[3] = static_cast<uint8_t>(round + random() % 3);
            if (random() % 50 != 0) std::fill_n(bytes.begin() + 8, 4, uint8_t{1});
            if (random() % 2 == 0) bytes.resize(12 + random() % 200);
        }
        from->rtp.send(bytes, rtp);
        if (bytes.size() > 4) {
            bytes[0] = static_cast<uint8_t>(0x80 | bytes[0] % 32);
            bytes[1] = static_cast<uint8_t>(200 + random() % 5);
        }
        from->rtcp.send(bytes, rtcp);
        if (round % 8 == 0) std::this_thread::sleep_for(1ms);
    }
    CHECK(eventually([&] { return phone.engine.stats(session.id()).packetsReceived > 1000; }));
    CHECK(phone.engine.stats(session.id()).packetsMalformed > 100);
    const uint64_t before = phone.engine.stats().framesPlayed;
    CHECK(eventually([&] { return phone.engine.stats().framesPlayed > before + 4800; }));
}

TEST_CASE("any order of calls, with cards that fail meanwhile, ends in silence and closed devices") {
    std::mt19937 random(7);
    for (int round = 0; round < 6; ++round) {
        Phone phone;
        std::vector<int> ids;
        for (int step = 0; step < 120; ++step) {
            switch (random() % 10) {
                case 0: {
                    if (ids.size() < 4) ids.push_back(phone.engine.openSession().id());
                    break;
                }
                case 1: {
                    if (ids.empty()) break;
                    phone.engine.closeSession(ids.back());
                    CHECK_THROWS_AS(phone.engine.stats(ids.back()), EngineError);
                    ids.pop_back();
                    break;
                }
                case 2:
                case 3: {
                    if (ids.empty()) break;
                    RemoteMedia remote;
                    remote.address = "127.0.0.1";
                    remote.port = remote.rtcpPort = 9;
                    remote.codecs = {Codec{}, Codec{CodecName::Opus, 111, 48000}};
                    if (random() % 2 == 0) std::swap(remote.codecs[0], remote.codecs[1]);
                    remote.direction = static_cast<Direction>(random() % 4);
                    remote.ptime = 10 * (1 + random() % 4);
                    phone.engine.start(ids[random() % ids.size()], remote);
                    break;
                }
                case 4: {
                    phone.ear->errorOnce = random() % 2 == 0 ? -EPIPE : -EIO;
                    phone.mouth->errorOnce = random() % 2 == 0 ? -EPIPE : -ENODEV;
                    break;
                }
                default: {
                    AudioPlan plan;
                    for (const int id : ids) {
                        if (random() % 2 == 0) plan.mix[plan.mixed++] = id;
                    }
                    plan.microphone = static_cast<MicrophoneGate>(random() % 3);
                    if (random() % 2 == 0) plan.earTone = {.id = 1, .tone = dialTone()};
                    if (random() % 3 == 0) plan.ring = {.id = 1, .tone = dialTone(), .gain = -6, .audible = true};
                    phone.engine.setAudio(plan);
                    break;
                }
            }
            std::this_thread::sleep_for(std::chrono::microseconds(random() % 4000));
        }
        phone.engine.setAudio(AudioPlan{});
        CHECK(eventually([&] { return phone.engine.stats().captureOpen == false; }));
        phone.engine.close();
        phone.engine.close();
        CHECK_THROWS_AS(phone.engine.setAudio(AudioPlan{}), EngineError);
        for (const auto& card : {phone.ear, phone.mouth, phone.bell}) CHECK(card->opened == card->closed);
    }
}

TEST_CASE("the real ALSA code plays and records on the virtual card") {
    const char* plugin = std::getenv("OFFHOOK_VIRTUAL_CARD");
    REQUIRE(plugin != nullptr);
    const auto folder = ownFolder();
    const auto configuration = folder / "asound.conf";
    std::ofstream(configuration) << "pcm_type.offhook_virtual { lib \"" << plugin << "\" }\n"
                                 << "pcm.card { type offhook_virtual folder \"" << folder.string()
                                 << "\" rates [ 48000 ] channels 1 }\n"
                                 << "pcm.slow { type offhook_virtual folder \"" << folder.string()
                                 << "\" rates [ 16000 ] channels 2 }\n";
    setenv("ALSA_CONFIG_PATH", configuration.c_str(), 1);
    for (const char* pcm : {"card", "slow"}) {
        CAPTURE(std::string(pcm));
        Engine engine(
            {.playback = pcm,
             .capture = pcm,
             .ringer = "missing",
             .address = "127.0.0.1",
             .transport = {.firstPort = 24000, .lastPort = 24100},
             .hookSensor = std::nullopt},
            [] {}, openAlsaDevice);
        const Session& session = engine.openSession();
        engine.start(session.id(), remoteOf(session));
        AudioPlan plan;
        plan.mix[plan.mixed++] = session.id();
        plan.microphone = MicrophoneGate::Open;
        plan.earTone = {.id = 1, .tone = dialTone()};
        engine.setAudio(plan);
        CHECK(eventually([&] { return engine.stats().framesPlayed > 24000 && engine.stats().framesCaptured > 24000; }));
        CHECK(eventually([&] { return engine.stats(session.id()).packetsReceived > 20; }));
        CHECK(engine.stats().playbackLevel == doctest::Approx(-13.14).epsilon(0.05));
        plan.ring = {.id = 1, .tone = dialTone()};
        engine.setAudio(plan);
        bool told = false;
        CHECK(eventually([&] {
            const auto event = engine.nextEvent();
            told = told || (event && event->type == Event::Type::Device && event->reason.starts_with("missing: "));
            return told;
        }));
    }
    std::filesystem::remove_all(folder);
}
