#include "reception.h"

#include <algorithm>
#include <cmath>

#include "clock.h"

namespace offhook {

namespace {

/** A jump further ahead than this is another stream (RFC 3550 A.1 MAX_DROPOUT). */
constexpr uint16_t kMaxDropout = 3000;
/** Further behind than this is another stream, not a reordered packet (RFC 3550 A.1 MAX_MISORDER). */
constexpr uint16_t kMaxMisorder = 100;

}  // namespace

void Reception::receive(const RtpPacket& packet, int64_t arrival, uint32_t clockRate) {
    if (ssrc_ != packet.ssrc) begin(packet);
    countSequence(packet.sequence);
    measureJitter(packet, arrival, clockRate);
    ++received_;
}

void Reception::begin(const RtpPacket& packet) {
    *this = Reception{};
    ssrc_ = packet.ssrc;
    base_ = packet.sequence;
    highest_ = packet.sequence;
}

void Reception::countSequence(uint16_t sequence) {
    const uint16_t ahead = static_cast<uint16_t>(sequence - highest_);
    if (ahead < kMaxDropout) {
        if (sequence < highest_) cycles_ += 0x10000;
        highest_ = sequence;
    } else if (ahead <= 0xFFFF - kMaxMisorder) {
        // The source started anew without telling: count from here, keep what was received out of the loss.
        base_ = sequence;
        highest_ = sequence;
        cycles_ = 0;
        received_ = 0;
        expectedPrior_ = 0;
        receivedPrior_ = 0;
    }
}

void Reception::measureJitter(const RtpPacket& packet, int64_t arrival, uint32_t clockRate) {
    if (lastArrival_ && clockRate == clockRate_) {
        const double elapsed = static_cast<double>(arrival - *lastArrival_) / kNsPerSecond;
        const double sent = static_cast<double>(static_cast<int32_t>(packet.timestamp - lastTimestamp_)) / clockRate;
        jitter_ += (std::fabs(elapsed - sent) - jitter_) / 16;
    }
    clockRate_ = clockRate;
    lastArrival_ = arrival;
    lastTimestamp_ = packet.timestamp;
}

void Reception::receiveSenderReport(const SenderInfo& info, int64_t arrival) {
    lastSenderReport_ = static_cast<uint32_t>(info.ntp >> 16);
    lastSenderReportAt_ = arrival;
}

uint64_t Reception::lost() const {
    if (!ssrc_) return 0;
    return static_cast<uint64_t>(std::max<int64_t>(0, expected() - static_cast<int64_t>(received_)));
}

std::optional<ReportBlock> Reception::report(int64_t now) {
    if (!ssrc_) return std::nullopt;
    const int64_t expectedInterval = expected() - expectedPrior_;
    const int64_t lostInterval = expectedInterval - static_cast<int64_t>(received_ - receivedPrior_);
    expectedPrior_ = expected();
    receivedPrior_ = received_;
    const int64_t fraction = expectedInterval <= 0 || lostInterval <= 0 ? 0 : lostInterval * 256 / expectedInterval;
    const int64_t sinceReport = lastSenderReport_ == 0 ? 0 : (now - lastSenderReportAt_) * 65536 / kNsPerSecond;
    return ReportBlock{.ssrc = *ssrc_,
                       .fractionLost = static_cast<uint8_t>(std::min<int64_t>(fraction, 255)),
                       .cumulativeLost = static_cast<int32_t>(
                           std::clamp<int64_t>(expected() - static_cast<int64_t>(received_), -0x800000, 0x7FFFFF)),
                       .highestSequence = static_cast<uint32_t>(cycles_ + highest_),
                       .jitter = static_cast<uint32_t>(jitter_ * clockRate_),
                       .lastSenderReport = lastSenderReport_,
                       .delaySinceLastSenderReport = static_cast<uint32_t>(sinceReport)};
}

}  // namespace offhook
