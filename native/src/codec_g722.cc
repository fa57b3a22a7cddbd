#include "codec_g722.h"

#include <spandsp/telephony.h>
//
#include <spandsp/g722.h>

#include <algorithm>
#include <new>

namespace offhook {

namespace {

constexpr int kBitRate = 64000;
/** 16 kHz samples, a byte a code. */
constexpr int kOptions = 0;

}  // namespace

void G722Encoder::Release::operator()(g722_encode_state_s* state) const {
    g722_encode_free(state);
}
void G722Decoder::Release::operator()(g722_decode_state_s* state) const {
    g722_decode_free(state);
}

G722Encoder::G722Encoder() : state_(g722_encode_init(nullptr, kBitRate, kOptions)) {
    if (!state_) throw std::bad_alloc();
}

size_t G722Encoder::encode(std::span<const int16_t> samples, std::span<uint8_t> payload) {
    if (payload.size() < samples.size() / 2) return 0;
    const int size = g722_encode(state_.get(), payload.data(), samples.data(), static_cast<int>(samples.size()));
    return static_cast<size_t>(std::max(size, 0));
}

G722Decoder::G722Decoder()
    : state_(g722_decode_init(nullptr, kBitRate, kOptions)), concealment_(sampleRateOf(CodecName::G722)) {
    if (!state_) throw std::bad_alloc();
}

size_t G722Decoder::decode(std::span<const uint8_t> payload, std::span<int16_t> samples) {
    const size_t bytes = std::min(payload.size(), samples.size() / 2);
    const int made = g722_decode(state_.get(), samples.data(), payload.data(), static_cast<int>(bytes));
    const size_t count = static_cast<size_t>(std::max(made, 0));
    concealment_.heard(samples.first(count));
    return count;
}

size_t G722Decoder::conceal(size_t count, std::span<const uint8_t>, std::span<int16_t> samples) {
    const size_t made = std::min(count, samples.size());
    concealment_.conceal(samples.first(made));
    return made;
}

}  // namespace offhook
