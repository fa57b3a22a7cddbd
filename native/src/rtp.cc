#include "rtp.h"

#include <algorithm>

#include "bytes.h"

namespace offhook {

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// |V=2|P|X|  CC   |M|     PT      |       sequence number         |
// |                           timestamp                           |
// |                             SSRC                              |
// |                   CSRC (CC times), extension                  |

std::optional<RtpPacket> parseRtp(std::span<const uint8_t> datagram) {
    if (datagram.size() < kRtpHeaderSize || datagram[0] >> 6 != 2) return std::nullopt;
    const bool padded = (datagram[0] & 0x20) != 0;
    const bool extended = (datagram[0] & 0x10) != 0;
    size_t start = kRtpHeaderSize + 4U * (datagram[0] & 0x0FU);
    if (extended) {
        if (datagram.size() < start + 4) return std::nullopt;
        start += 4 + 4U * readU16(datagram, start + 2);
    }
    if (datagram.size() < start) return std::nullopt;
    size_t end = datagram.size();
    if (padded) {
        const size_t padding = datagram[end - 1];
        if (padding == 0 || padding > end - start) return std::nullopt;
        end -= padding;
    }
    return RtpPacket{.marker = (datagram[1] & 0x80) != 0,
                     .payloadType = static_cast<uint8_t>(datagram[1] & 0x7F),
                     .sequence = readU16(datagram, 2),
                     .timestamp = readU32(datagram, 4),
                     .ssrc = readU32(datagram, 8),
                     .payload = datagram.subspan(start, end - start)};
}

size_t buildRtp(const RtpPacket& packet, std::span<uint8_t> out) {
    const size_t size = kRtpHeaderSize + packet.payload.size();
    if (out.size() < size) return 0;
    out[0] = 0x80;
    out[1] = static_cast<uint8_t>((packet.marker ? 0x80 : 0) | (packet.payloadType & 0x7F));
    writeU16(out, 2, packet.sequence);
    writeU32(out, 4, packet.timestamp);
    writeU32(out, 8, packet.ssrc);
    std::copy(packet.payload.begin(), packet.payload.end(), out.begin() + kRtpHeaderSize);
    return size;
}

}  // namespace offhook
