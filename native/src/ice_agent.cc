#include "ice_agent.h"

#include <fcntl.h>
#include <nice/agent.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace offhook {

namespace {

/** RTP and RTCP share it (RFC 5761). */
constexpr guint kComponent = 1;

NiceCandidateType niceTypeOf(IceCandidateType type) {
    switch (type) {
        case IceCandidateType::Host:
            return NICE_CANDIDATE_TYPE_HOST;
        case IceCandidateType::ServerReflexive:
            return NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE;
        case IceCandidateType::PeerReflexive:
            return NICE_CANDIDATE_TYPE_PEER_REFLEXIVE;
        case IceCandidateType::Relayed:
            return NICE_CANDIDATE_TYPE_RELAYED;
    }
    return NICE_CANDIDATE_TYPE_HOST;
}

IceCandidateType typeOf(NiceCandidateType type) {
    switch (type) {
        case NICE_CANDIDATE_TYPE_HOST:
            return IceCandidateType::Host;
        case NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE:
            return IceCandidateType::ServerReflexive;
        case NICE_CANDIDATE_TYPE_PEER_REFLEXIVE:
            return IceCandidateType::PeerReflexive;
        case NICE_CANDIDATE_TYPE_RELAYED:
            return IceCandidateType::Relayed;
    }
    return IceCandidateType::Host;
}

std::string textOf(const NiceAddress& address) {
    char text[NICE_ADDRESS_STRING_LEN];
    nice_address_to_string(&address, text);
    return text;
}

IceCandidate candidateOf(const NiceCandidate& candidate) {
    IceCandidate made{.foundation = candidate.foundation,
                      .priority = candidate.priority,
                      .address = textOf(candidate.addr),
                      .port = static_cast<uint16_t>(nice_address_get_port(&candidate.addr)),
                      .type = typeOf(candidate.type),
                      .relatedAddress = {},
                      .relatedPort = 0};
    if (candidate.type != NICE_CANDIDATE_TYPE_HOST) {
        made.relatedAddress = textOf(candidate.base_addr);
        made.relatedPort = static_cast<uint16_t>(nice_address_get_port(&candidate.base_addr));
    }
    return made;
}

/** Null for an address that is not numeric. */
NiceCandidate* niceCandidateOf(const IceCandidate& candidate, guint stream) {
    NiceCandidate* const made = nice_candidate_new(niceTypeOf(candidate.type));
    made->stream_id = stream;
    made->component_id = kComponent;
    made->transport = NICE_CANDIDATE_TRANSPORT_UDP;
    made->priority = candidate.priority;
    g_strlcpy(made->foundation, candidate.foundation.c_str(), NICE_CANDIDATE_MAX_FOUNDATION);
    if (!nice_address_set_from_string(&made->addr, candidate.address.c_str())) {
        nice_candidate_free(made);
        return nullptr;
    }
    nice_address_set_port(&made->addr, candidate.port);
    made->base_addr = made->addr;
    if (!candidate.relatedAddress.empty() &&
        nice_address_set_from_string(&made->base_addr, candidate.relatedAddress.c_str())) {
        nice_address_set_port(&made->base_addr, candidate.relatedPort);
    }
    return made;
}

void freeCandidate(gpointer candidate) {
    nice_candidate_free(static_cast<NiceCandidate*>(candidate));
}

/** Allocations at TURN servers have been given back, or have run out. */
void onClosed(GObject* agent, GAsyncResult*, gpointer loop) {
    --static_cast<IceLoop*>(loop)->closing;
    g_object_unref(agent);
}

}  // namespace

/** From C to the agent; all of it runs on the ice thread, some from within our own calls. */
struct IceAgent::Signals {
    static void candidate(NiceAgent*, NiceCandidate* candidate, gpointer data) {
        IceAgent& self = *static_cast<IceAgent*>(data);
        if (self.localCandidates_ == kMaxIceCandidates) return;
        ++self.localCandidates_;
        self.listener_.onLocalCandidate(self, candidateOf(*candidate));
    }

    static void gathered(NiceAgent*, guint, gpointer data) {
        IceAgent& self = *static_cast<IceAgent*>(data);
        self.listener_.onGathered(self);
    }

    static void state(NiceAgent*, guint, guint, guint state, gpointer data) {
        IceAgent& self = *static_cast<IceAgent*>(data);
        if (state == NICE_COMPONENT_STATE_FAILED) self.listener_.onFailed(self);
        if (state == NICE_COMPONENT_STATE_CONNECTED || state == NICE_COMPONENT_STATE_READY) {
            self.listener_.onPair(self);
        }
    }

    /** Also told before a pair counts as working: the state says when it does. */
    static void pair(NiceAgent* agent, guint stream, guint component, NiceCandidate*, NiceCandidate*, gpointer data) {
        IceAgent& self = *static_cast<IceAgent*>(data);
        const NiceComponentState state = nice_agent_get_component_state(agent, stream, component);
        if (state == NICE_COMPONENT_STATE_CONNECTED || state == NICE_COMPONENT_STATE_READY) {
            self.listener_.onPair(self);
        }
    }

    static void datagram(NiceAgent*, guint, guint, guint size, gchar* bytes, gpointer data) {
        IceAgent& self = *static_cast<IceAgent*>(data);
        self.listener_.onDatagram(std::span(reinterpret_cast<const uint8_t*>(bytes), size));
    }
};

