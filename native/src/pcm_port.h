#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "audio_device.h"
#include "wake.h"

namespace offhook {

/**
 * Where a PCM is handed between the device thread, which opens and closes, and the audio thread, which reads and
 * writes. The state says whose it is, and only its owner moves it on:
 *
 *   closed --opened--> ready --acquire()--> inUse --release()--> released --closed--> closed
 *   (device thread)   (audio)              (audio)              (device thread)
 */
class PcmPort {
  public:
    enum class State : uint8_t { Closed, Ready, InUse, Released };

    explicit PcmPort(Wake& deviceThread) : deviceThread_(deviceThread) {}

    State state() const { return state_.load(std::memory_order_acquire); }
    bool wanted() const { return wanted_.load(std::memory_order_acquire); }

    // The audio thread; real-time.

    /** Whether the device should be open. */
    void want(bool wanted) {
        if (wanted_.exchange(wanted, std::memory_order_acq_rel) != wanted) deviceThread_.signal();
    }

    /** The device when there is one, else null. */
    AudioDevice* acquire() {
        if (state() == State::Ready) state_.store(State::InUse, std::memory_order_release);
        return state() == State::InUse ? device_.get() : nullptr;
    }

    /** Gives the device back, with the negative errno for which, or 0. */
    void release(int error) {
        error_ = error;
        state_.store(State::Released, std::memory_order_release);
        deviceThread_.signal();
    }

    // The device thread.

    void opened(std::unique_ptr<AudioDevice> device) {
        device_ = std::move(device);
        state_.store(State::Ready, std::memory_order_release);
    }

    /** Closes the device; returns the error it was given back with. */
    int close() {
        device_.reset();
        state_.store(State::Closed, std::memory_order_release);
        return std::exchange(error_, 0);
    }

  private:
    Wake& deviceThread_;
    std::atomic<State> state_{State::Closed};
    std::atomic<bool> wanted_{false};
    std::unique_ptr<AudioDevice> device_;
    int error_ = 0;
};

}  // namespace offhook
