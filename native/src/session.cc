#include "session.h"

#include <algorithm>

namespace offhook {

namespace {

/** Opus has no packets of 30 ms in one frame (RFC 6716 §2.1.4). */
unsigned packetTimeOf(const RemoteMedia& remote) {
    return remote.codecs.front().name == CodecName::Opus && remote.ptime == 30 ? 20 : remote.ptime;
}

}  // namespace

Session::Session(int id, LocalMedia local, SocketPair sockets, EventQueue& events)
    : Session(id, std::move(local), std::move(sockets), nullptr, events) {}

Session::Session(int id, LocalMedia local, std::unique_ptr<IceLink> ice, EventQueue& events)
    : Session(id, std::move(local), {UdpSocket::adopt(-1), UdpSocket::adopt(-1), 0}, std::move(ice), events) {}

Session::Session(int id, LocalMedia local, SocketPair sockets, std::unique_ptr<IceLink> ice, EventQueue& events)
    : id_(id),
      local_(std::move(local)),
      sockets_(std::move(sockets)),
      ice_(std::move(ice)),
      srtp_(local_.ssrc),
      send_(sockets_.rtp, ice_.get(), local_.ssrc, counters_),
      receive_(counters_),
      network_({id_, local_, sockets_, counters_, datagrams_, events, ice_.get()}) {}

bool Session::start(const RemoteMedia& remote) {
    // ICE knows where the far end is.
    const auto rtp = ice_ ? SocketAddress{} : SocketAddress::parse(remote.address, remote.port);
    const auto rtcp = ice_ ? SocketAddress{} : SocketAddress::parse(remote.address, remote.rtcpPort);
    if (!rtp || !rtcp) return false;
    const SrtpStreams srtp = srtp_.negotiate(remote.security);
    network_.setups().back() = {.rtp = *rtp,
                                .rtcp = *rtcp,
                                .direction = remote.direction,
                                .codecs = remote.codecs,
                                .telephoneEvent = remote.telephoneEvent,
                                .voipMetrics = remote.voipMetrics,
                                .srtpSender = srtp.sendsRtcp,
                                .srtpReceiver = srtp.receives};
    network_.setups().publish();
    setups_.back() = {.destination = *rtp,
                      .direction = remote.direction,
                      .ptime = packetTimeOf(remote),
                      .telephoneEvent = remote.telephoneEvent,
                      .srtp = srtp.sendsRtp,
                      .codecs = CodecSet::of(remote),
                      .spent = {}};
    setups_.publish();
    started_ = true;
    sendsEvents_ = remote.telephoneEvent.has_value() && sends(remote.direction);
    return true;
}

std::optional<VoiceQuality> Session::quality() {
    std::optional<VoicePath> path = counters_.voicePath();
    if (!path) return std::nullopt;
    const std::optional<RemoteVoiceQuality> remote = remoteQuality();
    if (remote) path->farEndSystemDelay = remote->endSystemDelay;
    return qualityOf(*path);
}

std::optional<RemoteVoiceQuality> Session::remoteQuality() {
    TripleBuffer<std::optional<VoipMetrics>>& reported = network_.remoteMetrics();
    if (reported.fresh()) reported.update();
    if (!reported.front()) return std::nullopt;
    return remoteQualityOf(*reported.front());
}

void Session::refresh(size_t held) {
    counters_.deviceDelay.store(static_cast<double>(held) * 1000 / kSampleRate, std::memory_order_relaxed);
    if (setups_.fresh()) {
        CodecSet previous = std::move(setup().codecs);
        setups_.update();
        setup().codecs.adopt(previous);
        setup().spent = std::move(previous);
        const CodecName sent = setup().codecs.outgoing.name;
        counters_.codec.store(static_cast<int>(sent), std::memory_order_relaxed);
        counters_.sendDelay.store(setup().ptime + codecDelayOf(sent), std::memory_order_relaxed);
    }
    for (DigitCommand* digit = digits_.front(); digit != nullptr; digit = digits_.front()) {
        if (!send_.queueEvent(digit->event, digit->ms)) break;
        digits_.pop();
    }
    for (Datagram* datagram = datagrams_.front(); datagram != nullptr; datagram = datagrams_.front()) {
        receive_.accept(*datagram, setup());
        datagrams_.pop();
    }
}

/** The ice thread may let go at once, and the session be gone: the wake is not the session's. */
void Session::releaseNetwork() {
    Wake* const next = ice_ ? &ice_->iceThread() : nullptr;
    networkReleased_.store(true, std::memory_order_release);
    if (next != nullptr) next->signal();
}

void Session::closeSockets() {
    sockets_.rtp.close();
    sockets_.rtcp.close();
}

}  // namespace offhook
