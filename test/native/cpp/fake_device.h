#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <memory>
#include <mutex>
#include <numbers>
#include <vector>

#include "audio_device.h"
#include "clock.h"

/** What a test does to a fake card, and what it learns of it. Any thread. */
struct FakeCard {
    /** Negative errno that every call gives; 0: works. */
    std::atomic<int> error{0};
    /** Negative errno that the next call gives, once. */
    std::atomic<int> errorOnce{0};
    std::atomic<bool> refuseOpen{false};
    std::atomic<int> opened{0};
    std::atomic<int> closed{0};
    /** Frequency at the microphone, in Hz; -6 dBFS. */
    double microphone = 1000;

    std::vector<int16_t> played() {
        const std::lock_guard lock(mutex_);
        return played_;
    }
    void play(std::span<const int16_t> samples) {
        const std::lock_guard lock(mutex_);
        played_.insert(played_.end(), samples.begin(), samples.end());
    }

  private:
    std::mutex mutex_;
    std::vector<int16_t> played_;
};

/** A PCM whose position is a function of the monotonic clock. */
class FakeDevice final : public offhook::AudioDevice {
  public:
    FakeDevice(std::shared_ptr<FakeCard> card, const offhook::AudioDeviceRequest& request)
        : card_(std::move(card)), capture_(request.pcm == offhook::PcmName::Capture), period_(request.period) {
        ++card_->opened;
    }
    ~FakeDevice() override { ++card_->closed; }

    size_t capacity() const override { return 4 * period_; }
    size_t period() const override { return period_; }

    int64_t available() override {
        if (const int error = failure()) return error;
        const int64_t gone = position();
        const int64_t filled = capture_ ? gone - moved_ : moved_ - gone;
        if (started_ < 0) return capture_ ? 0 : static_cast<int64_t>(capacity()) - moved_;
        if (capture_ && filled > static_cast<int64_t>(capacity())) return -EPIPE;
        if (!capture_ && filled < 0) return -EPIPE;
        return capture_ ? filled : static_cast<int64_t>(capacity()) - filled;
    }

    int64_t write(std::span<const int16_t> samples) override {
        if (const int error = failure()) return error;
        card_->play(samples);
        moved_ += static_cast<int64_t>(samples.size());
        return static_cast<int64_t>(samples.size());
    }

    int64_t read(std::span<int16_t> samples) override {
        if (const int error = failure()) return error;
        for (int16_t& sample : samples) {
            const double phase = 2 * std::numbers::pi * card_->microphone * static_cast<double>(moved_++) / 48000;
            sample = static_cast<int16_t>(std::lrint(16384 * std::sin(phase)));
        }
        return static_cast<int64_t>(samples.size());
    }

    int start() override {
        started_ = offhook::monotonicNs();
        return failure();
    }

    int recover(int error) override {
        if (error != -EPIPE) return error;
        started_ = -1;
        moved_ = 0;
        return 0;
    }

  private:
    int failure() {
        const int once = card_->errorOnce.exchange(0);
        return once != 0 ? once : card_->error.load();
    }
    int64_t position() const { return started_ < 0 ? 0 : (offhook::monotonicNs() - started_) * 48 / 1'000'000; }

    const std::shared_ptr<FakeCard> card_;
    const bool capture_;
    const size_t period_;
    int64_t started_ = -1;
    int64_t moved_ = 0;
};
