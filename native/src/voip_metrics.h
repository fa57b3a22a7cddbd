#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "voice_quality.h"

namespace offhook {

/** A VoIP metrics report block as it is on the wire (RFC 3611 §4.7). */
struct VoipMetrics {
    /** A level, a loss or a rating that is not known. */
    static constexpr uint8_t kUnavailable = 127;

    /** The source that is reported on. */
    uint32_t ssrc = 0;
    /** In 1/256. */
    uint8_t lossRate = 0;
    uint8_t discardRate = 0;
    uint8_t burstDensity = 0;
    uint8_t gapDensity = 0;
    /** In ms; a delay of 0 is not known. */
    uint16_t burstDuration = 0;
    uint16_t gapDuration = 0;
    uint16_t roundTrip = 0;
    uint16_t endSystemDelay = 0;
    /** In dBm0, two's complement. */
    uint8_t signalLevel = kUnavailable;
    uint8_t noiseLevel = kUnavailable;
    /** Residual echo return loss in dB. */
    uint8_t rerl = kUnavailable;
    uint8_t gmin = 16;
    uint8_t rFactor = kUnavailable;
    uint8_t externalRFactor = kUnavailable;
    /** In tenths. */
    uint8_t mosListening = kUnavailable;
    uint8_t mosConversational = kUnavailable;
    /** Packet loss concealment, jitter buffer adaptive or not, and its rate (§4.7.6). */
    uint8_t receiverConfiguration = 0;
    /** Delays of the jitter buffer in ms. */
    uint16_t nominalDelay = 0;
    uint16_t maximumDelay = 0;
    uint16_t absoluteMaximumDelay = 0;

    bool operator==(const VoipMetrics&) const = default;
};

/** The type of the block (RFC 3611 §4.7), and its octets, its header included. */
constexpr uint8_t kVoipMetricsBlock = 7;
constexpr size_t kVoipMetricsSize = 36;

/** Our own receiver, for the block: levels in dBm0, delays of the jitter buffer in ms. */
struct VoiceReceiver {
    CodecName codec = CodecName::Pcma;
    std::optional<double> speechLevel = std::nullopt;
    std::optional<double> noiseLevel = std::nullopt;
    double nominalDelay = 0;
    double maximumDelay = 0;
    double absoluteMaximumDelay = 0;
};

/** What the far end reported; nothing: it does not know. As in VoiceQuality. */
struct RemoteVoiceQuality {
    double lossRate = 0;
    double discardRate = 0;
    double burstDensity = 0;
    double gapDensity = 0;
    double burstDuration = 0;
    double gapDuration = 0;
    std::optional<double> roundTrip = std::nullopt;
    std::optional<double> endSystemDelay = std::nullopt;
    std::optional<double> rFactor = std::nullopt;
    std::optional<double> mosListening = std::nullopt;
    std::optional<double> mosConversational = std::nullopt;
};

/** The block for a source that we receive so. */
VoipMetrics metricsOf(uint32_t ssrc, const VoiceQuality& quality, const VoiceReceiver& receiver);
RemoteVoiceQuality remoteQualityOf(const VoipMetrics& metrics);

/** Both take exactly kVoipMetricsSize octets, the header of the block included. */
VoipMetrics readVoipMetrics(std::span<const uint8_t, kVoipMetricsSize> block);
void writeVoipMetrics(const VoipMetrics& metrics, std::span<uint8_t, kVoipMetricsSize> block);

}  // namespace offhook