IceAgent::~IceAgent() {
    if (agent_ == nullptr) return;
    g_signal_handlers_disconnect_by_data(agent_, this);
    if (stream_ != 0) nice_agent_attach_recv(agent_, stream_, kComponent, loop_.context, nullptr, nullptr);
    if (relays_) {
        ++loop_.closing;
        nice_agent_close_async(agent_, onClosed, &loop_);
    } else {
        g_object_unref(agent_);
    }
}

bool IceAgent::gather(const IceOptions& options, const IceCredentials& local, const IceTransport& transport) {
    agent_ = nice_agent_new_full(
        loop_.context, NICE_COMPATIBILITY_RFC5245,
        static_cast<NiceAgentOption>(NICE_AGENT_OPTION_REGULAR_NOMINATION | NICE_AGENT_OPTION_ICE_TRICKLE |
                                     NICE_AGENT_OPTION_CONSENT_FRESHNESS));
    // UPnP would run an HTTP library, and TCP candidates need another framing.
    g_object_set(agent_, "upnp", FALSE, "ice-tcp", FALSE, "controlling-mode", options.controlling ? TRUE : FALSE,
                 "force-relay", options.relayOnly ? TRUE : FALSE, nullptr);
    g_signal_connect(agent_, "new-candidate-full", G_CALLBACK(Signals::candidate), this);
    g_signal_connect(agent_, "candidate-gathering-done", G_CALLBACK(Signals::gathered), this);
    g_signal_connect(agent_, "component-state-changed", G_CALLBACK(Signals::state), this);
    g_signal_connect(agent_, "new-selected-pair-full", G_CALLBACK(Signals::pair), this);
    if (!addAddresses(options)) return false;
    stream_ = nice_agent_add_stream(agent_, 1);
    if (stream_ == 0) return false;
    nice_agent_set_local_credentials(agent_, stream_, local.ufrag.c_str(), local.pwd.c_str());
    nice_agent_set_port_range(agent_, stream_, kComponent, transport.firstPort, transport.lastPort);
    addServers(options);
    nice_agent_attach_recv(agent_, stream_, kComponent, loop_.context, Signals::datagram, this);
    // DSCP is the upper six bits of the octet (RFC 2474 §3).
    nice_agent_set_stream_tos(agent_, stream_, transport.dscp << 2);
    return nice_agent_gather_candidates(agent_, stream_) == TRUE;
}

bool IceAgent::addAddresses(const IceOptions& options) {
    for (const std::string& text : options.addresses) {
        NiceAddress address;
        nice_address_init(&address);
        if (!nice_address_set_from_string(&address, text.c_str())) return false;
        nice_agent_add_local_address(agent_, &address);
    }
    return true;
}

void IceAgent::addServers(const IceOptions& options) {
    if (options.stun) {
        g_object_set(agent_, "stun-server", options.stun->address.c_str(), "stun-server-port",
                     static_cast<guint>(options.stun->port), nullptr);
    }
    for (const TurnServer& server : options.turn) {
        relays_ = true;
        nice_agent_set_relay_info(agent_, stream_, kComponent, server.address.c_str(), server.port,
                                  server.username.c_str(), server.password.c_str(),
                                  server.tcp ? NICE_RELAY_TYPE_TURN_TCP : NICE_RELAY_TYPE_TURN_UDP);
    }
}

void IceAgent::setRemote(const IceCredentials& credentials) {
    if (stream_ == 0) return;
    nice_agent_set_remote_credentials(agent_, stream_, credentials.ufrag.c_str(), credentials.pwd.c_str());
}

void IceAgent::addCandidates(const std::vector<IceCandidate>& candidates) {
    if (stream_ == 0) return;
    GSList* list = nullptr;
    for (const IceCandidate& candidate : candidates) {
        if (remoteCandidates_ == kMaxIceCandidates) break;
        NiceCandidate* const made = niceCandidateOf(candidate, stream_);
        if (made == nullptr) continue;
        ++remoteCandidates_;
        list = g_slist_append(list, made);
    }
    if (list != nullptr) nice_agent_set_remote_candidates(agent_, stream_, kComponent, list);
    g_slist_free_full(list, freeCandidate);
}

void IceAgent::endCandidates() {
    if (stream_ != 0) nice_agent_peer_candidate_gathering_done(agent_, stream_);
}

IceWay IceAgent::way() const {
    IceWay way;
    NiceCandidate* local = nullptr;
    NiceCandidate* remote = nullptr;
    if (stream_ == 0 || !nice_agent_get_selected_pair(agent_, stream_, kComponent, &local, &remote)) return way;
    GSocket* const socket = nice_agent_get_selected_socket(agent_, stream_, kComponent);
    if (socket == nullptr) {
        way.kind = IceWay::Kind::Relay;
        return way;
    }
    nice_address_copy_to_sockaddr(&remote->addr, way.to.data());
    way.to.received(remote->addr.s.addr.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
    way.socket = UdpSocket::adopt(fcntl(g_socket_get_fd(socket), F_DUPFD_CLOEXEC, 0));
    g_object_unref(socket);
    // Out of descriptors: the ice thread has one.
    way.kind = way.socket->fd() < 0 ? IceWay::Kind::Relay : IceWay::Kind::Socket;
    return way;
}

bool IceAgent::send(std::span<const uint8_t> datagram) {
    if (stream_ == 0) return false;
    return nice_agent_send(agent_, stream_, kComponent, static_cast<guint>(datagram.size()),
                           reinterpret_cast<const gchar*>(datagram.data())) >= 0;
}

}  // namespace offhook
