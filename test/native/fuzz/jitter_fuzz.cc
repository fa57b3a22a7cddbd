/**
 * Packets in any order and takes between them through the jitter buffer: it gives nothing twice and nothing that was
 * never put, and what it says to hold it gives.
 */
#include <cstring>
#include <map>
#include <vector>

#include "jitter_buffer.h"
#include "must.h"

namespace {

using namespace offhook;
using Kind = JitterBuffer::Kind;

/** Packets bear their number in the order of putting. */
using Number = uint32_t;

class Listener {
  public:
    void put(uint16_t sequence, bool audible) {
        std::vector<uint8_t> payload(sizeof(Number));
        memcpy(payload.data(), &number_, sizeof number_);
        sequences_[number_++] = sequence;
        buffer_.put(
            {.marker = false, .payloadType = 0, .sequence = sequence, .timestamp = 0, .ssrc = 1, .payload = payload},
            audible);
        MUST(buffer_.depth() <= 64);
    }

    Kind take() {
        const JitterBuffer::Taken taken = buffer_.take();
        if (taken.kind == Kind::Packet) check(taken.payload);
        checkFates();
        return taken.kind;
    }

    /** After packets end, what is in hand is given, and the buffer is empty. */
    void drain() {
        for (int takes = 0; takes < 200 && buffer_.depth() > 0; ++takes) {
            if (take() == Kind::Filling) return;
        }
        MUST(buffer_.depth() == 0);
    }

  private:
    /** Each packet has one fate, whatever came. */
    void checkFates() {
        const PacketRuns runs = buffer_.fates().runs();
        MUST(runs.lossRate >= 0 && runs.discardRate >= 0);
        MUST(runs.lossRate + runs.discardRate <= 1 + 1e-9);
        MUST(runs.burstDensity <= 1 && runs.gapDensity <= 1);
        MUST(runs.burstLength == 0 || runs.burstLength >= 2);
    }

    void check(std::span<const uint8_t> payload) {
        Number number = 0;
        MUST(payload.size() == sizeof number);
        memcpy(&number, payload.data(), sizeof number);
        // Found, and found once.
        MUST(sequences_.erase(number) == 1);
    }

    JitterBuffer buffer_;
    Number number_ = 0;
    std::map<Number, uint16_t> sequences_;
};

}  // namespace

/** An octet below 192 puts a packet so far from the newest, others take: short inputs are long streams. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Listener listener;
    uint16_t newest = 65'500;
    for (size_t at = 0; at < size; ++at) {
        const uint8_t octet = data[at];
        if (octet >= 192) {
            for (unsigned count = 0; count <= octet % 8U; ++count) listener.take();
            continue;
        }
        // -64 to +127 from the newest; a far jump where an octet follows a zero.
        const int step = octet - 64;
        newest = static_cast<uint16_t>(newest + (step == -64 && at + 1 < size ? data[++at] * 257 : step));
        listener.put(newest, octet % 16 != 15);
    }
    listener.drain();
    return 0;
}
