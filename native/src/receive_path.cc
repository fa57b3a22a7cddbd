#include "receive_path.h"

#include <algorithm>

namespace offhook {

void ReceivePath::accept(const Datagram& datagram, AudioSetup& setup) {
    const std::optional<RtpPacket> packet = parseRtp(std::span(datagram.bytes).first(datagram.size));
    if (!packet) return;
    const bool event = setup.telephoneEvent && setup.telephoneEvent->payloadType == packet->payloadType;
    if (!event && setup.codecs.find(packet->payloadType) == nullptr) return;
    if (ssrc_ != packet->ssrc) {
        ssrc_ = packet->ssrc;
        jitter_.forget();
    }
    jitter_.put(*packet, !event);
    counters_.packetsLate.store(jitter_.late(), std::memory_order_relaxed);
}

void ReceivePath::pull(std::span<int16_t> block, AudioSetup& setup) {
    for (int packets = 0; ready_.size() < block.size() && packets < 16; ++packets) decodeNext(setup);
    const size_t got = ready_.pop(block);
    std::fill(block.begin() + static_cast<std::ptrdiff_t>(got), block.end(), int16_t{0});
    const double delay =
        static_cast<double>(jitter_.depth() * packetMs_) + static_cast<double>(ready_.size()) * 1000 / kSampleRate;
    counters_.bufferDelay.store(delay, std::memory_order_relaxed);
}

void ReceivePath::pause() {
    jitter_.reset();
    ready_.clear();
}

void ReceivePath::decodeNext(AudioSetup& setup) {
    const JitterBuffer::Taken taken = jitter_.take();
    publishRuns();
    const bool packet = taken.kind == JitterBuffer::Kind::Packet;
    CodecSet::Incoming* codec = setup.codecs.find(packet ? taken.payloadType : payloadType_);
    if (codec == nullptr) codec = &setup.codecs.incoming[0];
    if (taken.kind == JitterBuffer::Kind::Filling) {
        std::fill_n(resampled_.begin(), kMaxBlock, int16_t{0});
        ready_.push(std::span(resampled_).first(kSampleRate / 200));
        return;
    }
    const unsigned rate = sampleRateOf(codec->codec.name);
    size_t count = 0;
    if (packet) {
        count = codec->decoder->decode(taken.payload, decoded_);
        if (count > 0) {
            payloadType_ = taken.payloadType;
            packetMs_ = std::max(1U, static_cast<unsigned>(count) * 1000 / rate);
            counters_.packetMs.store(packetMs_, std::memory_order_relaxed);
            counters_.level.measure(std::span(decoded_).first(count));
            counters_.codec.store(static_cast<int>(codec->codec.name), std::memory_order_relaxed);
        }
    }
    if (count == 0) {
        const bool sameCodec = taken.payloadType == codec->codec.payloadType;
        count = codec->decoder->conceal(rate / 1000 * packetMs_,
                                        sameCodec ? taken.following : std::span<const uint8_t>{}, decoded_);
    }
    produce(*codec, std::span(decoded_).first(count));
}

void ReceivePath::publishRuns() {
    const PacketRuns runs = jitter_.fates().runs();
    SessionCounters::Voice& voice = counters_.voice;
    voice.lossRate.store(runs.lossRate, std::memory_order_relaxed);
    voice.discardRate.store(runs.discardRate, std::memory_order_relaxed);
    voice.burstDensity.store(runs.burstDensity, std::memory_order_relaxed);
    voice.gapDensity.store(runs.gapDensity, std::memory_order_relaxed);
    voice.burstDuration.store(runs.burstLength * packetMs_, std::memory_order_relaxed);
    voice.gapDuration.store(runs.gapLength * packetMs_, std::memory_order_relaxed);
    voice.burstRatio.store(runs.burstRatio, std::memory_order_relaxed);
}

void ReceivePath::produce(CodecSet::Incoming& codec, std::span<int16_t> samples) {
    // A packet of 120 ms at 8 kHz becomes 5760 samples; a longer one of G.711 is cut here.
    const size_t most = kMaxDecoded * sampleRateOf(codec.codec.name) / kSampleRate;
    const std::span<int16_t> kept = samples.first(std::min(samples.size(), most));
    const size_t made = codec.resampler->process(kept, resampled_);
    ready_.push(std::span(resampled_).first(made));
}

}  // namespace offhook
