#include "rtcp.h"

#include <algorithm>

#include "bytes.h"

namespace offhook {

namespace {

constexpr uint8_t kSenderReport = 200;
constexpr uint8_t kReceiverReport = 201;
constexpr uint8_t kSourceDescription = 202;
constexpr uint8_t kGoodbye = 203;
constexpr uint8_t kExtendedReport = 207;
constexpr size_t kHeaderSize = 4;
constexpr size_t kSenderInfoSize = 20;
constexpr size_t kReportBlockSize = 24;
/** Longest CNAME: its length is one byte. */
constexpr size_t kMaxCname = 255;

int32_t signExtend24(uint32_t value) {
    return static_cast<int32_t>(value << 8) >> 8;
}

ReportBlock readReportBlock(std::span<const uint8_t> bytes) {
    return {.ssrc = readU32(bytes, 0),
            .fractionLost = bytes[4],
            .cumulativeLost = signExtend24(readU32(bytes, 4) & 0xFFFFFF),
            .highestSequence = readU32(bytes, 8),
            .jitter = readU32(bytes, 12),
            .lastSenderReport = readU32(bytes, 16),
            .delaySinceLastSenderReport = readU32(bytes, 20)};
}

/** `body` starts at the SSRC; `count` is the number of report blocks announced. */
bool readReport(std::span<const uint8_t> body, bool sender, size_t count, RtcpCompound& compound) {
    const size_t fixed = 4 + (sender ? kSenderInfoSize : 0);
    if (body.size() < fixed + count * kReportBlockSize) return false;
    compound.sender = readU32(body, 0);
    if (sender) {
        compound.senderInfo = SenderInfo{.ntp = static_cast<uint64_t>(readU32(body, 4)) << 32 | readU32(body, 8),
                                         .rtpTimestamp = readU32(body, 12),
                                         .packets = readU32(body, 16),
                                         .octets = readU32(body, 20)};
    }
    for (size_t i = 0; i < count; ++i) {
        compound.reports.push_back(readReportBlock(body.subspan(fixed + i * kReportBlockSize)));
    }
    return true;
}

bool readGoodbye(std::span<const uint8_t> body, size_t count, RtcpCompound& compound) {
    if (body.size() < 4 * count) return false;
    for (size_t i = 0; i < count; ++i) compound.goodbyes.push_back(readU32(body, 4 * i));
    return true;
}

/** The size of what is padded (RFC 3550 §6.4.1), nothing when it cannot be. */
std::optional<size_t> unpaddedSize(std::span<const uint8_t> body, bool padded) {
    if (!padded) return body.size();
    const size_t padding = body.empty() ? 0 : body.back();
    if (padding == 0 || padding % 4 != 0 || padding > body.size()) return std::nullopt;
    return body.size() - padding;
}

/** `body` starts at the SSRC, blocks follow; those of a type or a size that we do not know are skipped. */
bool readExtendedReport(std::span<const uint8_t> body, RtcpCompound& compound) {
    if (body.size() < 4) return false;
    for (size_t at = 4; at < body.size();) {
        // All is whole words: the header of a block is there.
        const size_t size = kHeaderSize + 4U * readU16(body, at + 2);
        if (size > body.size() - at) return false;
        if (body[at] == kVoipMetricsBlock && size == kVoipMetricsSize) {
            compound.voipMetrics.push_back(readVoipMetrics(body.subspan(at).first<kVoipMetricsSize>()));
        }
        at += size;
    }
    return true;
}

/** Appends a packet header and `words` 32-bit words; returns the span after the header. */
std::span<uint8_t> append(std::vector<uint8_t>& out, uint8_t type, size_t count, size_t words) {
    const size_t start = out.size();
    out.resize(start + kHeaderSize + 4 * words);
    std::span<uint8_t> packet = std::span(out).subspan(start);
    packet[0] = static_cast<uint8_t>(0x80 | count);
    packet[1] = type;
    writeU16(packet, 2, static_cast<uint16_t>(words));
    return packet.subspan(kHeaderSize);
}

void appendReport(std::vector<uint8_t>& out, const RtcpReport& report) {
    const bool sender = report.senderInfo.has_value();
    const size_t blocks = report.report ? 1 : 0;
    const size_t words = 1 + (sender ? kSenderInfoSize / 4 : 0) + blocks * kReportBlockSize / 4;
    std::span<uint8_t> body = append(out, sender ? kSenderReport : kReceiverReport, blocks, words);
    writeU32(body, 0, report.sender);
    body = body.subspan(4);
    if (report.senderInfo) {
        writeU32(body, 0, static_cast<uint32_t>(report.senderInfo->ntp >> 32));
        writeU32(body, 4, static_cast<uint32_t>(report.senderInfo->ntp));
        writeU32(body, 8, report.senderInfo->rtpTimestamp);
        writeU32(body, 12, report.senderInfo->packets);
        writeU32(body, 16, report.senderInfo->octets);
        body = body.subspan(kSenderInfoSize);
    }
    if (report.report) {
        const ReportBlock& block = *report.report;
        const int32_t lost = std::clamp(block.cumulativeLost, -0x800000, 0x7FFFFF);
        writeU32(body, 0, block.ssrc);
        writeU32(body, 4, static_cast<uint32_t>(block.fractionLost) << 24 | (static_cast<uint32_t>(lost) & 0xFFFFFF));
        writeU32(body, 8, block.highestSequence);
        writeU32(body, 12, block.jitter);
        writeU32(body, 16, block.lastSenderReport);
        writeU32(body, 20, block.delaySinceLastSenderReport);
    }
}

/** One chunk with one CNAME item, ended by at least one null byte (RFC 3550 §6.5). */
void appendSourceDescription(std::vector<uint8_t>& out, uint32_t ssrc, std::string_view cname) {
    const std::string_view name = cname.substr(0, kMaxCname);
    const size_t words = (4 + 2 + name.size() + 1 + 3) / 4;
    std::span<uint8_t> body = append(out, kSourceDescription, 1, words);
    writeU32(body, 0, ssrc);
    body[4] = 1;
    body[5] = static_cast<uint8_t>(name.size());
    std::copy(name.begin(), name.end(), body.begin() + 6);
}

void appendExtendedReport(std::vector<uint8_t>& out, uint32_t ssrc, const VoipMetrics& metrics) {
    const std::span<uint8_t> body = append(out, kExtendedReport, 0, (4 + kVoipMetricsSize) / 4);
    writeU32(body, 0, ssrc);
    writeVoipMetrics(metrics, body.subspan<4, kVoipMetricsSize>());
}

/** One packet of a compound, checked to be as long as it says. */
bool readPacket(std::span<const uint8_t> packet, RtcpCompound& compound) {
    const size_t count = packet[0] & 0x1F;
    const std::span<const uint8_t> body = packet.subspan(kHeaderSize);
    switch (packet[1]) {
        case kSenderReport:
        case kReceiverReport:
            return readReport(body, packet[1] == kSenderReport, count, compound);
        case kGoodbye:
            return readGoodbye(body, count, compound);
        case kExtendedReport: {
            const std::optional<size_t> size = unpaddedSize(body, (packet[0] & 0x20) != 0);
            return size && readExtendedReport(body.first(*size), compound);
        }
        default:
            return true;
    }
}

}  // namespace

std::optional<RtcpCompound> parseRtcp(std::span<const uint8_t> datagram) {
    RtcpCompound compound;
    for (size_t at = 0; at < datagram.size();) {
        if (datagram.size() - at < kHeaderSize || datagram[at] >> 6 != 2) return std::nullopt;
        const uint8_t type = datagram[at + 1];
        const size_t size = kHeaderSize + 4U * readU16(datagram, at + 2);
        if (size > datagram.size() - at) return std::nullopt;
        if (at == 0 && type != kSenderReport && type != kReceiverReport) return std::nullopt;
        if (!readPacket(datagram.subspan(at, size), compound)) return std::nullopt;
        at += size;
    }
    if (datagram.empty()) return std::nullopt;
    return compound;
}

std::vector<uint8_t> buildRtcp(const RtcpReport& report) {
    std::vector<uint8_t> out;
    appendReport(out, report);
    appendSourceDescription(out, report.sender, report.cname);
    if (report.voipMetrics) appendExtendedReport(out, report.sender, *report.voipMetrics);
    if (report.goodbye) writeU32(append(out, kGoodbye, 1, 1), 0, report.sender);
    return out;
}

}  // namespace offhook
