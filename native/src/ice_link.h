#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "jitter_buffer.h"
#include "spsc_ring.h"
#include "srtp.h"
#include "triple_buffer.h"
#include "udp_socket.h"
#include "wake.h"

namespace offhook {

/** A datagram on its way to a relay; protected, so somewhat longer than one that is read. */
struct OutgoingDatagram {
    size_t size = 0;
    std::array<uint8_t, kMaxDatagram + kSrtpTrailer> bytes{};
};

/** The way out that ICE chose, as one sending thread has it. */
struct IceWay {
    enum class Kind : uint8_t {
        /** No pair, no consent or no keys: nothing may be sent. */
        None,
        /** Straight from the socket of the pair. */
        Socket,
        /** By the ice thread, which wraps it for the relay. */
        Relay,
    };

    Kind kind = Kind::None;
    /** A duplicate of the pair's, so that it lives as long as it is used. */
    std::optional<UdpSocket> socket;
    SocketAddress to;
    /** Where DTLS gave the keys. The sender of RTP or RTCP, and only for the network thread the receiver. */
    std::shared_ptr<SrtpSender> srtpSender;
    std::shared_ptr<SrtpReceiver> srtpReceiver;
};

/**
 * What the ice thread shares of one session with the two that send and receive its media.
 *
 *   ice --ways--> audio, network (triple buffers)        ice --received--> network (ring)
 *   ice <--relayed-- audio, network (a ring each)
 */
class IceLink {
  public:
    IceLink(Wake& iceThread, Wake& networkThread) : iceThread_(iceThread), networkThread_(networkThread) {}

    Wake& iceThread() { return iceThread_; }

    // The audio thread; real-time.

    /** The way of RTP that is in force; the reference holds until the next call. */
    IceWay& rtpWay();
    bool sendRtp(std::span<const uint8_t> datagram) { return send(rtp_.front(), relayedRtp_, datagram); }

    // The network thread.

    IceWay& rtcpWay();
    bool sendRtcp(std::span<const uint8_t> datagram) { return send(rtcp_.front(), relayedRtcp_, datagram); }
    /** The oldest datagram, null when none waits; it is the reader's until takeReceived(). */
    Datagram* received() { return received_.front(); }
    void takeReceived() { received_.pop(); }

    // The ice thread.

    void publish(IceWay rtp, IceWay rtcp);
    /** Hands RTP or RTCP over; lost where the network thread stands still. */
    void deliver(std::span<const uint8_t> datagram);
    /** Calls `send` with each datagram that waits for the relay. */
    template <typename Send>
    void drainRelayed(Send send) {
        for (SpscRing<OutgoingDatagram>* ring : {&relayedRtp_, &relayedRtcp_}) {
            for (OutgoingDatagram* next = ring->front(); next != nullptr; next = ring->front()) {
                send(std::span<const uint8_t>(next->bytes).first(next->size));
                ring->pop();
            }
        }
    }
    void release() { released_.store(true, std::memory_order_release); }

    /** Any thread: whether the ice thread uses the session no more. */
    bool released() const { return released_.load(std::memory_order_acquire); }

  private:
    bool send(const IceWay& way, SpscRing<OutgoingDatagram>& relayed, std::span<const uint8_t> datagram);

    Wake& iceThread_;
    Wake& networkThread_;
    TripleBuffer<IceWay> rtp_;
    TripleBuffer<IceWay> rtcp_;
    SpscRing<Datagram> received_{64};
    SpscRing<OutgoingDatagram> relayedRtp_{16};
    SpscRing<OutgoingDatagram> relayedRtcp_{4};
    std::atomic<bool> released_{false};
};

}  // namespace offhook
