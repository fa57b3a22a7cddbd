#pragma once

#include <atomic>
#include <cstdint>

#include "voice_level.h"
#include "voice_quality.h"

namespace offhook {

/** What a session's threads count and anybody may read: each field by itself, no two together. */
struct SessionCounters {
    static constexpr int kNoCodec = -1;

    /** As in VoicePath, of the newest source that was listened to. */
    struct Voice {
        std::atomic<double> lossRate{0};
        std::atomic<double> discardRate{0};
        std::atomic<double> burstDensity{0};
        std::atomic<double> gapDensity{0};
        std::atomic<double> burstDuration{0};
        std::atomic<double> gapDuration{0};
        std::atomic<double> burstRatio{1};
    };

    /** A CodecName, or kNoCodec. */
    std::atomic<int> codec{kNoCodec};
    std::atomic<uint64_t> packetsSent{0};
    std::atomic<uint64_t> octetsSent{0};
    std::atomic<uint64_t> packetsReceived{0};
    std::atomic<uint64_t> octetsReceived{0};
    std::atomic<uint64_t> packetsLost{0};
    std::atomic<uint64_t> packetsLate{0};
    std::atomic<uint64_t> packetsMalformed{0};
    /** RTP and RTCP with a wrong authentication tag. */
    std::atomic<uint64_t> packetsUnauthentic{0};
    /** RTP and RTCP received before, or older than the replay window. */
    std::atomic<uint64_t> packetsReplayed{0};
    /** In ms. */
    std::atomic<double> jitter{0};
    std::atomic<double> bufferDelay{0};
    /** What packets, codec and devices add to the delay beside the jitter buffer, in ms. */
    std::atomic<double> sendDelay{0};
    std::atomic<double> deviceDelay{0};
    /** The far end's packet time in ms, as its packets show. */
    std::atomic<unsigned> packetMs{20};
    Voice voice;
    VoiceLevel level;
    /** In ms, negative: unknown. */
    std::atomic<double> roundTrip{-1};
    /** 0 to 1, negative: unknown. */
    std::atomic<double> remoteLoss{-1};
    /** The SSRC of the source that was received last, above it a 1; 0: none was. */
    std::atomic<uint64_t> remoteSsrc{0};
    /**
     * The RTP timestamp that belongs to an instant, for sender reports: the timestamp in the upper 32 bits, monotonic
     * time in 1/65536 s in the lower ones. 0: nothing was sent.
     */
    std::atomic<uint64_t> sentAt{0};

    /** What is received, for its rating; nothing before the first packet. The far end's delay is left out. */
    std::optional<VoicePath> voicePath() const;
};

}  // namespace offhook
