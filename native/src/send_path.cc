#include "send_path.h"

#include <algorithm>

#include "clock.h"

namespace offhook {

namespace {

/** Sound that is missing for longer is a break, as after an overrun; a change of clock costs less. */
constexpr int64_t kBreak = 40 * kNsPerMs;

}  // namespace

SendPath::SendPath(const UdpSocket& socket, IceLink* ice, uint32_t ssrc, SessionCounters& counters)
    : socket_(socket),
      ice_(ice),
      ssrc_(ssrc),
      counters_(counters),
      // Below 2^15, so that a loss at the start cannot hide a rollover (RFC 3711 §3.3.1).
      sequence_(static_cast<uint16_t>(randomBits() & 0x7FFF)),
      timestamp_(randomBits()) {}

void SendPath::feed(std::span<const int16_t> block, AudioSetup& setup, int64_t now) {
    CodecSet& codecs = setup.codecs;
    const int64_t start = now - static_cast<int64_t>(block.size()) * kNsPerSecond / kSampleRate;
    if (codecs.outgoing.name != codec_) pause();
    if (running_ && start - fedUntil_ > kBreak) dropGathered();
    if (!running_) resume(setup, start);
    fedUntil_ = now;
    const size_t frame = sampleRateOf(codec_) / 1000 * setup.ptime;
    count_ += codecs.resampler->process(block, std::span(gathered_).subspan(count_));
    while (count_ >= frame) {
        sendFrame(setup, std::span(gathered_).first(frame), now);
        std::copy(gathered_.begin() + static_cast<std::ptrdiff_t>(frame),
                  gathered_.begin() + static_cast<std::ptrdiff_t>(count_), gathered_.begin());
        count_ -= frame;
    }
}

void SendPath::pause() {
    if (running_) dropGathered();
    events_.reset();
}

/** What was gathered is not sent, but its time has passed. */
void SendPath::dropGathered() {
    timestamp_ += static_cast<uint32_t>(count_ * clockRate_ / sampleRateOf(codec_));
    count_ = 0;
    running_ = false;
}

/** RTP time has gone on while nothing was sent (RFC 3550 §5.1: it counts the sampling instant, not the packets). */
void SendPath::resume(const AudioSetup& setup, int64_t start) {
    codec_ = setup.codecs.outgoing.name;
    clockRate_ = setup.codecs.outgoing.clockRate;
    running_ = true;
    marker_ = true;
    if (fedUntil_ == 0) return;
    const int64_t silence = std::max<int64_t>(0, start - fedUntil_);
    timestamp_ += static_cast<uint32_t>(static_cast<__int128>(silence) * clockRate_ / kNsPerSecond);
}

void SendPath::sendFrame(AudioSetup& setup, std::span<const int16_t> samples, int64_t now) {
    const uint32_t clockRate = setup.codecs.outgoing.clockRate;
    const uint32_t units = clockRate / 1000 * setup.ptime;
    TelephoneEventSender::Frame events;
    if (setup.telephoneEvent) events = events_.step(timestamp_, units, clockRate);
    applyLoss(setup);
    std::array<uint8_t, kMaxDatagram - kRtpHeaderSize> payload;
    // Encoded during an event too: the codec's memory stays in step with the microphone.
    const size_t size = setup.codecs.encoder->encode(samples, payload);
    if (events.audio && size > 0) {
        send(setup, {.marker = marker_,
                     .payloadType = setup.codecs.outgoing.payloadType,
                     .sequence = 0,
                     .timestamp = timestamp_,
                     .ssrc = ssrc_,
                     .payload = std::span(payload).first(size)});
    }
    marker_ = !events.audio;
    sendEvents(setup, events);
    timestamp_ += units;
    const uint64_t fixedPoint = static_cast<uint64_t>(static_cast<__int128>(now) * 65536 / kNsPerSecond) & 0xFFFFFFFF;
    counters_.sentAt.store(static_cast<uint64_t>(timestamp_) << 32 | fixedPoint, std::memory_order_relaxed);
}

void SendPath::sendEvents(const AudioSetup& setup, const TelephoneEventSender::Frame& frame) {
    for (size_t i = 0; i < frame.count; ++i) {
        const EventPacket& event = frame.packets[i];
        send(setup, {.marker = event.marker,
                     .payloadType = setup.telephoneEvent->payloadType,
                     .sequence = 0,
                     .timestamp = event.timestamp,
                     .ssrc = ssrc_,
                     .payload = event.payload});
    }
}

void SendPath::send(const AudioSetup& setup, RtpPacket packet) {
    packet.sequence = sequence_++;
    alignas(8) std::array<uint8_t, kMaxDatagram + kSrtpTrailer> datagram;
    const size_t size = buildRtp(packet, std::span(datagram).first(kMaxDatagram));
    // A datagram that the kernel does not take is lost like one on the way; the sequence number shows it.
    if (!send(setup, datagram, size)) return;
    counters_.packetsSent.fetch_add(1, std::memory_order_relaxed);
    counters_.octetsSent.fetch_add(packet.payload.size(), std::memory_order_relaxed);
}

/** Keys of DTLS come with the way of ICE, others with the negotiation. What cannot be protected is not sent at all. */
bool SendPath::send(const AudioSetup& setup, std::span<uint8_t> buffer, size_t size) {
    SrtpSender* srtp = setup.srtp.get();
    if (ice_ != nullptr) {
        const IceWay& way = ice_->rtpWay();
        if (way.kind == IceWay::Kind::None) return false;
        if (way.srtpSender) srtp = way.srtpSender.get();
    }
    if (srtp != nullptr) size = srtp->protectRtp(buffer, size);
    if (size == 0) return false;
    return ice_ != nullptr ? ice_->sendRtp(buffer.first(size)) : socket_.send(buffer.first(size), setup.destination);
}

void SendPath::applyLoss(AudioSetup& setup) {
    const double loss = counters_.remoteLoss.load(std::memory_order_relaxed);
    if (loss < 0 || loss == appliedLoss_) return;
    appliedLoss_ = loss;
    setup.codecs.encoder->expectLoss(static_cast<float>(loss));
}

}  // namespace offhook
