#include "lane.h"

#include <algorithm>
#include <cerrno>

namespace offhook {

namespace {

/** A device whose position is coarse is looked at again after this. */
constexpr int64_t kShortest = kNsPerMs / 2;
/** A playback device stays open this long after its last sound, so that the fade-out is heard to its end. */
constexpr int64_t kLinger = 100 * kNsPerMs;
/** A device that does not move for so long is dead. */
constexpr int64_t kStalled = kNsPerSecond;
constexpr int64_t kPaceWindow = kNsPerSecond;
constexpr int64_t kPaceSlack = kSampleRate / 10;
constexpr unsigned kMaxXruns = 20;

int64_t nsOf(int64_t frames) {
    return frames * kNsPerSecond / kSampleRate;
}

void countXrun(AudioCounters& counters, int64_t error) {
    if (error == -EPIPE || error == -ESTRPIPE) counters.xruns.fetch_add(1, std::memory_order_relaxed);
}

int64_t later(int64_t now, int64_t frames) {
    return now + std::max(kShortest, nsOf(frames));
}

}  // namespace

bool Pace::allows(size_t block, int64_t now) {
    if (now - since_ > kPaceWindow) restart(now);
    const int64_t elapsed = (now - since_) * kSampleRate / kNsPerSecond;
    return frames_ + static_cast<int64_t>(block) <= elapsed + kPaceSlack;
}

bool XrunGuard::count(int64_t now) {
    if (now - since_ > kNsPerSecond) {
        since_ = now;
        count_ = 0;
    }
    return ++count_ <= kMaxXruns;
}

PlaybackLane::PlaybackLane(PcmPort& port, BlockSource& source, AudioCounters& counters, size_t block, bool counted)
    : port_(port), source_(source), counters_(counters), block_(block), counted_(counted) {}

int64_t PlaybackLane::run(bool wanted, int64_t now) {
    if (wanted) lingerUntil_ = now + kLinger;
    const bool keep = now < lingerUntil_ && (wanted || running_);
    port_.want(keep);
    AudioDevice* device = port_.acquire();
    if (device == nullptr) return kNever;
    if (!keep) return drop(0);
    return serve(*device, now);
}

int64_t PlaybackLane::serve(AudioDevice& device, int64_t now) {
    if (!prepared_) begin(device, now);
    const int64_t available = device.available();
    if (available < 0) return fail(device, available, now);
    const int64_t capacity = static_cast<int64_t>(device.capacity());
    const int64_t block = static_cast<int64_t>(block_);
    const int64_t target = static_cast<int64_t>(target_);
    int64_t fill = std::max<int64_t>(0, capacity - available);
    std::array<int16_t, kMaxBlock> samples;
    const std::span<int16_t> rendered = std::span(samples).first(block_);
    while (fill + block <= target) {
        if (!pace_.allows(block_, now)) return later(now, block);
        source_.render(rendered, now);
        const int64_t written = device.write(rendered);
        if (written < 0) return fail(device, written, now);
        if (counted_) counters_.playbackLevel.measure(rendered);
        if (counted_) counters_.framesPlayed.fetch_add(static_cast<uint64_t>(written), std::memory_order_relaxed);
        pace_.passed(block_);
        fill += block;
        movedAt_ = now;
    }
    if (!running_) {
        const int error = device.start();
        if (error < 0) return drop(error);
        running_ = true;
    }
    if (now - movedAt_ > kStalled) return drop(-EIO);
    return later(now, fill + block - target);
}

void PlaybackLane::begin(AudioDevice& device, int64_t now) {
    // One block to play and one in hand, or as much of the device's own periods.
    target_ = std::min(2 * std::max(block_, device.period()), device.capacity());
    target_ = std::max(target_, block_);
    prepared_ = true;
    movedAt_ = now;
    pace_.restart(now);
}

int64_t PlaybackLane::fail(AudioDevice& device, int64_t error, int64_t now) {
    running_ = false;
    countXrun(counters_, error);
    const int recovered = device.recover(static_cast<int>(error));
    if (recovered < 0) return drop(recovered);
    if (!xruns_.count(now)) return drop(static_cast<int>(error));
    target_ = std::min(target_ + block_, device.capacity() / block_ * block_);
    pace_.restart(now);
    return later(now, 0);
}

int64_t PlaybackLane::drop(int error) {
    prepared_ = false;
    running_ = false;
    lingerUntil_ = error == 0 ? 0 : lingerUntil_;
    if (counted_) counters_.playbackLevel.clear();
    port_.release(error);
    return kNever;
}

void PlaybackLane::stop() {
    port_.want(false);
    if (port_.acquire() != nullptr) drop(0);
}

CaptureLane::CaptureLane(PcmPort& port, BlockSink& sink, AudioCounters& counters, size_t block)
    : port_(port), sink_(sink), counters_(counters), block_(block) {}

int64_t CaptureLane::run(bool wanted, bool muted, int64_t now) {
    port_.want(wanted);
    AudioDevice* device = port_.acquire();
    if (device == nullptr) return kNever;
    if (!wanted) return drop(0);
    return serve(*device, muted, now);
}

int64_t CaptureLane::serve(AudioDevice& device, bool muted, int64_t now) {
    if (!running_) {
        const int error = device.start();
        if (error < 0) return drop(error);
        running_ = true;
        movedAt_ = now;
        pace_.restart(now);
    }
    int64_t available = device.available();
    if (available < 0) return fail(device, available, now);
    const int64_t block = static_cast<int64_t>(block_);
    while (available >= block) {
        if (!pace_.allows(block_, now)) return later(now, block);
        const int64_t got = device.read(std::span(samples_).first(block_));
        if (got < 0) return fail(device, got, now);
        if (got == 0) break;
        const std::span<int16_t> samples = std::span(samples_).first(static_cast<size_t>(got));
        if (muted) std::fill(samples.begin(), samples.end(), int16_t{0});
        counters_.captureLevel.measure(samples);
        counters_.framesCaptured.fetch_add(static_cast<uint64_t>(got), std::memory_order_relaxed);
        available -= block;
        sink_.take(samples, now - nsOf(available));
        pace_.passed(block_);
        movedAt_ = now;
    }
    if (now - movedAt_ > kStalled) return drop(-EIO);
    return later(now, block - available);
}

int64_t CaptureLane::fail(AudioDevice& device, int64_t error, int64_t now) {
    running_ = false;
    countXrun(counters_, error);
    const int recovered = device.recover(static_cast<int>(error));
    if (recovered < 0) return drop(recovered);
    if (!xruns_.count(now)) return drop(static_cast<int>(error));
    return later(now, 0);
}

int64_t CaptureLane::drop(int error) {
    running_ = false;
    counters_.captureLevel.clear();
    port_.release(error);
    return kNever;
}

void CaptureLane::stop() {
    port_.want(false);
    if (port_.acquire() != nullptr) drop(0);
}

}  // namespace offhook
