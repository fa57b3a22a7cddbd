#pragma once

#include <cstdint>
#include <optional>

namespace offhook {

/** How a source's packets arrived since its first, periods in packets (RFC 3611 §4.7.1, §4.7.2). */
struct PacketRuns {
    /** Of the packets expected; 0 to 1. */
    double lossRate = 0;
    double discardRate = 0;
    /** Lost and discarded within bursts and within gaps; 0 to 1, 0 where there was none. */
    double burstDensity = 0;
    double gapDensity = 0;
    /** Mean length; 0 where there was none. */
    double burstLength = 0;
    double gapLength = 0;
    /** Mean length of what was missing in a row against that of random loss, at least 1 (ITU-T G.107 §7.5). */
    double burstRatio = 1;
};

/**
 * Counts what became of each packet, in the order of their numbers, by the definitions of RFC 3611 §4.7.2: a burst
 * begins and ends with a packet that is missing and has no kGmin received ones in a row; all else is a gap, single
 * missing packets within it included. The densities and the length of bursts are those of Appendix A.2, which counts
 * transitions; its estimate of a gap is a packet longer than the gap.
 *
 *   played  x x . . x x x x x x x x x x x x x x x x x x . x x x x x x x x x x x x x x x x
 *           gap |burst| gap .............................................................
 *
 * All of it is real-time and of constant cost.
 */
class PacketFates {
  public:
    /** Received packets in a row that end a burst (RFC 3611 §4.7.2 recommends 16). */
    static constexpr uint64_t kGmin = 16;

    enum class Fate : uint8_t {
        /** It was there when it was due. */
        Played,
        /** It was there, and the jitter buffer threw it away. */
        Discarded,
        /** It was not there when it was due; late() may tell of it yet. */
        Lost,
    };

    /** The next packet by number. Those that were left out are lost, unless the numbers began anew. */
    void settle(uint16_t sequence, Fate fate);
    /** It came after it was taken for lost: it is discarded (RFC 3611 §4.7.1). A duplicate changes nothing. */
    void late(uint16_t sequence);
    /** Nobody listens: what comes until the next packet that is settled is neither expected nor lost. */
    void interrupt();

    PacketRuns runs() const;

  private:
    struct Periods {
        uint64_t count = 0;
        uint64_t packets = 0;
        uint64_t missing = 0;
    };

    void receive();
    void miss(uint64_t count);
    void close();
    void gap(uint64_t packets, uint64_t missing);

    /** The highest number that is settled. */
    std::optional<uint16_t> last_;
    /** Bit i: the packet i before `last_` is lost. */
    uint64_t history_ = 0;
    uint64_t received_ = 0;
    uint64_t lost_ = 0;
    uint64_t discarded_ = 0;
    /** How often one or more in a row were missing. */
    uint64_t missed_ = 0;
    Periods bursts_;
    Periods gaps_;
    bool inGap_ = false;
    /** From the first missing packet to the last, a burst when there are two; and received ones since. */
    uint64_t openPackets_ = 0;
    uint64_t openMissing_ = 0;
    uint64_t receivedSince_ = 0;
};

}  // namespace offhook
