#include "telephone_event.h"

#include <algorithm>
#include <string_view>

#include "bytes.h"
#include "clock.h"

namespace offhook {

namespace {

constexpr std::string_view kDigits = "0123456789*#ABCD";
constexpr uint32_t kMinEventMs = 40;
/** Between two digits; what W3C insertDTMF takes by default. */
constexpr uint32_t kGapMs = 70;
/** Longest segment (RFC 4733 §2.5.1.3). */
constexpr uint32_t kMaxDuration = 0xFFFF;
/** RFC 4733 §2.5.1.4. */
constexpr unsigned kFinalCopies = 3;
/** 10 is -10 dBm0 (RFC 4733 §2.3.4), the usual level of a digit. */
constexpr uint8_t kVolume = 10;
/** Four updates of 50 ms missing. */
constexpr int64_t kTimeoutNs = 200 * kNsPerMs;
/** An older timestamp is a packet overtaken on the way; one older than this, a source that began anew. */
constexpr int64_t kStaleSeconds = 10;

int32_t distance(uint32_t from, uint32_t to) {
    return static_cast<int32_t>(to - from);
}

}  // namespace

std::optional<uint8_t> eventOfDigit(char digit) {
    const size_t at = kDigits.find(digit);
    if (at == std::string_view::npos) return std::nullopt;
    return static_cast<uint8_t>(at);
}

std::optional<char> digitOfEvent(uint8_t event) {
    if (event >= kDigits.size()) return std::nullopt;
    return kDigits[event];
}

bool TelephoneEventSender::queue(uint8_t event, uint32_t ms) {
    if (queued_ == kMaxQueued) return false;
    queue_[(head_ + queued_) % kMaxQueued] = {event, std::max(ms, kMinEventMs)};
    ++queued_;
    return true;
}

TelephoneEventSender::Frame TelephoneEventSender::step(uint32_t start, uint32_t units, uint32_t clockRate) {
    Frame frame;
    if (state_ == State::Idle && queued_ > 0) begin(start, units, clockRate);
    frame.audio = state_ == State::Idle;
    switch (state_) {
        case State::Idle:
            break;
        case State::Active: {
            advance(start + units, clockRate, frame);
            break;
        }
        case State::Ending: {
            frame.packets[frame.count++] = last_;
            if (--copies_ == 0) state_ = State::Idle;
            break;
        }
    }
    return frame;
}

void TelephoneEventSender::begin(uint32_t frameStart, uint32_t units, uint32_t clockRate) {
    uint32_t start = frameStart;
    if (quietUntil_) {
        const int32_t wait = distance(frameStart, *quietUntil_);
        // A wait beyond a second means that the clock was changed in between.
        if (wait > 0 && static_cast<uint32_t>(wait) < clockRate) start = *quietUntil_;
    }
    if (distance(start, frameStart + units) <= 0) return;
    const Queued next = queue_[head_];
    head_ = (head_ + 1) % kMaxQueued;
    --queued_;
    state_ = State::Active;
    event_ = next.event;
    start_ = start;
    left_ = static_cast<uint32_t>(static_cast<uint64_t>(next.ms) * clockRate / 1000);
    marker_ = true;
}

void TelephoneEventSender::advance(uint32_t frameEnd, uint32_t clockRate, Frame& frame) {
    uint32_t elapsed = frameEnd - start_;
    if (elapsed >= kMaxDuration && left_ > kMaxDuration) {
        // The next segment starts where this one ends, and its updates go on meanwhile: the copies go out at once.
        const EventPacket full = packet(kMaxDuration, false);
        for (unsigned i = 0; i < kFinalCopies; ++i) frame.packets[frame.count++] = full;
        start_ += kMaxDuration;
        left_ -= kMaxDuration;
        elapsed -= kMaxDuration;
        if (elapsed == 0) return;
    }
    if (elapsed < left_) {
        frame.packets[frame.count++] = packet(elapsed, false);
        return;
    }
    last_ = packet(left_, true);
    frame.packets[frame.count++] = last_;
    last_.marker = false;
    copies_ = kFinalCopies - 1;
    state_ = State::Ending;
    quietUntil_ = start_ + left_ + kGapMs * clockRate / 1000;
}

EventPacket TelephoneEventSender::packet(uint32_t duration, bool end) {
    EventPacket packet{.timestamp = start_, .marker = marker_, .payload = {}};
    marker_ = false;
    packet.payload[0] = event_;
    packet.payload[1] = static_cast<uint8_t>((end ? 0x80 : 0) | kVolume);
    writeU16(packet.payload, 2, static_cast<uint16_t>(duration));
    return packet;
}

std::array<std::optional<HeardDigit>, 2> TelephoneEventReceiver::receive(const RtpPacket& packet, uint32_t clockRate,
                                                                         int64_t arrival) {
    std::array<std::optional<HeardDigit>, 2> heard{};
    if (packet.payload.size() < 4) return heard;
    const uint8_t event = packet.payload[0];
    const bool end = (packet.payload[1] & 0x80) != 0;
    const uint32_t duration = readU16(packet.payload, 2);
    const int32_t ahead = distance(timestamp_, packet.timestamp);
    if (known_ && ahead < 0 && -static_cast<int64_t>(ahead) < kStaleSeconds * clockRate) return heard;
    if (!known_ || packet.timestamp != timestamp_) {
        const bool continued = known_ && !reported_ && event == event_ && packet.timestamp == timestamp_ + kMaxDuration;
        before_ = continued ? before_ + kMaxDuration : 0;
        if (!continued) heard[0] = finish();
        known_ = true;
        reported_ = false;
        event_ = event;
        timestamp_ = packet.timestamp;
        duration_ = 0;
        clockRate_ = clockRate;
    }
    duration_ = std::max(duration_, duration);
    lastArrival_ = arrival;
    if (end) heard[1] = finish();
    return heard;
}

std::optional<HeardDigit> TelephoneEventReceiver::expire(int64_t now) {
    if (!known_ || reported_ || now - lastArrival_ < kTimeoutNs) return std::nullopt;
    return finish();
}

std::optional<HeardDigit> TelephoneEventReceiver::finish() {
    if (!known_ || reported_) return std::nullopt;
    reported_ = true;
    const std::optional<char> digit = digitOfEvent(event_);
    if (!digit) return std::nullopt;
    return HeardDigit{*digit, static_cast<uint32_t>((before_ + duration_) * 1000 / clockRate_)};
}

}  // namespace offhook
