#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "audio_plan.h"
#include "audio_thread.h"
#include "device_thread.h"
#include "dtls.h"
#include "event_queue.h"
#include "ice.h"
#include "ice_thread.h"
#include "media.h"
#include "network_thread.h"
#include "session.h"

namespace offhook {

/** The world is wrong, or the engine is closed: an error with a code for JavaScript. */
class EngineError : public std::runtime_error {
  public:
    EngineError(std::string code, const std::string& message) : std::runtime_error(message), code_(std::move(code)) {}
    const std::string& code() const { return code_; }

  private:
    std::string code_;
};

/** How sessions are bound: the first and last UDP port that RTP and RTCP may use, and the DSCP of both. */
struct Transport {
    uint16_t firstPort = 0;
    uint16_t lastPort = 0;
    uint8_t dscp = 46;
};

struct EngineOptions {
    std::string playback;
    std::string capture;
    std::string ringer;
    std::string address;
    Transport transport;
    unsigned periodMs = 10;
    int priority = 0;
    std::optional<HookSensor> hookSensor;
};

struct SessionStats {
    std::optional<CodecName> codec;
    uint64_t packetsSent = 0;
    uint64_t octetsSent = 0;
    uint64_t packetsReceived = 0;
    uint64_t octetsReceived = 0;
    uint64_t packetsLost = 0;
    uint64_t packetsLate = 0;
    uint64_t packetsMalformed = 0;
    uint64_t packetsUnauthentic = 0;
    uint64_t packetsReplayed = 0;
    double jitter = 0;
    double bufferDelay = 0;
    std::optional<double> roundTrip;
    std::optional<double> remoteLoss;
    std::optional<uint32_t> remoteSsrc;
    /** Of what we receive; nothing before the first packet. */
    std::optional<VoiceQuality> quality;
    /** Of what we send, once the far end has reported it (RFC 3611 §4.7). */
    std::optional<RemoteVoiceQuality> remoteQuality;
};

struct EngineStats {
    bool captureOpen = false;
    bool playbackOpen = false;
    bool ringerOpen = false;
    uint64_t xruns = 0;
    bool realTime = false;
    double captureLevel = 0;
    double playbackLevel = 0;
    uint64_t framesCaptured = 0;
    uint64_t framesPlayed = 0;
};

/**
 * The media engine without JavaScript around it: owns the threads, the PCMs and the sessions. All methods are for one
 * thread. Values have been validated by the caller.
 *
 *   lifetimes:  Engine { EventQueue, ports, sessions, AudioThread, DeviceThread, NetworkThread, IceThread }
 *   close():    audio thread joined (gives the PCMs back) -> device thread joined (closes them) -> sessions removed ->
 *               network thread joined (says BYE, closes sockets) -> ice thread joined -> sessions destroyed
 */
class Engine {
  public:
    /**
     * Starts the threads, that of ICE when it is first needed. `wake` is called from them after each event and MUST NOT
     * block. Without `makeDtls` no session agrees on keys by DTLS. Throws std::system_error.
     */
    Engine(const EngineOptions& options, std::function<void()> wake, AudioDeviceOpener open,
           DtlsEngineMaker makeDtls = {});
    ~Engine() { close(); }
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /** Binds a pair of ports. Throws EngineError with code `noPort`, `address`, `busy` or `closed`. The reference lives
     * until close. */
    const Session& openSession(const std::string& address);
    /** The same on the address of the options. */
    const Session& openSession() { return openSession(options_.address); }
    /** Gathers candidates; opens no device. Throws EngineError with code `busy` or `closed`. */
    const Session& openIceSession(const IceOptions& options, IceCredentials& local);
    /** Throws EngineError with code `closed`, `srtp` or `notIce`; the session is as it was then. */
    void start(int session, const RemoteMedia& remote, const IceRemote& ice);
    /** Throws EngineError with code `closed` or `notIce`. */
    void addIceCandidates(int session, const std::vector<IceCandidate>& candidates, bool complete);
    /** The credentials of the new generation. Throws EngineError with code `closed` or `notIce`. */
    IceCredentials restartIce(int session, const std::vector<std::string>& addresses);
    /** Of the engine's certificate. Throws EngineError with code `closed` or `dtls`. */
    Fingerprint fingerprint();
    /** For sessions opened from now on; the open ones keep their sockets. Throws EngineError with code `closed`. */
    void setTransport(const Transport& transport);
    /**
     * Throws EngineError with code `closed` for a session that is closed, `address` for one that is not numeric, `srtp`
     * when libsrtp refuses; the session stays as it was then.
     */
    void start(int session, const RemoteMedia& remote);
    /** Throws EngineError: `closed`, `noTelephoneEvent`, `busy`. */
    void sendDigit(int session, const DigitCommand& digit);
    /** Throws EngineError with code `closed`. */
    SessionStats stats(int session) const;
    /** Idempotent. */
    void closeSession(int session);

    /** `plan.generation` and the ids of tones are set here. */
    void setAudio(AudioPlan plan);
    EngineStats stats() const;
    std::optional<Event> nextEvent() { return events_.next(); }
    /** Idempotent. */
    void close();

  private:
    Session& find(int session) const;
    Session& findIce(int session) const;
    IceThread& iceThread();
    Session& add(std::unique_ptr<Session> session);
    void awaitRoom();
    void reap();
    void identify(WantedTone& wanted, WantedTone& before);

    const EngineOptions options_;
    Transport transport_;
    const std::string cname_;
    EventQueue events_;
    Wake audioWake_;
    Wake deviceWake_;
    PcmPorts ports_{deviceWake_};
    CaptureGuard guard_;
    std::map<int, std::unique_ptr<Session>> sessions_;
    std::map<int, std::unique_ptr<Session>> closing_;
    int lastSession_ = 0;
    uint64_t lastTone_ = 0;
    AudioPlan plan_;
    AudioThread audio_;
    DeviceThread device_;
    NetworkThread network_;
    DtlsEngineMaker makeDtls_;
    /** Null until it is needed. */
    std::unique_ptr<IceThread> ice_;
    bool closed_ = false;
};

}  // namespace offhook
