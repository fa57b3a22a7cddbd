#include "codec_opus.h"

#include <opus/opus.h>

#include <algorithm>
#include <new>

namespace offhook {

namespace {

constexpr int kBitRate = 32000;
constexpr int kComplexity = 5;
/** Before the far end has reported: enough for the encoder to spend bits on error correction. */
constexpr int kFirstLossPercent = 5;
/** Lost frames are concealed in whole multiples of 2.5 ms. */
constexpr size_t kSmallestFrame = kSampleRate / 400;

size_t countOf(int result) {
    return static_cast<size_t>(std::max(result, 0));
}

}  // namespace

void OpusVoiceEncoder::Destroy::operator()(OpusEncoder* state) const {
    opus_encoder_destroy(state);
}
void OpusVoiceDecoder::Destroy::operator()(OpusDecoder* state) const {
    opus_decoder_destroy(state);
}

OpusVoiceEncoder::OpusVoiceEncoder() {
    int error = OPUS_OK;
    state_.reset(opus_encoder_create(kSampleRate, 1, OPUS_APPLICATION_VOIP, &error));
    if (!state_) throw std::bad_alloc();
    opus_encoder_ctl(state_.get(), OPUS_SET_BITRATE(kBitRate));
    opus_encoder_ctl(state_.get(), OPUS_SET_COMPLEXITY(kComplexity));
    opus_encoder_ctl(state_.get(), OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    opus_encoder_ctl(state_.get(), OPUS_SET_INBAND_FEC(1));
    opus_encoder_ctl(state_.get(), OPUS_SET_PACKET_LOSS_PERC(kFirstLossPercent));
}

size_t OpusVoiceEncoder::encode(std::span<const int16_t> samples, std::span<uint8_t> payload) {
    return countOf(opus_encode(state_.get(), samples.data(), static_cast<int>(samples.size()), payload.data(),
                               static_cast<opus_int32>(payload.size())));
}

void OpusVoiceEncoder::expectLoss(float loss) {
    const int percent = std::clamp(static_cast<int>(loss * 100), 0, 100);
    opus_encoder_ctl(state_.get(), OPUS_SET_PACKET_LOSS_PERC(percent));
}

OpusVoiceDecoder::OpusVoiceDecoder() {
    int error = OPUS_OK;
    state_.reset(opus_decoder_create(kSampleRate, 1, &error));
    if (!state_) throw std::bad_alloc();
}

size_t OpusVoiceDecoder::decode(std::span<const uint8_t> payload, std::span<int16_t> samples) {
    // No payload would mean concealment to libopus.
    if (payload.empty()) return 0;
    return countOf(opus_decode(state_.get(), payload.data(), static_cast<opus_int32>(payload.size()), samples.data(),
                               static_cast<int>(samples.size()), 0));
}

size_t OpusVoiceDecoder::conceal(size_t count, std::span<const uint8_t> next, std::span<int16_t> samples) {
    const size_t whole = (count + kSmallestFrame - 1) / kSmallestFrame * kSmallestFrame;
    const size_t made = std::min(whole, std::min(samples.size(), kMaxDecoded) / kSmallestFrame * kSmallestFrame);
    if (made == 0) return 0;
    const int frame = static_cast<int>(made);
    if (!next.empty()) {
        const int recovered =
            opus_decode(state_.get(), next.data(), static_cast<opus_int32>(next.size()), samples.data(), frame, 1);
        if (recovered > 0) return static_cast<size_t>(recovered);
    }
    return countOf(opus_decode(state_.get(), nullptr, 0, samples.data(), frame, 0));
}

}  // namespace offhook
