/**
 * One session with ICE as the engine has it, without threads: datagrams come as from the ice thread and go all the way
 * to samples for the ear, between blocks, re-negotiations and time that passes. What the session sends is well-formed.
 */
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "clock.h"
#include "demultiplex.h"
#include "must.h"
#include "rtcp.h"
#include "rtp.h"
#include "script.h"
#include "session.h"

namespace {

using namespace offhook;
using fuzz::Step;
using Bytes = std::vector<uint8_t>;

constexpr uint32_t kOurSsrc = 0xA11CE;
/** Frames that the devices hold. */
constexpr size_t kHeld = kSampleRate / 100;
constexpr SrtpSuite kSuites[] = {SrtpSuite::AesCm128HmacSha1_80, SrtpSuite::AesCm128HmacSha1_32,
                                 SrtpSuite::AeadAes128Gcm, SrtpSuite::AeadAes256Gcm};

SrtpKeys keysOf(SrtpSuite suite, uint8_t octet) {
    const auto key = [suite](int filling) { return SrtpKey(Bytes(keySizeOf(suite), static_cast<uint8_t>(filling))); };
    return {.suite = suite, .send = key(2 * octet), .receive = key(2 * octet + 1)};
}

/** Payload types as the recorded far ends use them. */
RemoteMedia remoteOf(const Step& step) {
    RemoteMedia remote{.codecs = {{.name = CodecName::Pcma, .payloadType = 8, .clockRate = 8000},
                                  {.name = CodecName::Pcmu, .payloadType = 0, .clockRate = 8000},
                                  {.name = CodecName::G722, .payloadType = 9, .clockRate = 8000},
                                  {.name = CodecName::Opus, .payloadType = 96, .clockRate = 48000}}};
    std::swap(remote.codecs.front(), remote.codecs[step.at(0) % remote.codecs.size()]);
    if (step.at(0) & 4) remote.codecs.pop_back();
    remote.direction = static_cast<Direction>(step.at(0) >> 6);
    if ((step.at(0) & 8) == 0) remote.telephoneEvent = {.payloadType = 101, .clockRate = 8000};
    constexpr unsigned kTimes[] = {20, 10, 40, 60};
    remote.ptime = kTimes[step.at(0) >> 4 & 3];
    remote.voipMetrics = (step.at(1) & 8) == 0;
    if (step.at(1) & 4) remote.security = keysOf(kSuites[step.at(1) & 3], step.at(1) >> 7);
    return remote;
}

class Call {
  public:
    Call() {
        link_->publish({.kind = IceWay::Kind::Relay}, {.kind = IceWay::Kind::Relay});
        negotiate({});
    }

    void step(const Step& step) {
        switch (step.what % 8) {
            case 0:
            case 1:
                return receive(step.octets);
            case 2:
                return receiveProtected(step.octets);
            case 3:
                return talk(step);
            case 4:
                return pass(step);
            case 5:
                return negotiate(step);
            case 6:
                return pause(step);
            default:
                return sendDigit(step);
        }
    }

    void end() {
        session_->network().goodbye(monotonicNs());
        checkSent();
        const SessionCounters& counters = session_->counters();
        MUST(counters.packetsReceived + counters.packetsMalformed + counters.packetsUnauthentic +
                 counters.packetsReplayed <=
             came_);
        MUST(counters.jitter >= 0);
        MUST(counters.remoteLoss <= 1);
        checkQuality();
    }

  private:
    void checkQuality() {
        if (const auto quality = session_->quality()) {
            MUST(quality->lossRate >= 0 && quality->discardRate >= 0);
            MUST(quality->lossRate + quality->discardRate <= 1 + 1e-9);
            MUST(quality->burstDensity <= 1 && quality->gapDensity <= 1);
            MUST(quality->rFactor >= 0 && quality->rFactor <= 100);
            MUST(quality->mosListening >= 1 && quality->mosConversational <= 4.5);
        }
        if (const auto remote = session_->remoteQuality()) MUST(remote->rFactor.value_or(0) <= 100);
    }

    void receive(std::span<const uint8_t> datagram) {
        if (datagram.size() > kMaxDatagram) return;
        ++came_;
        link_->deliver(datagram);
        session_->network().receiveIce();
    }

    /** As a far end with the right key sends it; where nothing is protected as it is. */
    void receiveProtected(std::span<const uint8_t> datagram) {
        Bytes bytes(datagram.begin(), datagram.end());
        if (!keys_ || bytes.size() < kRtpHeaderSize || bytes.size() > kMaxDatagram) return receive(bytes);
        // libsrtp trusts its own side: the header must be whole.
        const bool rtcp = kindOf(bytes) == DatagramKind::Rtcp;
        if (!rtcp && !parseRtp(bytes)) return receive(bytes);
        const uint32_t ssrc = static_cast<uint32_t>(bytes[rtcp ? 4 : 8]) << 24 | bytes[rtcp ? 5 : 9] << 16 |
                              bytes[rtcp ? 6 : 10] << 8 | bytes[rtcp ? 7 : 11];
        SrtpSender sender(keys_->suite, keys_->receive, ssrc);
        bytes.resize(datagram.size() + kSrtpTrailer);
        bytes.resize(rtcp ? sender.protectRtcp(bytes, datagram.size()) : sender.protectRtp(bytes, datagram.size()));
        receive(bytes);
    }

    /** Blocks of 5 ms both ways. */
    void talk(const Step& step) {
        for (unsigned count = 0; count <= step.at(0) % 16U; ++count) {
            std::array<int16_t, kSampleRate / 200> block{};
            session_->refresh(kHeld);
            session_->pull(block);
            session_->feed(block, now_ += 5 * kNsPerMs);
        }
        checkSent();
    }

    void pass(const Step& step) {
        now_ += step.at16(0) * kNsPerMs;
        session_->network().tick(now_);
        checkSent();
    }

    void negotiate(const Step& step) {
        const RemoteMedia remote = remoteOf(step);
        keys_ = remote.security;
        MUST(session_->start(remote));
        session_->network().tick(now_);
        if (step.at(2) % 2 == 0) session_->refresh(kHeld);
    }

    void pause(const Step& step) {
        if (step.at(0) & 1) session_->pauseReceiving();
        if (step.at(0) & 2) session_->pauseSending();
    }

    void sendDigit(const Step& step) {
        session_->sendDigit({.event = static_cast<uint8_t>(step.at(0) % 16), .ms = 40U + step.at(1)});
    }

    void checkSent() {
        link_->drainRelayed([](std::span<const uint8_t> datagram) {
            MUST(kindOf(datagram) == DatagramKind::Rtp || kindOf(datagram) == DatagramKind::Rtcp);
            MUST(datagram.size() >= kRtpHeaderSize - 4);
        });
        while (events_.next()) {
        }
    }

    Wake iceThread_;
    Wake networkThread_;
    EventQueue events_{[] {}};
    IceLink* link_ = nullptr;
    std::unique_ptr<Session> session_ = [this] {
        auto link = std::make_unique<IceLink>(iceThread_, networkThread_);
        link_ = link.get();
        const LocalMedia local{.address = "127.0.0.1", .port = 0, .ssrc = kOurSsrc, .cname = "fuzz"};
        return std::make_unique<Session>(1, local, std::move(link), events_);
    }();
    std::optional<SrtpKeys> keys_;
    int64_t now_ = monotonicNs();
    uint64_t came_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Call call;
    for (const Step& step : fuzz::readScript({data, size})) call.step(step);
    call.end();
    return 0;
}
