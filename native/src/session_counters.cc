#include "session_counters.h"

namespace offhook {

std::optional<VoicePath> SessionCounters::voicePath() const {
    const int name = codec;
    if (packetsReceived == 0 || name == kNoCodec) return std::nullopt;
    const CodecName received = static_cast<CodecName>(name);
    const double trip = roundTrip;
    return VoicePath{.lossRate = voice.lossRate,
                     .discardRate = voice.discardRate,
                     .burstDensity = voice.burstDensity,
                     .gapDensity = voice.gapDensity,
                     .burstDuration = voice.burstDuration,
                     .gapDuration = voice.gapDuration,
                     .burstRatio = voice.burstRatio,
                     .codec = received,
                     .roundTrip = trip < 0 ? std::nullopt : std::optional(trip),
                     .endSystemDelay = bufferDelay + sendDelay + deviceDelay,
                     .farEndSystemDelay = std::nullopt};
}

}  // namespace offhook
