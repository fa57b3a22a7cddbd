#include "ice_session.h"

#include <glib.h>

#include <algorithm>
#include <limits>

#include "clock.h"
#include "demultiplex.h"

namespace offhook {

namespace {

/** A flight of a handshake is a few datagrams. */
constexpr size_t kMaxEarly = 8;
/** How long a generation that was replaced still listens. */
constexpr int64_t kGrace = 3 * kNsPerSecond;
constexpr int64_t kHandshakeTime = 30 * kNsPerSecond;
/** In ms. */
constexpr int64_t kForever = std::numeric_limits<int64_t>::max();

}  // namespace

IceSession::~IceSession() {
    unschedule();
    // It says goodbye by the agent.
    dtls_.reset();
}

void IceSession::gather(const IceCredentials& local) {
    openAgent(local);
}

/** Assigned first: some signals come from within the call. */
void IceSession::openAgent(const IceCredentials& local) {
    std::unique_ptr<IceAgent>& place = current_ ? next_ : current_;
    if (place) discarded_.push_back({.agent = std::move(place), .until = 0});
    place = std::make_unique<IceAgent>(context_.loop, static_cast<IceAgentListener&>(*this));
    if (!place->gather(options_, local, context_.transport)) tell(IceState::Failed);
}

void IceSession::restart(const IceCredentials& local, const std::vector<std::string>& addresses) {
    options_.addresses = addresses;
    remote_.reset();
    openAgent(local);
}

void IceSession::start(const IceRemote& remote) {
    const bool same = remote_ && remote_->credentials.ufrag == remote.credentials.ufrag &&
                      remote_->credentials.pwd == remote.credentials.pwd;
    agree(remote.dtls);
    if (!same) newest().setRemote(remote.credentials);
    remote_ = remote;
    // libnice leaves out those that it knows.
    addCandidates(remote.candidates, remote.complete);
}

void IceSession::addCandidates(const std::vector<IceCandidate>& candidates, bool complete) {
    if (!remote_) return;
    newest().addCandidates(candidates);
    if (complete) newest().endCandidates();
}

void IceSession::relay() {
    context_.session.ice()->drainRelayed([this](std::span<const uint8_t> datagram) {
        // Lost like one on the way where there is no pair.
        if (current_ && connected_) current_->send(datagram);
    });
}

void IceSession::onLocalCandidate(IceAgent& agent, const IceCandidate& candidate) {
    if (&agent != &newest()) return;
    Event event{.type = Event::Type::IceCandidate, .session = context_.session.id(), .reason = {}};
    event.candidate = candidate;
    context_.events.post(std::move(event));
}

void IceSession::onGathered(IceAgent& agent) {
    if (&agent != &newest()) return;
    context_.events.post({.type = Event::Type::IceGathered, .session = context_.session.id(), .reason = {}});
}

void IceSession::tell(IceState state) {
    if (told_ == state) return;
    told_ = state;
    Event event{.type = Event::Type::IceState, .session = context_.session.id(), .reason = {}};
    event.ice = state;
    context_.events.post(std::move(event));
}

/** The far end sends to the old path until it knows the new one, and some is on the way. */
void IceSession::retire(std::unique_ptr<IceAgent> agent) {
    discarded_.push_back({.agent = std::move(agent), .until = monotonicNs() + kGrace});
    GSource* const turn = g_timeout_source_new(kGrace / kNsPerMs + 1);
    g_source_set_callback(
        turn, [](gpointer) -> gboolean { return G_SOURCE_REMOVE; }, nullptr, nullptr);
    g_source_attach(turn, context_.loop.context);
    g_source_unref(turn);
}

void IceSession::discard(int64_t now) {
    std::erase_if(discarded_, [now](const Discarded& discarded) { return now >= discarded.until; });
}

void IceSession::onPair(IceAgent& agent) {
    if (&agent == next_.get()) {
        retire(std::move(current_));
        current_ = std::move(next_);
        // Consumers learn that the new generation works although the old one did.
        told_.reset();
    }
    if (&agent != current_.get()) return;
    connected_ = true;
    publish();
    tell(IceState::Connected);
    startDtls();
}

void IceSession::onFailed(IceAgent& agent) {
    if (&agent == next_.get()) return tell(IceState::Failed);
    if (&agent != current_.get()) return;
    const bool lost = connected_;
    connected_ = false;
    publish();
    // A restart is under way: its end will tell.
    if (!next_) tell(lost ? IceState::Disconnected : IceState::Failed);
}

void IceSession::onDatagram(std::span<const uint8_t> datagram) {
    switch (kindOf(datagram)) {
        case DatagramKind::Dtls:
            return receiveDtls(datagram);
        case DatagramKind::Rtp:
        case DatagramKind::Rtcp: {
            if (open_) context_.session.ice()->deliver(datagram);
            return;
        }
        case DatagramKind::Unknown:
            return;
    }
}

/** A re-negotiation that changes neither role nor fingerprints keeps the association (RFC 8842 §5.5). */
void IceSession::agree(const std::optional<DtlsRemote>& remote) {
    if (agreed_ && dtlsAgreed_ == remote) return;
    agreed_ = true;
    dtlsAgreed_ = remote;
    unschedule();
    dtls_.reset();
    streams_ = {};
    dtlsStarted_ = false;
    dtlsFailed_ = false;
    open_ = !remote.has_value();
    if (remote && context_.dtls != nullptr) dtls_ = context_.dtls->open(*remote, *this);
    publish();
    startDtls();
}

void IceSession::startDtls() {
    if (!dtls_ || !connected_ || dtlsStarted_) return;
    dtlsStarted_ = true;
    dtlsDeadline_ = monotonicNs() + kHandshakeTime;
    dtls_->start();
    while (!early_.empty()) {
        const std::vector<uint8_t> datagram = std::move(early_.front());
        early_.pop_front();
        if (!dtlsFailed_) dtls_->receive(datagram);
    }
    schedule();
}

/** An answer to what comes before there is a pair would be lost, and only repeated after a time. */
void IceSession::receiveDtls(std::span<const uint8_t> datagram) {
    if (dtlsFailed_ || datagram.size() > kMaxDatagram) return;
    if (!dtls_ || !dtlsStarted_) {
        if (early_.size() < kMaxEarly) early_.emplace_back(datagram.begin(), datagram.end());
        return;
    }
    dtls_->receive(datagram);
    schedule();
}

void IceSession::unschedule() {
    if (timer_ == nullptr) return;
    g_source_destroy(timer_);
    g_source_unref(timer_);
    timer_ = nullptr;
}

void IceSession::schedule() {
    unschedule();
    if (!dtls_ || dtlsFailed_ || !dtlsStarted_) return;
    std::optional<int64_t> due = dtls_->timeout();
    // Who never says hello has no timer of ours running, but a deadline.
    if (!open_) due = std::min(due.value_or(kForever), (dtlsDeadline_ - monotonicNs()) / kNsPerMs + 1);
    if (!due) return;
    timer_ = g_timeout_source_new(static_cast<guint>(std::clamp<int64_t>(*due, 1, 60'000)));
    const GSourceFunc onTime = [](gpointer self) -> gboolean {
        static_cast<IceSession*>(self)->expire();
        return G_SOURCE_REMOVE;
    };
    g_source_set_callback(timer_, onTime, this, nullptr);
    g_source_attach(timer_, context_.loop.context);
}

void IceSession::expire() {
    if (!open_ && monotonicNs() > dtlsDeadline_) return onDtlsFailure(DtlsFailure::Handshake);
    dtls_->expire();
    schedule();
}

void IceSession::sendDtls(std::span<const uint8_t> datagram) {
    // What finds no way is lost like one on the way, and sent again by the timer.
    if (current_ && connected_) current_->send(datagram);
}

void IceSession::onDtlsKeys(const SrtpKeys& keys) {
    try {
        streams_ = SrtpNegotiation(context_.session.local().ssrc).negotiate(keys);
    } catch (const SrtpError&) {
        return onDtlsFailure(DtlsFailure::Handshake);
    }
    open_ = true;
    publish();
    Event event{.type = Event::Type::DtlsKeys, .session = context_.session.id(), .reason = {}};
    event.suite = keys.suite;
    context_.events.post(std::move(event));
}

void IceSession::onDtlsFailure(DtlsFailure failure) {
    if (dtlsFailed_) return;
    dtlsFailed_ = true;
    open_ = false;
    streams_ = {};
    publish();
    Event event{.type = Event::Type::DtlsFailed, .session = context_.session.id(), .reason = {}};
    event.on = failure == DtlsFailure::FingerprintMismatch;
    context_.events.post(std::move(event));
}

/** Without a pair, consent or keys there is no way out. */
void IceSession::publish() {
    if (!current_ || !connected_ || !open_) return context_.session.ice()->publish({}, {});
    IceWay rtp = current_->way();
    IceWay rtcp = current_->way();
    rtp.srtpSender = streams_.sendsRtp;
    rtcp.srtpSender = streams_.sendsRtcp;
    rtcp.srtpReceiver = streams_.receives;
    context_.session.ice()->publish(std::move(rtp), std::move(rtcp));
}

}  // namespace offhook
