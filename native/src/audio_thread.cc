#include "audio_thread.h"

#include <sys/prctl.h>

#include <algorithm>

#include "real_time.h"

namespace offhook {

namespace {

/** The default of 50 us is an eighth of a percent of a block; one nanosecond is as exact as it gets. */
constexpr unsigned long kTimerSlackNs = 1;

}  // namespace

AudioThread::AudioThread(const Options& options, PcmPorts& ports, const CaptureGuard& guard, Wake& wake)
    : options_(options),
      guard_(guard),
      wake_(wake),
      playbackLane_(ports.playback, mixer_, counters_, options.block, true),
      ringerLane_(ports.ringer, ringer_, counters_, options.block, false),
      captureLane_(ports.capture, mixer_, counters_, options.block),
      playbackTimer_(options.block),
      captureTimer_(options.block) {}

void AudioThread::start() {
    thread_ = std::thread([this] { run(); });
}

void AudioThread::stop() {
    stopping_.store(true, std::memory_order_release);
    wake_.signal();
    if (thread_.joinable()) thread_.join();
}

void AudioThread::setPlan(const AudioPlan& plan) {
    plans_.back() = plan;
    plans_.publish();
    wake_.signal();
}

bool AudioThread::command(const Command& command) {
    const bool queued = commands_.push(command);
    wake_.signal();
    return queued;
}

void AudioThread::run() {
    counters_.realTime.store(enterThread("offhook-audio", options_.priority), std::memory_order_relaxed);
    prctl(PR_SET_TIMERSLACK, kTimerSlackNs);
    while (!stopping_.load(std::memory_order_acquire)) {
        const int64_t next = step(monotonicNs());
        wake_.wait(next == kNever ? -1 : next);
    }
    takeCommands();
    playbackLane_.stop();
    ringerLane_.stop();
    captureLane_.stop();
}

/** Real-time. Does what is due; returns when to come again. */
int64_t AudioThread::step(int64_t now) {
    takeCommands();
    takePlan();
    mixer_.refresh(playbackLane_.held() + captureLane_.held());
    const bool allowed = guard_.denied.load(std::memory_order_acquire) != plan_.generation;
    const bool open = plan_.microphone != MicrophoneGate::Closed && allowed;
    const bool muted = plan_.microphone != MicrophoneGate::Open;
    int64_t next = captureLane_.run(open, muted, now);
    next = std::min(next, playbackLane_.run(mixer_.sounding(), now));
    next = std::min(next, ringerLane_.run(ringer_.sounding(), now));
    std::array<int16_t, kMaxBlock> silence{};
    const std::span<int16_t> block = std::span(silence).first(options_.block);
    next = std::min(next, captureTimer_.run(mixer_.mixing() && !captureLane_.recording(), now,
                                            [&](int64_t due) { mixer_.take(block, due); }));
    std::array<int16_t, kMaxBlock> unheard;
    next = std::min(next, playbackTimer_.run(mixer_.sounding() && !playbackLane_.playing(), now, [&](int64_t due) {
        mixer_.render(std::span(unheard).first(options_.block), due);
    }));
    // What comes for a session that is not heard is taken off its ring.
    return std::min(next, drainTimer_.run(mixer_.hasSessions(), now, [](int64_t) {}));
}

void AudioThread::takeCommands() {
    for (Command* command = commands_.front(); command != nullptr; command = commands_.front()) {
        if (command->add) {
            // There is room: JavaScript's thread counts the sessions.
            [[maybe_unused]] const bool added = mixer_.add(*command->session);
        } else {
            mixer_.remove(*command->session);
            command->session->releaseAudio();
        }
        commands_.pop();
    }
}

void AudioThread::takePlan() {
    if (!plans_.fresh()) return;
    plans_.update();
    plan_ = plans_.front();
    mixer_.adopt(plan_);
    ringer_.adopt(plan_.ring);
}

}  // namespace offhook
