#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "voip_metrics.h"

namespace offhook {

/** A report block (RFC 3550 §6.4.1). */
struct ReportBlock {
    uint32_t ssrc = 0;
    /** Lost since the last report, in 1/256. */
    uint8_t fractionLost = 0;
    /** 24 bits, signed. */
    int32_t cumulativeLost = 0;
    uint32_t highestSequence = 0;
    /** In units of the RTP clock. */
    uint32_t jitter = 0;
    /** Middle 32 bits of the NTP time of the last sender report, 0: none yet. */
    uint32_t lastSenderReport = 0;
    /** Delay since then in 1/65536 s. */
    uint32_t delaySinceLastSenderReport = 0;

    bool operator==(const ReportBlock&) const = default;
};

/** The sender's part of a sender report. */
struct SenderInfo {
    /** Seconds since 1900 in the upper, fraction in the lower 32 bits. */
    uint64_t ntp = 0;
    uint32_t rtpTimestamp = 0;
    uint32_t packets = 0;
    uint32_t octets = 0;

    bool operator==(const SenderInfo&) const = default;
};

/** What we make of a compound RTCP packet. */
struct RtcpCompound {
    uint32_t sender = 0;
    std::optional<SenderInfo> senderInfo;
    std::vector<ReportBlock> reports;
    std::vector<uint32_t> goodbyes;
    /** Of extended reports (RFC 3611 §4.7). */
    std::vector<VoipMetrics> voipMetrics;
};

/** A compound packet to be sent: SR or RR, SDES with the CNAME, XR if there are metrics, and BYE if `goodbye`. */
struct RtcpReport {
    uint32_t sender = 0;
    std::optional<SenderInfo> senderInfo;
    std::optional<ReportBlock> report;
    std::string_view cname;
    std::optional<VoipMetrics> voipMetrics = std::nullopt;
    bool goodbye = false;
};

/**
 * Parses a compound packet with the checks of RFC 3550 A.2: every packet version 2, the first a report, the lengths
 * add up. The same holds for the blocks of an extended report (RFC 3611 §3). Types that we do not use are skipped.
 * Returns nothing for anything else.
 */
std::optional<RtcpCompound> parseRtcp(std::span<const uint8_t> datagram);

/** Builds a compound packet (RFC 3550 §6.1). */
std::vector<uint8_t> buildRtcp(const RtcpReport& report);

}  // namespace offhook
