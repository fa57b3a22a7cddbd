#include "network_path.h"

#include <algorithm>

#include "clock.h"
#include "demultiplex.h"

namespace offhook {

namespace {

/** RTCP interval before randomisation (RFC 3550 §6.2). */
constexpr int64_t kReportInterval = 5 * kNsPerSecond;
constexpr int64_t kSilence = 10 * kNsPerSecond;
/** Packets taken in one go, so that a flood on one session does not starve the others. */
constexpr int kBurst = 64;
/** Seconds from 1900 (NTP) to 1970 (Unix). */
constexpr uint64_t kNtpEpoch = 2'208'988'800;

/** Wall-clock time as NTP writes it (RFC 3550 §4). */
uint64_t ntpNow() {
    timespec time{};
    clock_gettime(CLOCK_REALTIME, &time);
    const uint64_t fraction = (static_cast<uint64_t>(time.tv_nsec) << 32) / kNsPerSecond;
    return (static_cast<uint64_t>(time.tv_sec) + kNtpEpoch) << 32 | fraction;
}

/** The interval times a random factor between 0.5 and 1.5, so that many phones do not report at once. */
int64_t randomised(int64_t interval) {
    return interval / 2 + interval * (randomBits() >> 16) / 65536;
}

}  // namespace

bool NetworkPath::receiveRtp() {
    for (int i = 0; i < kBurst; ++i) {
        Datagram* free = context_.datagrams.slot();
        Datagram& slot = free != nullptr ? *free : overflow_;
        SocketAddress from;
        const std::optional<size_t> size = context_.sockets.rtp.receive(slot.bytes, from);
        if (!size) return false;
        // A new key holds from the first packet that comes after it.
        if (setups_.fresh()) adoptSetup(monotonicNs());
        if (*size > slot.bytes.size()) {
            if (started_ && receives(setup_.direction)) countMalformed();
            continue;
        }
        takeRtp(std::span(slot.bytes).first(*size), slot, from);
    }
    return true;
}

void NetworkPath::takeRtp(std::span<uint8_t> bytes, Datagram& slot, const SocketAddress& from) {
    const bool wanted = receives(setup_.direction);
    SrtpReceiver* const srtp = srtpReceiver();
    // What is not wanted now still moves the rollover counter (RFC 3711 §3.3.1).
    if (!started_ || !(wanted || srtp != nullptr)) return;
    const auto plain = srtp != nullptr ? countedSize(srtp->unprotectRtp(bytes)) : bytes.size();
    if (plain && wanted) receive(bytes.first(*plain), slot, from);
}

/** Whom ICE lets through is the far end: its address is that of nobody, as the negotiated one is. */
bool NetworkPath::receiveIce() {
    for (int i = 0; i < kBurst; ++i) {
        Datagram* const datagram = context_.ice->received();
        if (datagram == nullptr) return false;
        if (setups_.fresh()) adoptSetup(monotonicNs());
        const std::span<uint8_t> bytes = std::span(datagram->bytes).first(datagram->size);
        if (kindOf(bytes) == DatagramKind::Rtcp) {
            if (started_) takeRtcp(bytes, {});
        } else {
            Datagram* const free = context_.datagrams.slot();
            Datagram& slot = free != nullptr ? *free : overflow_;
            std::copy(bytes.begin(), bytes.end(), slot.bytes.begin());
            takeRtp(std::span(slot.bytes).first(bytes.size()), slot, {});
        }
        context_.ice->takeReceived();
    }
    return true;
}

/** Keys of DTLS come with the way of ICE, others with the negotiation. */
SrtpReceiver* NetworkPath::srtpReceiver() {
    if (context_.ice != nullptr) {
        if (SrtpReceiver* const agreed = context_.ice->rtcpWay().srtpReceiver.get()) return agreed;
    }
    return setup_.srtpReceiver.get();
}

SrtpSender* NetworkPath::srtpSender() {
    if (context_.ice != nullptr) {
        if (SrtpSender* const agreed = context_.ice->rtcpWay().srtpSender.get()) return agreed;
    }
    return setup_.srtpSender.get();
}

/** The size of what is authentic. */
std::optional<size_t> NetworkPath::countedSize(const Unprotected& unprotected) {
    switch (unprotected.verdict) {
        case SrtpVerdict::Authentic:
            return unprotected.size;
        case SrtpVerdict::Unauthentic: {
            count(context_.counters.packetsUnauthentic);
            break;
        }
        case SrtpVerdict::Replayed: {
            count(context_.counters.packetsReplayed);
            break;
        }
        case SrtpVerdict::Malformed: {
            countMalformed();
            break;
        }
    }
    return std::nullopt;
}

void NetworkPath::receive(std::span<const uint8_t> bytes, Datagram& slot, const SocketAddress& from) {
    const std::optional<RtpPacket> packet = parseRtp(bytes);
    if (!packet || clockRateOf(packet->payloadType) == 0) return countMalformed();
    const int64_t now = monotonicNs();
    if (!source_.accept(from, now)) return;
    handle(*packet, now);
    // The ring is full when the audio thread has stood still for a second: the packet is lost, as its number shows.
    if (&slot == &overflow_) return;
    slot.size = bytes.size();
    slot.arrival = now;
    context_.datagrams.push();
}

void NetworkPath::handle(const RtpPacket& packet, int64_t now) {
    SessionCounters& counters = context_.counters;
    if (reception_.ssrc() != packet.ssrc) digits_.reset();
    reception_.receive(packet, now, clockRateOf(packet.payloadType));
    counters.remoteSsrc.store(uint64_t{1} << 32 | packet.ssrc, std::memory_order_relaxed);
    counters.packetsReceived.fetch_add(1, std::memory_order_relaxed);
    counters.octetsReceived.fetch_add(packet.payload.size(), std::memory_order_relaxed);
    counters.packetsLost.store(reception_.lost(), std::memory_order_relaxed);
    counters.jitter.store(reception_.jitterMs(), std::memory_order_relaxed);
    heardAt_ = now;
    silentToldAt_ = now;
    if (firstPacket_) {
        firstPacket_ = false;
        context_.events.post({.type = Event::Type::FirstPacket, .session = context_.session, .reason = {}});
    }
    if (setup_.telephoneEvent && setup_.telephoneEvent->payloadType == packet.payloadType) hearEvent(packet, now);
}

void NetworkPath::hearEvent(const RtpPacket& packet, int64_t now) {
    for (const auto& digit : digits_.receive(packet, setup_.telephoneEvent->clockRate, now)) postDigit(digit);
}

void NetworkPath::postDigit(const std::optional<HeardDigit>& digit) {
    if (!digit) return;
    context_.events.post({.type = Event::Type::Digit,
                          .session = context_.session,
                          .digit = digit->digit,
                          .ms = digit->ms,
                          .reason = {}});
}

bool NetworkPath::receiveRtcp() {
    alignas(8) std::array<uint8_t, kMaxDatagram> octets;
    for (int i = 0; i < kBurst; ++i) {
        SocketAddress from;
        const std::optional<size_t> size = context_.sockets.rtcp.receive(octets, from);
        if (!size) return false;
        if (setups_.fresh()) adoptSetup(monotonicNs());
        if (!started_) continue;
        if (*size > octets.size()) {
            if (isFarEnd(from)) countMalformed();
            continue;
        }
        takeRtcp(std::span(octets).first(*size), from);
    }
    return true;
}

void NetworkPath::takeRtcp(std::span<uint8_t> bytes, const SocketAddress& from) {
    SrtpReceiver* const srtp = srtpReceiver();
    const auto plain = srtp != nullptr ? countedSize(srtp->unprotectRtcp(bytes)) : bytes.size();
    if (plain) receiveReport(bytes.first(*plain), from);
}

void NetworkPath::receiveReport(std::span<const uint8_t> bytes, const SocketAddress& from) {
    if (!isFarEnd(from)) return;
    const std::optional<RtcpCompound> compound = parseRtcp(bytes);
    if (!compound) return countMalformed();
    handle(*compound, monotonicNs());
}

void NetworkPath::handle(const RtcpCompound& compound, int64_t now) {
    if (compound.senderInfo && compound.sender == reception_.ssrc()) {
        reception_.receiveSenderReport(*compound.senderInfo, now);
    }
    for (const ReportBlock& block : compound.reports) {
        if (block.ssrc != context_.local.ssrc) continue;
        context_.counters.remoteLoss.store(block.fractionLost / 256.0, std::memory_order_relaxed);
        if (block.lastSenderReport == 0) continue;
        const uint32_t here = static_cast<uint32_t>(ntpNow() >> 16);
        const int32_t trip = static_cast<int32_t>(here - block.lastSenderReport - block.delaySinceLastSenderReport);
        context_.counters.roundTrip.store(std::max(0.0, trip * 1000.0 / 65536), std::memory_order_relaxed);
    }
    for (const VoipMetrics& metrics : compound.voipMetrics) handle(metrics);
    for (const uint32_t goodbye : compound.goodbyes) {
        if (goodbye != reception_.ssrc()) continue;
        context_.events.post({.type = Event::Type::Bye, .session = context_.session, .reason = {}});
    }
}

void NetworkPath::handle(const VoipMetrics& metrics) {
    if (metrics.ssrc != context_.local.ssrc) return;
    farEndSystemDelay_ = remoteQualityOf(metrics).endSystemDelay;
    remoteMetrics_.back() = metrics;
    remoteMetrics_.publish();
}

void NetworkPath::adoptSetup(int64_t now) {
    if (!setups_.fresh()) return;
    setups_.update();
    const bool listened = started_ && receives(setup_.direction);
    setup_ = setups_.front();
    source_.negotiate(setup_.rtp);
    if (!started_) reportAt_ = now + randomised(kReportInterval) / 2;
    started_ = true;
    if (listened) return;
    heardAt_ = now;
    silentToldAt_ = now;
}

void NetworkPath::tick(int64_t now) {
    adoptSetup(now);
    if (!started_) return;
    if (const auto digit = digits_.expire(now)) postDigit(digit);
    if (now >= reportAt_) {
        sendReport(now, false);
        reportAt_ = now + randomised(kReportInterval);
    }
    if (receives(setup_.direction) && now - silentToldAt_ >= kSilence) {
        silentToldAt_ = now;
        const uint32_t ms = static_cast<uint32_t>((now - heardAt_) / kNsPerMs);
        context_.events.post({.type = Event::Type::Silent, .session = context_.session, .ms = ms, .reason = {}});
    }
}

void NetworkPath::goodbye(int64_t now) {
    adoptSetup(now);
    if (started_) sendReport(now, true);
}

void NetworkPath::sendReport(int64_t now, bool goodbye) {
    std::vector<uint8_t> datagram = buildRtcp({.sender = context_.local.ssrc,
                                               .senderInfo = senderInfo(now),
                                               .report = reception_.report(now),
                                               .cname = context_.local.cname,
                                               .voipMetrics = voipMetrics(),
                                               .goodbye = goodbye});
    IceLink* const ice = context_.ice;
    if (ice != nullptr && ice->rtcpWay().kind == IceWay::Kind::None) return;
    if (SrtpSender* const srtp = srtpSender()) {
        const size_t size = datagram.size();
        datagram.resize(size + kSrtpTrailer);
        datagram.resize(srtp->protectRtcp(datagram, size));
        if (datagram.empty()) return;
    }
    // A report that the kernel does not take is as good as lost; the next one says the same.
    [[maybe_unused]] const bool taken =
        ice != nullptr ? ice->sendRtcp(datagram) : context_.sockets.rtcp.send(datagram, setup_.rtcp);
}

/** A sender report only if something was sent since the last report (RFC 3550 §6.4). */
std::optional<SenderInfo> NetworkPath::senderInfo(int64_t now) {
    const SessionCounters& counters = context_.counters;
    const uint64_t packets = counters.packetsSent.load(std::memory_order_relaxed);
    const uint64_t sentAt = counters.sentAt.load(std::memory_order_relaxed);
    if (packets == packetsReported_ || sentAt == 0 || setup_.codecs.empty()) return std::nullopt;
    packetsReported_ = packets;
    const uint32_t here = static_cast<uint32_t>(static_cast<__int128>(now) * 65536 / kNsPerSecond);
    const uint64_t since = here - static_cast<uint32_t>(sentAt);
    const uint64_t units = since * setup_.codecs.front().clockRate / 65536;
    return SenderInfo{.ntp = ntpNow(),
                      .rtpTimestamp = static_cast<uint32_t>((sentAt >> 32) + units),
                      .packets = static_cast<uint32_t>(packets),
                      .octets = static_cast<uint32_t>(counters.octetsSent.load(std::memory_order_relaxed))};
}

/** Of what is received, for a far end that asked. */
std::optional<VoipMetrics> NetworkPath::voipMetrics() const {
    const SessionCounters& counters = context_.counters;
    std::optional<VoicePath> path = counters.voicePath();
    const std::optional<uint32_t> source = reception_.ssrc();
    if (!setup_.voipMetrics || !path || !source) return std::nullopt;
    path->farEndSystemDelay = farEndSystemDelay_;
    const double packetMs = counters.packetMs;
    return metricsOf(*source, qualityOf(*path),
                     {.codec = path->codec,
                      .speechLevel = counters.level.speech(),
                      .noiseLevel = counters.level.noise(),
                      .nominalDelay = counters.bufferDelay,
                      .maximumDelay = JitterBuffer::kMost * packetMs,
                      .absoluteMaximumDelay = JitterBuffer::kSlots * packetMs});
}

uint32_t NetworkPath::clockRateOf(uint8_t payloadType) const {
    if (setup_.telephoneEvent && setup_.telephoneEvent->payloadType == payloadType) {
        return setup_.telephoneEvent->clockRate;
    }
    for (const Codec& codec : setup_.codecs) {
        if (codec.payloadType == payloadType) return codec.clockRate;
    }
    return 0;
}

}  // namespace offhook
