#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "codec_set.h"
#include "ice_link.h"
#include "rtp.h"
#include "session_counters.h"
#include "telephone_event.h"
#include "udp_socket.h"

namespace offhook {

/** Longest block that passes between PCM and session: 20 ms. */
constexpr size_t kMaxBlock = kSampleRate / 50;

/**
 * From blocks of the microphone to RTP. Belongs to the audio thread; all of it is real-time.
 *
 *   block, 48 kHz -> resampler -> packet of one packet time -> encoder -> RTP -> (SRTP) -> sendto
 *                                        |
 *                                        +-> during a telephone-event: its packets in place of the audio
 */
class SendPath {
  public:
    /** With `ice`, its way out is taken in place of the socket. */
    SendPath(const UdpSocket& socket, IceLink* ice, uint32_t ssrc, SessionCounters& counters);

    /** Takes one block of at most kMaxBlock samples, whose last sample is of `now` (monotonic ns). */
    void feed(std::span<const int16_t> block, AudioSetup& setup, int64_t now);
    /** Out of the mix, or re-negotiated to silence: what was gathered is dropped, RTP time goes on. */
    void pause();
    /** False when the queue is full. */
    bool queueEvent(uint8_t event, uint32_t ms) { return events_.queue(event, ms); }

  private:
    /** 60 ms at 48 kHz, plus a block. */
    static constexpr size_t kGathered = kSampleRate * 60 / 1000 + kMaxBlock;

    void dropGathered();
    void resume(const AudioSetup& setup, int64_t start);
    void sendFrame(AudioSetup& setup, std::span<const int16_t> samples, int64_t now);
    void sendEvents(const AudioSetup& setup, const TelephoneEventSender::Frame& frame);
    void send(const AudioSetup& setup, RtpPacket packet);
    bool send(const AudioSetup& setup, std::span<uint8_t> buffer, size_t size);
    void applyLoss(AudioSetup& setup);

    const UdpSocket& socket_;
    IceLink* const ice_;
    const uint32_t ssrc_;
    SessionCounters& counters_;
    TelephoneEventSender events_;
    std::array<int16_t, kGathered> gathered_{};
    size_t count_ = 0;
    uint16_t sequence_;
    /** RTP time of the first sample gathered. */
    uint32_t timestamp_;
    /** The instant of the last sample that came, 0: none yet. */
    int64_t fedUntil_ = 0;
    bool running_ = false;
    bool marker_ = true;
    CodecName codec_ = CodecName::Pcma;
    uint32_t clockRate_ = 8000;
    double appliedLoss_ = -1;
};

}  // namespace offhook
