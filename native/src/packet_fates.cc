#include "packet_fates.h"

#include <algorithm>

namespace offhook {

namespace {

/** A jump further ahead than this is another stream (RFC 3550 A.1 MAX_DROPOUT). */
constexpr uint16_t kMaxDropout = 3000;
constexpr uint16_t kHistory = 64;

double ratioOf(uint64_t part, uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

void PacketFates::settle(uint16_t sequence, Fate fate) {
    uint16_t ahead = last_ ? static_cast<uint16_t>(sequence - *last_) : uint16_t{1};
    if (ahead == 0 || ahead >= kMaxDropout) ahead = 1;
    const uint16_t skipped = static_cast<uint16_t>(ahead - 1);
    if (skipped > 0) miss(skipped);
    lost_ += skipped;
    // What was skipped went with all that waited, and is not asked for when it comes.
    history_ = ahead >= kHistory ? 0 : history_ << ahead;
    last_ = sequence;
    switch (fate) {
        case Fate::Played:
            return receive();
        case Fate::Discarded: {
            ++discarded_;
            break;
        }
        case Fate::Lost: {
            ++lost_;
            history_ |= 1;
            break;
        }
    }
    miss(1);
}

void PacketFates::late(uint16_t sequence) {
    if (!last_) return;
    const uint16_t behind = static_cast<uint16_t>(*last_ - sequence);
    if (behind >= kHistory) return;
    const uint64_t bit = uint64_t{1} << behind;
    if ((history_ & bit) == 0) return;
    history_ &= ~bit;
    --lost_;
    ++discarded_;
}

void PacketFates::interrupt() {
    last_.reset();
    history_ = 0;
}

void PacketFates::receive() {
    ++received_;
    ++receivedSince_;
}

void PacketFates::miss(uint64_t count) {
    if (receivedSince_ > 0 || openMissing_ == 0) ++missed_;
    // The stream is taken to be preceded by received packets (RFC 3611 §4.7.2).
    if (receivedSince_ >= kGmin || openMissing_ == 0) close();
    openPackets_ += receivedSince_ + count;
    openMissing_ += count;
    receivedSince_ = 0;
}

/** Ends what is open, and the gap after it. */
void PacketFates::close() {
    if (openMissing_ == 1) {
        gap(1, 1);
    } else if (openMissing_ > 1) {
        ++bursts_.count;
        bursts_.packets += openPackets_;
        bursts_.missing += openMissing_;
        inGap_ = false;
    }
    if (receivedSince_ > 0) gap(receivedSince_, 0);
    openPackets_ = 0;
    openMissing_ = 0;
    receivedSince_ = 0;
}

void PacketFates::gap(uint64_t packets, uint64_t missing) {
    if (!inGap_) ++gaps_.count;
    inGap_ = true;
    gaps_.packets += packets;
    gaps_.missing += missing;
}

PacketRuns PacketFates::runs() const {
    // It is taken to be followed by received packets as well.
    PacketFates now = *this;
    now.close();
    const uint64_t missing = lost_ + discarded_;
    const uint64_t expected = received_ + missing;
    // In random loss, 1/(1 - p) are missing in a row.
    const double ratio = ratioOf(missing, missed_) * ratioOf(received_, expected);
    return {.lossRate = ratioOf(lost_, expected),
            .discardRate = ratioOf(discarded_, expected),
            .burstDensity = ratioOf(now.bursts_.missing, now.bursts_.packets),
            .gapDensity = ratioOf(now.gaps_.missing, now.gaps_.packets),
            .burstLength = ratioOf(now.bursts_.packets, now.bursts_.count),
            .gapLength = ratioOf(now.gaps_.packets, now.gaps_.count),
            .burstRatio = std::max(1.0, ratio)};
}

}  // namespace offhook
