#pragma once

#include <cstdint>
#include <optional>

#include "rtcp.h"
#include "rtp.h"

namespace offhook {

/** What a receiver counts of one source (RFC 3550 A.1, A.3, A.8). Pure: time comes in as a parameter. */
class Reception {
  public:
    /** Counts a packet that arrived at `arrival` (ns) whose timestamps run at `clockRate` Hz. */
    void receive(const RtpPacket& packet, int64_t arrival, uint32_t clockRate);
    /** Remembers a sender report, for the round trip. */
    void receiveSenderReport(const SenderInfo& info, int64_t arrival);
    /** The block for our next report, nothing before the first packet. Starts a new interval for the fraction. */
    std::optional<ReportBlock> report(int64_t now);
    /** Packets expected and not seen, never below 0. */
    uint64_t lost() const;
    uint64_t received() const { return received_; }
    /** Interarrival jitter in ms. */
    double jitterMs() const { return jitter_ * 1000; }
    std::optional<uint32_t> ssrc() const { return ssrc_; }

  private:
    int64_t expected() const { return static_cast<int64_t>(cycles_ + highest_) - static_cast<int64_t>(base_) + 1; }
    void begin(const RtpPacket& packet);
    void countSequence(uint16_t sequence);
    void measureJitter(const RtpPacket& packet, int64_t arrival, uint32_t clockRate);

    std::optional<uint32_t> ssrc_;
    uint32_t base_ = 0;
    uint64_t cycles_ = 0;
    uint16_t highest_ = 0;
    uint64_t received_ = 0;
    int64_t expectedPrior_ = 0;
    uint64_t receivedPrior_ = 0;
    /** In seconds, so that a change of codec does not upset it. */
    double jitter_ = 0;
    uint32_t clockRate_ = 8000;
    std::optional<int64_t> lastArrival_;
    uint32_t lastTimestamp_ = 0;
    uint32_t lastSenderReport_ = 0;
    int64_t lastSenderReportAt_ = 0;
};

}  // namespace offhook
