#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "packet_fates.h"
#include "rtp.h"

namespace offhook {

/** A datagram on its way from the network thread to the audio thread. */
struct Datagram {
    int64_t arrival = 0;
    size_t size = 0;
    std::array<uint8_t, kMaxDatagram> bytes{};
};

/**
 * Brings packets into order and delays them, so that each is there when it is due. It starts with two packets, grows by
 * what comes late, and gives delay back when the lowest depth of some seconds shows that it is not needed.
 *
 *   put() in any order ---> [ ring by sequence number ] ---> take() once a packet time, in order
 *
 * Real-time: nothing is allocated after the constructor.
 */
class JitterBuffer {
  public:
    enum class Kind : uint8_t {
        /** The packet that is due. */
        Packet,
        /** It did not come, later ones did; `following` is set when the very next one is here. */
        Lost,
        /** Nothing is here: a packet time has to be bridged; the packet may yet come, and will then be played. */
        Starved,
        /** Collecting before the start. */
        Filling,
    };
    struct Taken {
        Kind kind = Kind::Filling;
        /** Valid until the next put(). */
        uint8_t payloadType = 0;
        std::span<const uint8_t> payload;
        std::span<const uint8_t> following;
    };

    JitterBuffer();

    /** A packet has come. `audible` false: an event that only takes a sequence number. */
    void put(const RtpPacket& packet, bool audible);
    Taken take();
    /** Drops all and starts anew; what passes meanwhile is not missed. */
    void reset();
    /** Another source: the same, and what became of the packets of the last one is forgotten. */
    void forget();
    /** What became of the packets that were due. */
    const PacketFates& fates() const { return fates_; }
    /** Packets in hand, up to the newest. */
    size_t depth() const { return depth_; }
    uint64_t late() const { return late_; }
    uint64_t lost() const { return lost_; }

    /** Packets in hand beyond which delay is given back at once, and beyond which none is kept. */
    static constexpr size_t kMost = 15;
    static constexpr size_t kSlots = 64;

  private:
    struct Slot {
        bool used = false;
        bool audible = false;
        uint8_t payloadType = 0;
        uint16_t sequence = 0;
        uint16_t size = 0;
        std::array<uint8_t, kMaxDatagram> bytes;
    };

    Slot& slotOf(uint16_t sequence) { return (*slots_)[sequence % kSlots]; }
    bool holds(uint16_t sequence) { return slotOf(sequence).used && slotOf(sequence).sequence == sequence; }
    void free(Slot& slot);
    void drop(uint16_t sequence, PacketFates::Fate fate);
    void lose(uint16_t sequence);
    void dropAll();
    void startAnew();
    void skipInaudible();
    void skipMissed();
    void shrink();

    std::unique_ptr<std::array<Slot, kSlots>> slots_;
    bool started_ = false;
    bool filling_ = true;
    bool played_ = false;
    /** The sequence number due next. */
    uint16_t next_ = 0;
    size_t depth_ = 0;
    unsigned lateInRow_ = 0;
    unsigned starvedInRow_ = 0;
    unsigned takes_ = 0;
    size_t lowest_ = kSlots;
    uint64_t late_ = 0;
    uint64_t lost_ = 0;
    PacketFates fates_;
};

}  // namespace offhook
