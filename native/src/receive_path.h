#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "codec_set.h"
#include "jitter_buffer.h"
#include "sample_fifo.h"
#include "send_path.h"
#include "session_counters.h"

namespace offhook {

/**
 * From datagrams to blocks for the ear. Belongs to the audio thread; all of it is real-time.
 *
 *   datagram -> jitter buffer -> decoder of its payload type -> resampler -> samples at 48 kHz -> block
 */
class ReceivePath {
  public:
    explicit ReceivePath(SessionCounters& counters) : counters_(counters) {}

    /** A datagram that the network thread has checked. */
    void accept(const Datagram& datagram, AudioSetup& setup);
    /** Fills a block of at most kMaxBlock samples. */
    void pull(std::span<int16_t> block, AudioSetup& setup);
    /** Not heard now: what waits is dropped, so that it does not sound later. */
    void pause();

  private:
    /** The longest packet at 48 kHz, with a block before it. */
    static constexpr size_t kReady = 2 * kMaxDecoded + kMaxBlock;

    void decodeNext(AudioSetup& setup);
    void publishRuns();
    void produce(CodecSet::Incoming& codec, std::span<int16_t> samples);

    SessionCounters& counters_;
    JitterBuffer jitter_;
    std::optional<uint32_t> ssrc_;
    SampleFifo<kReady> ready_;
    /** Packet time of the far end in ms, as its packets show. */
    unsigned packetMs_ = 20;
    uint8_t payloadType_ = 0;
    std::array<int16_t, kMaxDecoded> decoded_{};
    std::array<int16_t, 2 * kMaxDecoded> resampled_{};
};

}  // namespace offhook
