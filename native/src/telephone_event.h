#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "rtp.h"

namespace offhook {

/** The event code of a digit `0-9 * # A-D` (RFC 4733 §3.2), nothing for another character. */
std::optional<uint8_t> eventOfDigit(char digit);
/** The digit of an event code, nothing for codes above 15. */
std::optional<char> digitOfEvent(uint8_t event);

/** One packet of an event: the four bytes of RFC 4733 §2.3 under the event's own timestamp. */
struct EventPacket {
    uint32_t timestamp = 0;
    bool marker = false;
    std::array<uint8_t, 4> payload{};
};

/**
 * Sends events in line with the audio clock (RFC 4733 §2.5.1). step() is called once a packet time, with the span of
 * RTP time whose audio is due; it says which event packets go out and whether the audio does.
 *
 *   frame:   |  0  |  1  |  2  |  3  |  4  |  5  |  6  |
 *   audio:   |  x  |     |     |     |     |     |  x  |
 *   event:         | M160| 320 |480 E|480 E|480 E|            timestamp of frame 1 in all of them
 *
 * Real-time.
 */
class TelephoneEventSender {
  public:
    static constexpr size_t kMaxPackets = 4;
    static constexpr size_t kMaxQueued = 32;

    struct Frame {
        std::array<EventPacket, kMaxPackets> packets{};
        size_t count = 0;
        bool audio = true;
    };

    /** Queues an event of `ms` (at least 40 ms, ITU-T Q.24); false when the queue is full. */
    bool queue(uint8_t event, uint32_t ms);
    /** The frame of RTP time from `start`, `units` long, at `clockRate` Hz. */
    Frame step(uint32_t start, uint32_t units, uint32_t clockRate);
    /** Forgets the event under way and those queued. */
    void reset() { *this = TelephoneEventSender{}; }

  private:
    struct Queued {
        uint8_t event = 0;
        uint32_t ms = 0;
    };
    enum class State : uint8_t { Idle, Active, Ending };

    void begin(uint32_t frameStart, uint32_t units, uint32_t clockRate);
    void advance(uint32_t frameEnd, uint32_t clockRate, Frame& frame);
    EventPacket packet(uint32_t duration, bool end);

    std::array<Queued, kMaxQueued> queue_{};
    size_t head_ = 0;
    size_t queued_ = 0;
    State state_ = State::Idle;
    uint8_t event_ = 0;
    bool marker_ = false;
    /** Start of the segment under way and what is left of the event from there, in clock units. */
    uint32_t start_ = 0;
    uint32_t left_ = 0;
    EventPacket last_;
    unsigned copies_ = 0;
    /** RTP time before which no event may start. */
    std::optional<uint32_t> quietUntil_;
};

/** A digit heard, with its duration in ms. */
struct HeardDigit {
    char digit = 0;
    uint32_t ms = 0;

    bool operator==(const HeardDigit&) const = default;
};

/** Makes digits of event packets: each event once, by its end packet, or by timeout when all end packets were lost. */
class TelephoneEventReceiver {
  public:
    /** `arrival` in monotonic ns. At most two digits come of one packet: one whose end was lost, and its own. */
    std::array<std::optional<HeardDigit>, 2> receive(const RtpPacket& packet, uint32_t clockRate, int64_t arrival);
    /** Ends an event whose updates have ceased. */
    std::optional<HeardDigit> expire(int64_t now);
    /** For a new source, whose timestamps start anywhere. */
    void reset() { *this = TelephoneEventReceiver{}; }

  private:
    std::optional<HeardDigit> finish();

    bool known_ = false;
    bool reported_ = false;
    uint8_t event_ = 0;
    uint32_t timestamp_ = 0;
    uint32_t duration_ = 0;
    /** Duration of the segments before this one. */
    uint64_t before_ = 0;
    uint32_t clockRate_ = 8000;
    int64_t lastArrival_ = 0;
};

}  // namespace offhook
