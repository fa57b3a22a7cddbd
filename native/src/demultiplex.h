#pragma once

#include <cstdint>
#include <span>

namespace offhook {

enum class DatagramKind : uint8_t { Unknown, Dtls, Rtp, Rtcp };

/** What arrives at one port beside STUN, by its first octets (RFC 7983 §7, RFC 5761 §4). */
constexpr DatagramKind kindOf(std::span<const uint8_t> datagram) {
    if (datagram.size() < 2) return DatagramKind::Unknown;
    const uint8_t first = datagram[0];
    if (first >= 20 && first <= 63) return DatagramKind::Dtls;
    if (first < 128 || first > 191) return DatagramKind::Unknown;
    return datagram[1] >= 192 && datagram[1] <= 223 ? DatagramKind::Rtcp : DatagramKind::Rtp;
}

}  // namespace offhook
