/**
 * A far end protects RTP and RTCP, somebody in between changes, repeats, drops and invents datagrams: what the far end
 * sent is received as it was, once, and nothing else is received at all.
 */
#include <algorithm>
#include <optional>
#include <vector>

#include "bytes.h"
#include "must.h"
#include "rtcp.h"
#include "rtp.h"
#include "script.h"
#include "srtp.h"

namespace {

using namespace offhook;
using fuzz::Step;
using Bytes = std::vector<uint8_t>;

constexpr SrtpSuite kSuites[] = {SrtpSuite::AesCm128HmacSha1_80, SrtpSuite::AesCm128HmacSha1_32,
                                 SrtpSuite::AeadAes128Gcm, SrtpSuite::AeadAes256Gcm};
constexpr uint32_t kSsrc = 0x0FF0;

SrtpKey keyOf(SrtpSuite suite) {
    return SrtpKey(Bytes(keySizeOf(suite), 7));
}

struct Sent {
    bool rtcp;
    Bytes plain;
    Bytes wire;
    bool received = false;
};

/** Both ends of one direction, and what is on its way between them. */
class Wire {
  public:
    explicit Wire(SrtpSuite suite) : sender_(suite, keyOf(suite), kSsrc), receiver_(suite, keyOf(suite)) {}

    void step(const Step& step) {
        switch (step.what % 8) {
            case 0:
                return sendRtp(step, true);
            case 1:
                return sendRtcp(step, true);
            case 2:
                return sendRtp(step, false);
            case 3:
                return sendRtcp(step, false);
            case 4:
                return deliverAgain(step);
            case 5:
                return deliver(false, step.octets);
            case 6:
                return deliver(true, step.octets);
            default:
                return changeAndDeliver(step);
        }
    }

  private:
    void sendRtp(const Step& step, bool arrives) {
        // Small steps: a receiver that missed less than half the numbers still knows the rollover (RFC 3711 §3.3.1).
        sequence_ = static_cast<uint16_t>(sequence_ + 1 + step.at(0) % 32);
        Bytes plain(kRtpHeaderSize + step.octets.size());
        buildRtp({.marker = step.octets.size() % 2 == 1,
                  .payloadType = 8,
                  .sequence = sequence_,
                  .timestamp = sequence_ * 160U,
                  .ssrc = kSsrc,
                  .payload = step.octets},
                 plain);
        send(false, std::move(plain), arrives);
    }

    void sendRtcp(const Step& step, bool arrives) {
        const RtcpReport report{.sender = kSsrc,
                                .senderInfo = SenderInfo{.packets = step.at(0)},
                                .report = std::nullopt,
                                .cname = {reinterpret_cast<const char*>(step.octets.data()), step.octets.size()},
                                .goodbye = step.at(1) % 2 == 1};
        send(true, buildRtcp(report), arrives);
    }

    void send(bool rtcp, Bytes plain, bool arrives) {
        Bytes wire = plain;
        wire.resize(plain.size() + kSrtpTrailer);
        wire.resize(rtcp ? sender_.protectRtcp(wire, plain.size()) : sender_.protectRtp(wire, plain.size()));
        if (plain.size() > kMaxDatagram) return;
        MUST(!wire.empty());
        sent_.push_back({.rtcp = rtcp, .plain = std::move(plain), .wire = wire});
        if (!arrives) return;
        deliver(rtcp, wire);
        MUST(sent_.back().received);
    }

    void deliverAgain(const Step& step) {
        if (sent_.empty()) return;
        const Sent& again = sent_[step.at16(0) % sent_.size()];
        deliver(again.rtcp, again.wire);
    }

    /** What to change: (place, xor) pairs; an odd octet at the end cuts. */
    void changeAndDeliver(const Step& step) {
        if (sent_.empty()) return;
        const Sent& changed = sent_[step.at16(0) % sent_.size()];
        Bytes wire = changed.wire;
        size_t at = 2;
        for (; at + 3 <= step.octets.size(); at += 3) wire[step.at16(at) % wire.size()] ^= step.at(at + 2);
        if (at < step.octets.size()) wire.resize(wire.size() - std::min<size_t>(wire.size(), step.at(at)));
        deliver(changed.rtcp != (step.octets.size() == 3), std::move(wire));
    }

    void deliver(bool rtcp, Bytes wire) {
        const Bytes came = wire;
        const Unprotected open = rtcp ? receiver_.unprotectRtcp(wire) : receiver_.unprotectRtp(wire);
        if (open.verdict != SrtpVerdict::Authentic) return;
        MUST(open.size <= wire.size());
        const auto original = std::find_if(sent_.begin(), sent_.end(), [&](const Sent& sent) {
            return sent.rtcp == rtcp && sent.wire == came && !sent.received;
        });
        MUST(original != sent_.end());
        MUST(std::ranges::equal(std::span(wire).first(open.size), original->plain));
        original->received = true;
    }

    SrtpSender sender_;
    SrtpReceiver receiver_;
    std::vector<Sent> sent_;
    uint16_t sequence_ = 65'400;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::vector<Step> steps = fuzz::readScript({data, size});
    if (steps.empty()) return 0;
    Wire wire(kSuites[steps.front().what >> 6]);
    for (const Step& step : steps) wire.step(step);
    return 0;
}
