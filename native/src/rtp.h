#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace offhook {

constexpr size_t kRtpHeaderSize = 12;
/** Largest datagram that is sent or accepted, in bytes: what an Ethernet frame carries. */
constexpr size_t kMaxDatagram = 1472;

/** A parsed RTP packet; `payload` points into the datagram. */
struct RtpPacket {
    bool marker = false;
    uint8_t payloadType = 0;
    uint16_t sequence = 0;
    uint32_t timestamp = 0;
    uint32_t ssrc = 0;
    std::span<const uint8_t> payload;
};

/**
 * Parses RTP (RFC 3550 §5.1, §5.3.1): contributing sources and the header extension are skipped, padding is taken off.
 * Returns nothing for what is not RTP version 2 or does not hold what its header announces.
 */
std::optional<RtpPacket> parseRtp(std::span<const uint8_t> datagram);

/** Writes a packet without extension or padding; returns its size, 0 when `out` is too small. Real-time. */
size_t buildRtp(const RtpPacket& packet, std::span<uint8_t> out);

}  // namespace offhook
