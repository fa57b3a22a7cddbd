#include "mixer.h"

#include <algorithm>
#include <cmath>

namespace offhook {

namespace {

constexpr float kFullScale = 32768;

float factorOf(double decibels) {
    return static_cast<float>(std::pow(10, decibels / 20));
}

int16_t toSample(float value) {
    return static_cast<int16_t>(std::lrint(std::clamp(value * kFullScale, -kFullScale, kFullScale - 1)));
}

int16_t saturate(int value) {
    return static_cast<int16_t>(std::clamp(value, -32768, 32767));
}

void toSamples(std::span<const float> from, std::span<int16_t> to) {
    std::transform(from.begin(), from.end(), to.begin(), toSample);
}

}  // namespace

void SmoothGain::apply(std::span<float> block, float target) {
    const float step = (target - gain_) / static_cast<float>(block.size());
    if (step == 0 && target == 1) return;
    for (float& sample : block) {
        gain_ += step;
        sample *= gain_;
    }
    gain_ = target;
}

bool Mixer::add(Session& session) {
    if (count_ == members_.size()) return false;
    members_[count_].session = &session;
    members_[count_].mixed = false;
    ++count_;
    return true;
}

void Mixer::remove(Session& session) {
    for (size_t i = 0; i < count_; ++i) {
        if (members_[i].session != &session) continue;
        if (members_[i].mixed) --mixed_;
        members_[i] = members_[--count_];
        return;
    }
}

bool Mixer::wants(int session) const {
    const auto end = plan_.mix.begin() + static_cast<std::ptrdiff_t>(plan_.mixed);
    return std::find(plan_.mix.begin(), end, session) != end;
}

void Mixer::adopt(const AudioPlan& plan) {
    const uint64_t toneBefore = plan_.earTone.id;
    plan_ = plan;
    if (plan_.earTone.id == toneBefore) return;
    if (plan_.earTone.id == 0) {
        tone_.stop();
    } else {
        tone_.play(plan_.earTone.tone);
    }
}

void Mixer::refresh(size_t held) {
    mixed_ = 0;
    for (size_t i = 0; i < count_; ++i) {
        members_[i].session->refresh(held);
        settle(members_[i]);
        if (members_[i].mixed) ++mixed_;
    }
}

/** Who is not in the mix neither sends nor keeps what it receives. */
void Mixer::settle(Member& member) {
    const bool wanted = wants(member.session->id());
    if (member.mixed && !wanted) member.session->bridge().clear();
    member.mixed = wanted;
    if (!wanted || !member.session->sending()) member.session->pauseSending();
    if (!wanted || !member.session->receiving()) member.session->pauseReceiving();
}

void Mixer::render(std::span<int16_t> block, int64_t) {
    std::array<float, kMaxBlock> mixed{};
    const std::span<float> sum = std::span(mixed).first(block.size());
    renderSessions(sum);
    tone_.mix(sum, factorOf(plan_.earTone.gain));
    volume_.apply(sum, factorOf(plan_.volume));
    limiter_.process(sum);
    toSamples(sum, block);
}

void Mixer::renderSessions(std::span<float> sum) {
    for (size_t i = 0; i < count_; ++i) {
        Member& member = members_[i];
        if (!member.mixed) continue;
        const std::span<int16_t> said = std::span(member.said).first(sum.size());
        std::fill(said.begin(), said.end(), int16_t{0});
        if (member.session->receiving()) member.session->pull(said);
        for (size_t k = 0; k < sum.size(); ++k) sum[k] += static_cast<float>(said[k]) / kFullScale;
    }
    if (mixed_ > 1) bridge(sum.size());
}

void Mixer::bridge(size_t samples) {
    std::array<int, kMaxBlock> all{};
    for (size_t i = 0; i < count_; ++i) {
        if (!members_[i].mixed) continue;
        for (size_t k = 0; k < samples; ++k) all[k] += members_[i].said[k];
    }
    for (size_t i = 0; i < count_; ++i) {
        if (!members_[i].mixed) continue;
        std::array<int16_t, kMaxBlock> others;
        for (size_t k = 0; k < samples; ++k) others[k] = saturate(all[k] - members_[i].said[k]);
        members_[i].session->bridge().push(std::span(others).first(samples));
    }
}

void Mixer::take(std::span<const int16_t> block, int64_t now) {
    for (size_t i = 0; i < count_; ++i) {
        Member& member = members_[i];
        if (!member.mixed || !member.session->sending()) continue;
        std::array<int16_t, kMaxBlock> sent{};
        const std::span<int16_t> samples = std::span(sent).first(block.size());
        if (mixed_ > 1) member.session->bridge().pop(samples);
        for (size_t k = 0; k < block.size(); ++k) samples[k] = saturate(samples[k] + block[k]);
        member.session->feed(samples, now);
    }
}

void RingerSource::adopt(const WantedTone& ring) {
    const bool audible = ring.id != 0 && ring.audible;
    const uint64_t id = audible ? ring.id : 0;
    target_ = factorOf(ring.gain);
    if (id == id_) return;
    id_ = id;
    if (audible) {
        tone_.play(ring.tone);
    } else {
        tone_.stop();
    }
}

void RingerSource::render(std::span<int16_t> block, int64_t) {
    std::array<float, kMaxBlock> mixed{};
    const std::span<float> sum = std::span(mixed).first(block.size());
    tone_.mix(sum, 1);
    gain_.apply(sum, target_);
    limiter_.process(sum);
    toSamples(sum, block);
}

}  // namespace offhook
