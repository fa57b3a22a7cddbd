#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dtls.h"

namespace offhook {

/** Most candidates of one side of a session, of one generation. */
constexpr size_t kMaxIceCandidates = 50;
/** Most local addresses that candidates are gathered on, and most TURN servers. */
constexpr size_t kMaxIceAddresses = 16;
constexpr size_t kMaxTurnServers = 4;

enum class IceCandidateType : uint8_t { Host, ServerReflexive, PeerReflexive, Relayed };

/** A candidate over UDP of component 1 (RFC 8839 §5.1). */
struct IceCandidate {
    std::string foundation;
    uint32_t priority = 0;
    std::string address;
    uint16_t port = 0;
    IceCandidateType type = IceCandidateType::Host;
    /** Empty for a host candidate. */
    std::string relatedAddress;
    uint16_t relatedPort = 0;
};

/** Username fragment and password (RFC 8445 §5.3). */
struct IceCredentials {
    std::string ufrag;
    std::string pwd;
};

struct StunServer {
    std::string address;
    uint16_t port = 3478;
};

/** A TURN server with long-term credentials (RFC 8656 §5), reached over UDP or TCP. */
struct TurnServer {
    std::string address;
    uint16_t port = 3478;
    bool tcp = false;
    std::string username;
    std::string password;
};

/** How a session gathers. */
struct IceOptions {
    bool controlling = false;
    /** Numeric; none: those of all interfaces but the loopback. */
    std::vector<std::string> addresses;
    std::optional<StunServer> stun;
    std::vector<TurnServer> turn;
    /** Relayed candidates alone. */
    bool relayOnly = false;
};

/** What the far end said of itself. */
struct IceRemote {
    IceCredentials credentials;
    std::vector<IceCandidate> candidates;
    /** No more will come (RFC 8838 §8.2). */
    bool complete = false;
    /** Nothing: keys are not agreed by DTLS. */
    std::optional<DtlsRemote> dtls;
};

/** What ICE came to. */
enum class IceState : uint8_t {
    Connected,
    /** Consent was lost (RFC 7675): nothing is sent any more. */
    Disconnected,
    /** No pair of candidates works, or nothing could be gathered. */
    Failed,
};

}  // namespace offhook
