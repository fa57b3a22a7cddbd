#include "jitter_buffer.h"

#include <algorithm>

namespace offhook {

namespace {

/** Packets collected before the first is played: one to play and one in hand against jitter. */
constexpr size_t kStart = 2;
/** Takes over which the lowest depth is watched: a second at 20 ms. */
constexpr unsigned kWatch = 50;
/** Packets in hand before a take, at the lowest, that are left alone: the one to play and one against jitter. */
constexpr size_t kSpare = 2;
/** Late packets in a row that mean a source which began anew. */
constexpr unsigned kRestart = 5;
/** Packet times without a packet after which the stream has stopped; when it comes back it is collected again. */
constexpr unsigned kStopped = 5;

}  // namespace

JitterBuffer::JitterBuffer() : slots_(std::make_unique<std::array<Slot, kSlots>>()) {}

void JitterBuffer::reset() {
    startAnew();
    fates_.interrupt();
}

void JitterBuffer::forget() {
    startAnew();
    fates_ = {};
}

void JitterBuffer::startAnew() {
    for (Slot& slot : *slots_) slot.used = false;
    started_ = false;
    filling_ = true;
    played_ = false;
    depth_ = 0;
    lateInRow_ = 0;
    starvedInRow_ = 0;
    takes_ = 0;
    lowest_ = kSlots;
}

void JitterBuffer::put(const RtpPacket& packet, bool audible) {
    if (packet.payload.size() > kMaxDatagram) return;
    if (!started_) {
        started_ = true;
        next_ = packet.sequence;
    }
    const int16_t ahead = static_cast<int16_t>(packet.sequence - next_);
    if (ahead < 0 && !played_ && ahead > -static_cast<int>(kStart)) {
        next_ = packet.sequence;
    } else if (ahead < 0 && ++lateInRow_ < kRestart) {
        ++late_;
        fates_.late(packet.sequence);
        return;
    } else if (ahead < 0 || ahead >= static_cast<int>(kSlots)) {
        dropAll();
        startAnew();
        started_ = true;
        next_ = packet.sequence;
    }
    lateInRow_ = 0;
    if (holds(packet.sequence)) return;
    Slot& slot = slotOf(packet.sequence);
    // Where the stream turned out to begin one earlier, the last of the ring is one too many.
    if (slot.used) free(slot);
    slot.used = true;
    slot.audible = audible;
    slot.payloadType = packet.payloadType;
    slot.sequence = packet.sequence;
    slot.size = static_cast<uint16_t>(packet.payload.size());
    std::copy(packet.payload.begin(), packet.payload.end(), slot.bytes.begin());
    ++depth_;
}

void JitterBuffer::free(Slot& slot) {
    slot.used = false;
    --depth_;
}

void JitterBuffer::drop(uint16_t sequence, PacketFates::Fate fate) {
    free(slotOf(sequence));
    fates_.settle(sequence, fate);
}

/** What waits belongs to a stream that has been left behind. */
void JitterBuffer::dropAll() {
    for (size_t i = 0; depth_ > 0 && i <= kSlots; ++i, ++next_) {
        if (holds(next_)) drop(next_, PacketFates::Fate::Discarded);
    }
}

void JitterBuffer::lose(uint16_t sequence) {
    ++lost_;
    fates_.settle(sequence, PacketFates::Fate::Lost);
}

void JitterBuffer::skipInaudible() {
    while (holds(next_) && !slotOf(next_).audible) drop(next_++, PacketFates::Fate::Played);
}

/** Time that passed while starved need not pass again for the packets which that time belonged to. */
void JitterBuffer::skipMissed() {
    while (!holds(next_) && (filling_ || starvedInRow_ > 0)) {
        lose(next_++);
        if (starvedInRow_ > 0) --starvedInRow_;
    }
    starvedInRow_ = 0;
}

/** Drops packets that never were needed. */
void JitterBuffer::shrink() {
    lowest_ = std::min(lowest_, depth_);
    const bool deep = depth_ > kMost;
    if (++takes_ < kWatch && !deep) return;
    if ((deep || lowest_ > kSpare) && holds(next_)) drop(next_++, PacketFates::Fate::Discarded);
    takes_ = 0;
    lowest_ = kSlots;
}

JitterBuffer::Taken JitterBuffer::take() {
    skipInaudible();
    if (filling_ && depth_ < kStart) return {};
    if (depth_ > 0) {
        skipMissed();
        filling_ = false;
        played_ = true;
        shrink();
        skipInaudible();
    }
    if (depth_ == 0) {
        if (++starvedInRow_ >= kStopped) filling_ = true;
        return {.kind = Kind::Starved, .payloadType = 0, .payload = {}, .following = {}};
    }
    Taken taken;
    const uint16_t due = next_++;
    if (holds(due)) {
        const Slot& slot = slotOf(due);
        taken = {.kind = Kind::Packet,
                 .payloadType = slot.payloadType,
                 .payload = std::span(slot.bytes).first(slot.size),
                 .following = {}};
        drop(due, PacketFates::Fate::Played);
        return taken;
    }
    lose(due);
    taken.kind = Kind::Lost;
    if (holds(next_) && slotOf(next_).audible) {
        taken.payloadType = slotOf(next_).payloadType;
        taken.following = std::span(slotOf(next_).bytes).first(slotOf(next_).size);
    }
    return taken;
}

}  // namespace offhook
