#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "event_queue.h"
#include "ice_link.h"
#include "jitter_buffer.h"
#include "media.h"
#include "reception.h"
#include "session_counters.h"
#include "source_lock.h"
#include "spsc_ring.h"
#include "srtp.h"
#include "telephone_event.h"
#include "triple_buffer.h"
#include "udp_socket.h"

namespace offhook {

/** What the network thread needs of a negotiation. */
struct NetworkSetup {
    SocketAddress rtp;
    SocketAddress rtcp;
    Direction direction = Direction::Inactive;
    std::vector<Codec> codecs;
    std::optional<TelephoneEventFormat> telephoneEvent;
    /** The far end takes VoIP metrics (RFC 3611 §5.1). */
    bool voipMetrics = false;
    /** For RTCP; null: it is sent as it is. */
    std::shared_ptr<SrtpSender> srtpSender;
    /** For RTP and RTCP; null: they are taken as they are. */
    std::shared_ptr<SrtpReceiver> srtpReceiver;
};

/**
 * The network thread's part of a session: receives and checks RTP, counts, hears digits, speaks RTCP. With SRTP, what
 * is not authentic ends before anything looks at it, and leaves a count behind.
 */
class NetworkPath {
  public:
    struct Context {
        int session;
        const LocalMedia& local;
        const SocketPair& sockets;
        SessionCounters& counters;
        SpscRing<Datagram>& datagrams;
        EventQueue& events;
        /** Null without ICE. */
        IceLink* ice = nullptr;
    };

    explicit NetworkPath(const Context& context) : context_(context) {}

    /** JavaScript's thread: the newest negotiation. */
    TripleBuffer<NetworkSetup>& setups() { return setups_; }
    /** Takes the RTP that waits; true when there is more than a phone ever gets at once. */
    bool receiveRtp();
    /** The same of RTCP. */
    bool receiveRtcp();
    /** Takes both from the ice thread. */
    bool receiveIce();
    /** JavaScript's thread: what the far end reported last of what we send. */
    TripleBuffer<std::optional<VoipMetrics>>& remoteMetrics() { return remoteMetrics_; }
    /** What time brings: a new negotiation, RTCP, silence, digits whose end was lost. */
    void tick(int64_t now);
    /** The last report, with BYE (RFC 3550 §6.6). */
    void goodbye(int64_t now);

  private:
    void adoptSetup(int64_t now);
    std::optional<size_t> countedSize(const Unprotected& unprotected);
    void takeRtp(std::span<uint8_t> bytes, Datagram& slot, const SocketAddress& from);
    void takeRtcp(std::span<uint8_t> bytes, const SocketAddress& from);
    SrtpReceiver* srtpReceiver();
    SrtpSender* srtpSender();
    void receive(std::span<const uint8_t> bytes, Datagram& slot, const SocketAddress& from);
    bool isFarEnd(const SocketAddress& from) const { return source_.knowsHost(from) || from.sameHost(setup_.rtcp); }
    void receiveReport(std::span<const uint8_t> bytes, const SocketAddress& from);
    void handle(const RtpPacket& packet, int64_t now);
    void hearEvent(const RtpPacket& packet, int64_t now);
    void handle(const RtcpCompound& compound, int64_t now);
    void postDigit(const std::optional<HeardDigit>& digit);
    void sendReport(int64_t now, bool goodbye);
    std::optional<SenderInfo> senderInfo(int64_t now);
    void handle(const VoipMetrics& metrics);
    std::optional<VoipMetrics> voipMetrics() const;
    uint32_t clockRateOf(uint8_t payloadType) const;
    void countMalformed() { count(context_.counters.packetsMalformed); }
    static void count(std::atomic<uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

    Context context_;
    TripleBuffer<NetworkSetup> setups_;
    NetworkSetup setup_;
    bool started_ = false;
    SourceLock source_;
    Reception reception_;
    TelephoneEventReceiver digits_;
    /** Takes what finds no room in the ring. */
    Datagram overflow_;
    bool firstPacket_ = true;
    int64_t heardAt_ = 0;
    int64_t silentToldAt_ = 0;
    int64_t reportAt_ = 0;
    uint64_t packetsReported_ = 0;
    TripleBuffer<std::optional<VoipMetrics>> remoteMetrics_;
    /** End system delay of the far end in ms, as it reported. */
    std::optional<double> farEndSystemDelay_;
};

}  // namespace offhook
