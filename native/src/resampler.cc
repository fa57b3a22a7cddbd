#include "resampler.h"

#include <speex/speex_resampler.h>

#include <algorithm>
#include <new>

namespace offhook {

void Resampler::Destroy::operator()(SpeexResamplerState_* state) const {
    speex_resampler_destroy(state);
}

Resampler::Resampler(unsigned from, unsigned to) : from_(from), to_(to) {
    if (from == to) return;
    int error = 0;
    state_.reset(speex_resampler_init(1, from, to, SPEEX_RESAMPLER_QUALITY_VOIP, &error));
    if (!state_) throw std::bad_alloc();
}

size_t Resampler::process(std::span<const int16_t> in, std::span<int16_t> out) {
    if (!state_) {
        const size_t count = std::min(in.size(), out.size());
        std::copy_n(in.begin(), count, out.begin());
        return count;
    }
    spx_uint32_t used = static_cast<spx_uint32_t>(in.size());
    spx_uint32_t made = static_cast<spx_uint32_t>(out.size());
    speex_resampler_process_int(state_.get(), 0, in.data(), &used, out.data(), &made);
    return made;
}

}  // namespace offhook
