#include "voip_metrics.h"

#include <algorithm>
#include <cmath>

#include "bytes.h"
#include "packet_fates.h"

namespace offhook {

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// |     BT=7      |   reserved    |       block length = 8        |
// |                        SSRC of source                         |
// |   loss rate   | discard rate  | burst density |  gap density  |
// |       burst duration          |         gap duration          |
// |     round trip delay          |       end system delay        |
// | signal level  |  noise level  |     RERL      |     Gmin      |
// |   R factor    | ext. R factor |    MOS-LQ     |    MOS-CQ     |
// |   RX config   |   reserved    |          JB nominal           |
// |          JB maximum           |          JB abs max           |

namespace {

/** Words after the first. */
constexpr uint16_t kBlockLength = 8;
/** Concealment by repetition, and by something better (RFC 3611 §4.7.6). */
constexpr uint8_t kStandardConcealment = 3 << 6;
constexpr uint8_t kEnhancedConcealment = 2 << 6;
/** Adaptive; how fast is left open. */
constexpr uint8_t kAdaptiveBuffer = 3 << 4;

uint8_t fractionOf(double value) {
    return static_cast<uint8_t>(std::clamp(std::floor(value * 256), 0.0, 255.0));
}

uint16_t msOf(double value) {
    return static_cast<uint16_t>(std::clamp(std::round(value), 0.0, 65535.0));
}

/** 0 would say that it is not known. */
uint16_t knownMsOf(double value) {
    return std::max<uint16_t>(1, msOf(value));
}

uint8_t levelOf(const std::optional<double>& level) {
    if (!level) return VoipMetrics::kUnavailable;
    return static_cast<uint8_t>(static_cast<int8_t>(std::clamp(std::round(*level), -127.0, 126.0)));
}

uint8_t concealmentOf(CodecName codec) {
    return codec == CodecName::Opus ? kEnhancedConcealment : kStandardConcealment;
}

std::optional<double> knownDelay(uint16_t ms) {
    if (ms == 0) return std::nullopt;
    return ms;
}

/** Nothing as well for what is outside of the scale, which is reserved. */
std::optional<double> rated(uint8_t value, uint8_t least, uint8_t most) {
    if (value < least || value > most) return std::nullopt;
    return value;
}

std::optional<double> mosOf(uint8_t tenths) {
    const std::optional<double> known = rated(tenths, 10, 50);
    if (!known) return std::nullopt;
    return *known / 10;
}

}  // namespace

VoipMetrics metricsOf(uint32_t ssrc, const VoiceQuality& quality, const VoiceReceiver& receiver) {
    VoipMetrics metrics;
    metrics.ssrc = ssrc;
    metrics.lossRate = fractionOf(quality.lossRate);
    metrics.discardRate = fractionOf(quality.discardRate);
    metrics.burstDensity = fractionOf(quality.burstDensity);
    metrics.gapDensity = fractionOf(quality.gapDensity);
    metrics.burstDuration = msOf(quality.burstDuration);
    metrics.gapDuration = msOf(quality.gapDuration);
    if (quality.roundTrip) metrics.roundTrip = knownMsOf(*quality.roundTrip);
    metrics.endSystemDelay = knownMsOf(quality.endSystemDelay);
    metrics.signalLevel = levelOf(receiver.speechLevel);
    metrics.noiseLevel = levelOf(receiver.noiseLevel);
    metrics.gmin = PacketFates::kGmin;
    metrics.rFactor = static_cast<uint8_t>(std::round(quality.rFactor));
    metrics.mosListening = static_cast<uint8_t>(std::round(quality.mosListening * 10));
    metrics.mosConversational = static_cast<uint8_t>(std::round(quality.mosConversational * 10));
    metrics.receiverConfiguration = concealmentOf(receiver.codec) | kAdaptiveBuffer;
    metrics.nominalDelay = msOf(receiver.nominalDelay);
    metrics.maximumDelay = msOf(receiver.maximumDelay);
    metrics.absoluteMaximumDelay = msOf(receiver.absoluteMaximumDelay);
    return metrics;
}

RemoteVoiceQuality remoteQualityOf(const VoipMetrics& metrics) {
    return {.lossRate = metrics.lossRate / 256.0,
            .discardRate = metrics.discardRate / 256.0,
            .burstDensity = metrics.burstDensity / 256.0,
            .gapDensity = metrics.gapDensity / 256.0,
            .burstDuration = static_cast<double>(metrics.burstDuration),
            .gapDuration = static_cast<double>(metrics.gapDuration),
            .roundTrip = knownDelay(metrics.roundTrip),
            .endSystemDelay = knownDelay(metrics.endSystemDelay),
            .rFactor = rated(metrics.rFactor, 0, 100),
            .mosListening = mosOf(metrics.mosListening),
            .mosConversational = mosOf(metrics.mosConversational)};
}

VoipMetrics readVoipMetrics(std::span<const uint8_t, kVoipMetricsSize> block) {
    return {.ssrc = readU32(block, 4),
            .lossRate = block[8],
            .discardRate = block[9],
            .burstDensity = block[10],
            .gapDensity = block[11],
            .burstDuration = readU16(block, 12),
            .gapDuration = readU16(block, 14),
            .roundTrip = readU16(block, 16),
            .endSystemDelay = readU16(block, 18),
            .signalLevel = block[20],
            .noiseLevel = block[21],
            .rerl = block[22],
            .gmin = block[23],
            .rFactor = block[24],
            .externalRFactor = block[25],
            .mosListening = block[26],
            .mosConversational = block[27],
            .receiverConfiguration = block[28],
            .nominalDelay = readU16(block, 30),
            .maximumDelay = readU16(block, 32),
            .absoluteMaximumDelay = readU16(block, 34)};
}

void writeVoipMetrics(const VoipMetrics& metrics, std::span<uint8_t, kVoipMetricsSize> block) {
    std::fill(block.begin(), block.end(), uint8_t{0});
    block[0] = kVoipMetricsBlock;
    writeU16(block, 2, kBlockLength);
    writeU32(block, 4, metrics.ssrc);
    block[8] = metrics.lossRate;
    block[9] = metrics.discardRate;
    block[10] = metrics.burstDensity;
    block[11] = metrics.gapDensity;
    writeU16(block, 12, metrics.burstDuration);
    writeU16(block, 14, metrics.gapDuration);
    writeU16(block, 16, metrics.roundTrip);
    writeU16(block, 18, metrics.endSystemDelay);
    block[20] = metrics.signalLevel;
    block[21] = metrics.noiseLevel;
    block[22] = metrics.rerl;
    block[23] = metrics.gmin;
    block[24] = metrics.rFactor;
    block[25] = metrics.externalRFactor;
    block[26] = metrics.mosListening;
    block[27] = metrics.mosConversational;
    block[28] = metrics.receiverConfiguration;
    writeU16(block, 30, metrics.nominalDelay);
    writeU16(block, 32, metrics.maximumDelay);
    writeU16(block, 34, metrics.absoluteMaximumDelay);
}

}  // namespace offhook
