#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dtls.h"
#include "event_queue.h"
#include "ice_agent.h"
#include "session.h"

struct _GSource;

namespace offhook {

/**
 * What the ice thread does for one session: the generation of ICE that carries the media, the one that a restart
 * gathers, and the DTLS association that outlives both. Belongs to the ice thread.
 *
 *   datagram -> STUN: libnice | DTLS: association | RTP, RTCP: network thread, once the keys are there
 */
class IceSession : private IceAgentListener, private DtlsListener {
  public:
    struct Context {
        IceLoop& loop;
        /** Null where keys are never agreed by DTLS. */
        DtlsEngine* dtls;
        EventQueue& events;
        Session& session;
        IceTransport transport;
    };

    IceSession(const Context& context, IceOptions options) : context_(context), options_(std::move(options)) {}
    ~IceSession() override;
    IceSession(const IceSession&) = delete;
    IceSession& operator=(const IceSession&) = delete;

    void gather(const IceCredentials& local);
    void start(const IceRemote& remote);
    void addCandidates(const std::vector<IceCandidate>& candidates, bool complete);
    /** A new generation (RFC 8445 §2.4). The media goes on as before until a pair of it works. */
    void restart(const IceCredentials& local, const std::vector<std::string>& addresses);
    /** Sends what the other threads have for the relay. */
    void relay();
    /** Ends generations whose time is over: never from within their own calls. */
    void discard(int64_t now);
    Session& session() { return context_.session; }

  private:
    void onLocalCandidate(IceAgent& agent, const IceCandidate& candidate) override;
    void onGathered(IceAgent& agent) override;
    void onPair(IceAgent& agent) override;
    void onFailed(IceAgent& agent) override;
    void onDatagram(std::span<const uint8_t> datagram) override;
    void sendDtls(std::span<const uint8_t> datagram) override;
    void onDtlsKeys(const SrtpKeys& keys) override;
    void onDtlsFailure(DtlsFailure failure) override;

    struct Discarded {
        std::unique_ptr<IceAgent> agent;
        int64_t until;
    };

    IceAgent& newest() { return next_ ? *next_ : *current_; }
    void openAgent(const IceCredentials& local);
    void retire(std::unique_ptr<IceAgent> agent);
    void tell(IceState state);
    void agree(const std::optional<DtlsRemote>& remote);
    void startDtls();
    void receiveDtls(std::span<const uint8_t> datagram);
    void schedule();
    void unschedule();
    void expire();
    void publish();

    const Context context_;
    IceOptions options_;
    /** Never null after gather(). */
    std::unique_ptr<IceAgent> current_;
    std::unique_ptr<IceAgent> next_;
    std::vector<Discarded> discarded_;
    std::optional<IceRemote> remote_;
    std::optional<IceState> told_;
    bool connected_ = false;
    /** Without DTLS, or after it: RTP may pass. */
    bool open_ = false;
    /** Whether, and what, the last start() said of DTLS. */
    bool agreed_ = false;
    std::optional<DtlsRemote> dtlsAgreed_;
    std::unique_ptr<DtlsAssociation> dtls_;
    bool dtlsStarted_ = false;
    bool dtlsFailed_ = false;
    int64_t dtlsDeadline_ = 0;
    /** DTLS that came before there is a way back. */
    std::deque<std::vector<uint8_t>> early_;
    _GSource* timer_ = nullptr;
    SrtpStreams streams_;
};

}  // namespace offhook
