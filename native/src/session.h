#pragma once

#include <atomic>
#include <cstdint>

#include "codec_set.h"
#include "ice_link.h"
#include "media.h"
#include "network_path.h"
#include "receive_path.h"
#include "sample_fifo.h"
#include "send_path.h"
#include "session_counters.h"
#include "spsc_ring.h"
#include "srtp.h"
#include "triple_buffer.h"

namespace offhook {

/** A digit on its way to the audio thread. */
struct DigitCommand {
    uint8_t event = 0;
    uint32_t ms = 0;
};

/**
 * One call's media. Three threads share it, each its own part: JavaScript's makes, negotiates and destroys it; the
 * audio thread sends and plays; the network thread receives. It is destroyed when both have let go of it, the audio
 * thread first, so that the network thread's BYE is the last packet. With ICE, the ice thread holds the way out, and
 * lets go last.
 */
class Session {
  public:
    /** Most digits that wait. */
    static constexpr size_t kMaxDigits = 32;

    Session(int id, LocalMedia local, SocketPair sockets, EventQueue& events);
    /** Its datagrams go the way of ICE. */
    Session(int id, LocalMedia local, std::unique_ptr<IceLink> ice, EventQueue& events);

    int id() const { return id_; }
    const LocalMedia& local() const { return local_; }
    const SessionCounters& counters() const { return counters_; }
    /** Closed with ICE. */
    const SocketPair& sockets() const { return sockets_; }
    /** Null without ICE. */
    IceLink* ice() const { return ice_.get(); }

    // JavaScript's thread.

    /** Publishes a negotiation; false when an address is not numeric. Throws SrtpError and std::bad_alloc. */
    bool start(const RemoteMedia& remote);
    bool started() const { return started_; }
    bool sendsEvents() const { return sendsEvents_; }
    /** Of what we receive; nothing before the first packet. */
    std::optional<VoiceQuality> quality();
    /** Of what we send, as the far end reported it last. */
    std::optional<RemoteVoiceQuality> remoteQuality();
    /** False when too many digits wait. */
    bool sendDigit(const DigitCommand& digit) { return digits_.push(digit); }

    // The audio thread; all of it is real-time.

    /** Moves to the newest negotiation, takes digits and datagrams in. The devices hold `held` frames, both together.
     */
    void refresh(size_t held);
    bool sending() { return sends(setup().direction); }
    bool receiving() { return receives(setup().direction); }
    /** Sends one block of the microphone, or of the mix of the others. */
    void feed(std::span<const int16_t> block, int64_t now) { send_.feed(block, setup(), now); }
    void pull(std::span<int16_t> block) { receive_.pull(block, setup()); }
    /** Out of the mix. */
    void pauseSending() { send_.pause(); }
    void pauseReceiving() { receive_.pause(); }
    /** In a conference: what the other parties say, from playback time to capture time. */
    SampleFifo<4 * kMaxBlock>& bridge() { return bridge_; }
    void releaseAudio() { audioReleased_.store(true, std::memory_order_release); }

    // The network thread.

    NetworkPath& network() { return network_; }
    bool audioReleased() const { return audioReleased_.load(std::memory_order_acquire); }
    void releaseNetwork();
    /** The ice thread: whether the network thread has said its last. */
    bool networkReleased() const { return networkReleased_.load(std::memory_order_acquire); }
    void closeSockets();

    /** JavaScript's thread: whether nobody else uses it any more. */
    bool released() const { return networkReleased() && (!ice_ || ice_->released()); }

  private:
    Session(int id, LocalMedia local, SocketPair sockets, std::unique_ptr<IceLink> ice, EventQueue& events);
    AudioSetup& setup() { return setups_.front(); }

    const int id_;
    const LocalMedia local_;
    SocketPair sockets_;
    const std::unique_ptr<IceLink> ice_;
    SessionCounters counters_;
    SrtpNegotiation srtp_;
    TripleBuffer<AudioSetup> setups_;
    SpscRing<DigitCommand> digits_{kMaxDigits};
    SpscRing<Datagram> datagrams_{64};
    SampleFifo<4 * kMaxBlock> bridge_;
    SendPath send_;
    ReceivePath receive_;
    NetworkPath network_;
    bool started_ = false;
    bool sendsEvents_ = false;
    std::atomic<bool> audioReleased_{false};
    std::atomic<bool> networkReleased_{false};
};

}  // namespace offhook
