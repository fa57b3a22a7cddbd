#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ice.h"
#include "ice_link.h"

struct _GMainContext;
struct _NiceAgent;

namespace offhook {

class IceAgent;

/** The main loop of the ice thread. */
struct IceLoop {
    _GMainContext* context = nullptr;
    /** Agents whose relays have not yet given back what they hold. */
    unsigned closing = 0;
};

/** Hears an agent, on the ice thread. It MUST NOT destroy the agent from within a call. */
class IceAgentListener {
  public:
    virtual ~IceAgentListener() = default;
    virtual void onLocalCandidate(IceAgent& agent, const IceCandidate& candidate) = 0;
    virtual void onGathered(IceAgent& agent) = 0;
    /** A pair of candidates works; called again when another one is chosen. */
    virtual void onPair(IceAgent& agent) = 0;
    /** No pair works, or consent was lost. */
    virtual void onFailed(IceAgent& agent) = 0;
    /** Anything that is no STUN of the agent's, from an address that the checks have seen. */
    virtual void onDatagram(std::span<const uint8_t> datagram) = 0;
};

/** How an agent binds. */
struct IceTransport {
    uint16_t firstPort = 0;
    uint16_t lastPort = 0;
    uint8_t dscp = 0;
};

/**
 * One generation of ICE (RFC 8445) of one session: a full agent of libnice with one stream of one component, trickle
 * (RFC 8838) and consent freshness (RFC 7675). A restart is a new agent. Belongs to the ice thread.
 */
class IceAgent {
  public:
    IceAgent(IceLoop& loop, IceAgentListener& listener) : loop_(loop), listener_(listener) {}
    ~IceAgent();
    IceAgent(const IceAgent&) = delete;
    IceAgent& operator=(const IceAgent&) = delete;

    /** False when nothing can be gathered: no such address, no free port. */
    bool gather(const IceOptions& options, const IceCredentials& local, const IceTransport& transport);
    void setRemote(const IceCredentials& credentials);
    /** What exceeds kMaxIceCandidates is not taken. */
    void addCandidates(const std::vector<IceCandidate>& candidates);
    void endCandidates();
    /** The way to the far end; its SRTP is for the caller to add. */
    IceWay way() const;
    bool send(std::span<const uint8_t> datagram);

  private:
    struct Signals;

    bool addAddresses(const IceOptions& options);
    void addServers(const IceOptions& options);

    IceLoop& loop_;
    IceAgentListener& listener_;
    _NiceAgent* agent_ = nullptr;
    unsigned stream_ = 0;
    size_t localCandidates_ = 0;
    size_t remoteCandidates_ = 0;
    bool relays_ = false;
};

}  // namespace offhook
