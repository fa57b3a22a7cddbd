#include "voice_quality.h"

#include <algorithm>

#include "e_model.h"

namespace offhook {

namespace {

/** Equipment impairment factor and packet-loss robustness factor (ITU-T G.113). */
struct Impairment {
    double ie;
    double bpl;
};

/**
 * On the narrowband scale of G.107, where nothing is better than G.711: a wideband call is rated as if it were one.
 * G.711 with concealment is of G.113 Appendix I. There is no value for G.722 and Opus on this scale: that of G.711 is
 * an estimate, for G.722 because it is concealed alike, for Opus because it conceals no worse.
 */
Impairment impairmentOf(CodecName codec) {
    switch (codec) {
        case CodecName::Pcma:
        case CodecName::Pcmu:
        case CodecName::G722:
        case CodecName::Opus:
            return {.ie = 0, .bpl = 25.1};
    }
    return {.ie = 0, .bpl = 25.1};
}

/** The way of the voice is taken to be the same in both directions (RFC 3611 §4.7.3). */
double oneWayDelayOf(const VoicePath& path) {
    const double far = path.farEndSystemDelay.value_or(path.endSystemDelay);
    return (path.roundTrip.value_or(0) + path.endSystemDelay + far) / 2;
}

}  // namespace

VoiceQuality qualityOf(const VoicePath& path) {
    const Impairment codec = impairmentOf(path.codec);
    Transmission listening;
    listening.ie = codec.ie;
    listening.bpl = codec.bpl;
    listening.ppl = 100 * std::min(1.0, path.lossRate + path.discardRate);
    listening.burstR = path.burstRatio;
    Transmission conversation = listening;
    conversation.t = oneWayDelayOf(path);
    conversation.ta = conversation.t;
    conversation.tr = 2 * conversation.t;
    const double rating = std::clamp(ratingOf(conversation), 0.0, 100.0);
    return {.lossRate = path.lossRate,
            .discardRate = path.discardRate,
            .burstDensity = path.burstDensity,
            .gapDensity = path.gapDensity,
            .burstDuration = path.burstDuration,
            .gapDuration = path.gapDuration,
            .roundTrip = path.roundTrip,
            .endSystemDelay = path.endSystemDelay,
            .rFactor = rating,
            .mosListening = mosOf(ratingOf(listening)),
            .mosConversational = mosOf(rating)};
}

double codecDelayOf(CodecName codec) {
    switch (codec) {
        case CodecName::Pcma:
        case CodecName::Pcmu:
            return 0;
        // 22 taps of the two quadrature mirror filters at 16 kHz.
        case CodecName::G722:
            return 1.5;
        // Look-ahead of SILK and its resampler (RFC 6716 §2.1.4 has the frame with it: 26.5 ms).
        case CodecName::Opus:
            return 6.5;
    }
    return 0;
}

}  // namespace offhook
