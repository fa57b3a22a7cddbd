/** One datagram through the parsers of RTP and RTCP: what they read, written again, reads the same. */
#include <algorithm>
#include <array>
#include <vector>

#include "demultiplex.h"
#include "must.h"
#include "rtcp.h"
#include "rtp.h"

namespace {

using namespace offhook;

bool same(const RtpPacket& one, const RtpPacket& other) {
    return one.marker == other.marker && one.payloadType == other.payloadType && one.sequence == other.sequence &&
           one.timestamp == other.timestamp && one.ssrc == other.ssrc &&
           std::equal(one.payload.begin(), one.payload.end(), other.payload.begin(), other.payload.end());
}

void checkRtp(std::span<const uint8_t> datagram) {
    const std::optional<RtpPacket> packet = parseRtp(datagram);
    if (!packet) return;
    std::vector<uint8_t> written(datagram.size());
    const size_t size = buildRtp(*packet, written);
    MUST(size == kRtpHeaderSize + packet->payload.size());
    MUST(size <= datagram.size());
    const std::optional<RtpPacket> again = parseRtp(std::span(written).first(size));
    MUST(again && same(*again, *packet));
}

void checkRtcp(std::span<const uint8_t> datagram) {
    const std::optional<RtcpCompound> compound = parseRtcp(datagram);
    if (!compound) return;
    MUST(kindOf(datagram) == DatagramKind::Rtcp);
    // All that was read stands in the datagram.
    MUST(24 * compound->reports.size() + 4 * compound->goodbyes.size() +
             kVoipMetricsSize * compound->voipMetrics.size() <
         datagram.size());
    RtcpReport report{.sender = compound->sender,
                      .senderInfo = compound->senderInfo,
                      .report = std::nullopt,
                      .cname = "fuzz",
                      .goodbye = std::ranges::count(compound->goodbyes, compound->sender) > 0};
    if (!compound->reports.empty()) report.report = compound->reports.front();
    if (!compound->voipMetrics.empty()) report.voipMetrics = compound->voipMetrics.back();
    const std::optional<RtcpCompound> again = parseRtcp(buildRtcp(report));
    MUST(again && again->sender == report.sender && again->senderInfo == report.senderInfo);
    MUST(again->reports.size() == (report.report ? 1U : 0U));
    MUST(!report.report || again->reports.front() == *report.report);
    MUST(again->voipMetrics.size() == (report.voipMetrics ? 1U : 0U));
    MUST(!report.voipMetrics || again->voipMetrics.front() == *report.voipMetrics);
    MUST(again->goodbyes.size() == (report.goodbye ? 1U : 0U));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    // A heap block of its own, so that a read behind its end is seen.
    const std::vector<uint8_t> datagram(data, data + size);
    checkRtp(datagram);
    checkRtcp(datagram);
    return 0;
}
