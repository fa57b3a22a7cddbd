#pragma once

#include <optional>

#include "media.h"

namespace offhook {

/** What is known of the voice that a session receives, and of its way. Durations and delays in ms. */
struct VoicePath {
    /** Of the packets expected; 0 to 1. */
    double lossRate = 0;
    double discardRate = 0;
    double burstDensity = 0;
    double gapDensity = 0;
    double burstDuration = 0;
    double gapDuration = 0;
    /** ITU-T G.107 §7.5. */
    double burstRatio = 1;
    CodecName codec = CodecName::Pcma;
    std::optional<double> roundTrip = std::nullopt;
    /** From the microphone to RTP and from RTP to the ear. */
    double endSystemDelay = 0;
    /** The same at the far end, as it reported; nothing: taken to be as ours. */
    std::optional<double> farEndSystemDelay = std::nullopt;
};

/** The metrics of RFC 3611 §4.7 that are told to people. */
struct VoiceQuality {
    double lossRate = 0;
    double discardRate = 0;
    double burstDensity = 0;
    double gapDensity = 0;
    double burstDuration = 0;
    double gapDuration = 0;
    std::optional<double> roundTrip = std::nullopt;
    double endSystemDelay = 0;
    /** 0 to 100. */
    double rFactor = 0;
    /** MOS-LQ and MOS-CQ, 1 to 4.5. */
    double mosListening = 1;
    double mosConversational = 1;
};

/** Rates a path by the E-model. Pure. */
VoiceQuality qualityOf(const VoicePath& path);

/** What a codec adds to the delay of its packets, in ms: its look-ahead, or its filters. */
double codecDelayOf(CodecName codec);

}  // namespace offhook
