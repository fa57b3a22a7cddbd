#include "engine.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>

#include "udp_socket.h"

namespace offhook {

namespace {

/** 96 random bits, as RFC 7022 §4.2 asks for, in hexadecimal. */
std::string randomCname() {
    constexpr char kHex[] = "0123456789abcdef";
    std::string name;
    for (int word = 0; word < 3; ++word) {
        for (uint32_t bits = randomBits(), i = 0; i < 8; ++i, bits >>= 4) name += kHex[bits & 0xF];
    }
    return name;
}

/** Of the characters that RFC 8839 §5.4 allows; 6 random bits each. */
std::string randomIceText(int length) {
    constexpr char kIceChars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (int i = 0; i < length; ++i) text += kIceChars[randomBits() & 63];
    return text;
}

/** RFC 8445 §5.3 asks for at least 24 and 128 bits. */
IceCredentials randomCredentials() {
    return {.ufrag = randomIceText(8), .pwd = randomIceText(24)};
}

constexpr int kRoomAttempts = 100;

SocketPair bindSockets(const Transport& transport, const std::string& address) {
    try {
        std::optional<SocketPair> pair = bindPair(address, transport.firstPort, transport.lastPort, transport.dscp);
        if (!pair) throw EngineError("noPort", "no free pair of RTP ports");
        return std::move(*pair);
    } catch (const std::system_error& error) {
        throw EngineError("address", "cannot bind RTP to " + address + ": " + error.code().message());
    }
}

std::optional<double> known(double value) {
    if (value < 0) return std::nullopt;
    return value;
}

}  // namespace

Engine::Engine(const EngineOptions& options, std::function<void()> wake, AudioDeviceOpener open,
               DtlsEngineMaker makeDtls)
    : options_(options),
      transport_(options.transport),
      cname_(randomCname()),
      events_(std::move(wake)),
      audio_({.block = options.periodMs * kSampleRate / 1000, .priority = options.priority}, ports_, guard_,
             audioWake_),
      device_({.playback = options.playback,
               .capture = options.capture,
               .ringer = options.ringer,
               .block = options.periodMs * kSampleRate / 1000,
               .hookSensor = options.hookSensor,
               .open = std::move(open)},
              {ports_, guard_, events_, deviceWake_, audioWake_}),
      network_(std::max(0, options.priority - 1)),
      makeDtls_(std::move(makeDtls)) {
    audio_.start();
    device_.start();
    network_.start();
}

const Session& Engine::openSession(const std::string& address) {
    if (closed_) throw EngineError("closed", "the media engine is closed");
    awaitRoom();
    SocketPair sockets = bindSockets(transport_, address);
    LocalMedia local{.address = address, .port = sockets.port, .ssrc = randomBits(), .cname = cname_};
    const int id = ++lastSession_;
    return add(std::make_unique<Session>(id, std::move(local), std::move(sockets), events_));
}

Session& Engine::add(std::unique_ptr<Session> session) {
    // The rings hold four commands a session, and a session takes two: they cannot be full.
    audio_.add(*session);
    network_.add(*session);
    const int id = session->id();
    return *(sessions_[id] = std::move(session));
}

IceThread& Engine::iceThread() {
    if (closed_) throw EngineError("closed", "the media engine is closed");
    if (!ice_) ice_ = std::make_unique<IceThread>(events_, makeDtls_, options_.priority > 0);
    return *ice_;
}

const Session& Engine::openIceSession(const IceOptions& options, IceCredentials& local) {
    IceThread& ice = iceThread();
    awaitRoom();
    local = randomCredentials();
    LocalMedia media{.address = {}, .port = 0, .ssrc = randomBits(), .cname = cname_};
    auto link = std::make_unique<IceLink>(ice.wake(), network_.iceWake());
    Session& session = add(std::make_unique<Session>(++lastSession_, std::move(media), std::move(link), events_));
    ice.add(session, options, local, {transport_.firstPort, transport_.lastPort, transport_.dscp});
    return session;
}

Session& Engine::findIce(int session) const {
    Session& found = find(session);
    if (found.ice() == nullptr) throw EngineError("notIce", "the media session has no ICE");
    return found;
}

void Engine::start(int session, const RemoteMedia& remote, const IceRemote& ice) {
    findIce(session);
    start(session, remote);
    ice_->start(session, ice);
}

void Engine::addIceCandidates(int session, const std::vector<IceCandidate>& candidates, bool complete) {
    findIce(session);
    ice_->addCandidates(session, candidates, complete);
}

IceCredentials Engine::restartIce(int session, const std::vector<std::string>& addresses) {
    findIce(session);
    const IceCredentials local = randomCredentials();
    ice_->restart(session, local, addresses);
    return local;
}

Fingerprint Engine::fingerprint() {
    IceThread& ice = iceThread();
    try {
        return ice.fingerprint();
    } catch (const std::exception& error) {
        throw EngineError("dtls", error.what());
    }
}

void Engine::setTransport(const Transport& transport) {
    if (closed_) throw EngineError("closed", "the media engine is closed");
    transport_ = transport;
}

/** A session that was closed a moment ago still counts until its threads have let go of it. */
void Engine::awaitRoom() {
    for (int attempt = 0; attempt < kRoomAttempts; ++attempt) {
        reap();
        if (sessions_.size() + closing_.size() < kMaxSessions) return;
        if (closing_.empty()) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    throw EngineError("busy", "too many media sessions");
}

Session& Engine::find(int session) const {
    const auto found = sessions_.find(session);
    if (closed_ || found == sessions_.end()) throw EngineError("closed", "the media session is closed");
    return *found->second;
}

void Engine::start(int session, const RemoteMedia& remote) {
    try {
        if (!find(session).start(remote)) throw EngineError("address", "the remote address is not numeric");
    } catch (const SrtpError& error) {
        throw EngineError("srtp", error.what());
    }
    audio_.wake();
    network_.wake();
}

void Engine::sendDigit(int session, const DigitCommand& digit) {
    Session& found = find(session);
    if (!found.sendsEvents()) throw EngineError("noTelephoneEvent", "telephone-event is not agreed");
    if (!found.sendDigit(digit)) throw EngineError("busy", "too many digits wait");
    audio_.wake();
}

SessionStats Engine::stats(int session) const {
    Session& found = find(session);
    const SessionCounters& counters = found.counters();
    SessionStats stats{.codec = std::nullopt,
                       .packetsSent = counters.packetsSent,
                       .octetsSent = counters.octetsSent,
                       .packetsReceived = counters.packetsReceived,
                       .octetsReceived = counters.octetsReceived,
                       .packetsLost = counters.packetsLost,
                       .packetsLate = counters.packetsLate,
                       .packetsMalformed = counters.packetsMalformed,
                       .packetsUnauthentic = counters.packetsUnauthentic,
                       .packetsReplayed = counters.packetsReplayed,
                       .jitter = counters.jitter,
                       .bufferDelay = counters.bufferDelay,
                       .roundTrip = known(counters.roundTrip),
                       .remoteLoss = known(counters.remoteLoss),
                       .remoteSsrc = std::nullopt,
                       .quality = found.quality(),
                       .remoteQuality = found.remoteQuality()};
    const int codec = counters.codec;
    const uint64_t remoteSsrc = counters.remoteSsrc;
    if (remoteSsrc != 0) stats.remoteSsrc = static_cast<uint32_t>(remoteSsrc);
    if (codec != SessionCounters::kNoCodec) stats.codec = static_cast<CodecName>(codec);
    return stats;
}

void Engine::closeSession(int session) {
    const auto found = sessions_.find(session);
    if (closed_ || found == sessions_.end()) return;
    Session& closed = *found->second;
    closing_[session] = std::move(found->second);
    sessions_.erase(found);
    audio_.remove(closed);
    network_.remove(closed);
    if (closed.ice() != nullptr) ice_->remove(session);
    reap();
}

void Engine::reap() {
    std::erase_if(closing_, [](const auto& entry) { return entry.second->released(); });
}

/** A tone that is wanted again as it was goes on where it is. */
void Engine::identify(WantedTone& wanted, WantedTone& before) {
    if (wanted.id == 0) return;
    wanted.id = before.id != 0 && before.tone == wanted.tone ? before.id : ++lastTone_;
}

void Engine::setAudio(AudioPlan plan) {
    if (closed_) throw EngineError("closed", "the media engine is closed");
    identify(plan.earTone, plan_.earTone);
    identify(plan.ring, plan_.ring);
    plan.generation = plan_.generation + 1;
    plan_ = plan;
    const bool armed = plan.route == Route::Handset && plan.microphone != MicrophoneGate::Closed;
    guard_.watched.store(plan.generation << 1 | (armed ? 1 : 0), std::memory_order_release);
    audio_.setPlan(plan_);
}

EngineStats Engine::stats() const {
    if (closed_) throw EngineError("closed", "the media engine is closed");
    const AudioCounters& counters = audio_.counters();
    return {.captureOpen = device_.open(PcmName::Capture),
            .playbackOpen = device_.open(PcmName::Playback),
            .ringerOpen = device_.open(PcmName::Ringer),
            .xruns = counters.xruns,
            .realTime = counters.realTime,
            .captureLevel = counters.captureLevel.dbfs(),
            .playbackLevel = counters.playbackLevel.dbfs(),
            .framesCaptured = counters.framesCaptured,
            .framesPlayed = counters.framesPlayed};
}

void Engine::close() {
    if (closed_) return;
    closed_ = true;
    audio_.stop();
    device_.stop();
    for (auto& [id, session] : sessions_) network_.remove(*session);
    network_.stop();
    if (ice_) ice_->stop();
    sessions_.clear();
    closing_.clear();
}

}  // namespace offhook
