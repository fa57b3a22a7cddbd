#include "device_thread.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "alsa_device.h"
#include "real_time.h"

namespace offhook {

namespace {

constexpr int64_t kHeartbeat = 100 * kNsPerMs;
constexpr int64_t kOnHookFor = 300 * kNsPerMs;
/** Three quick attempts, then it is told and tried each second. */
constexpr unsigned kQuickAttempts = 3;
constexpr int64_t kQuickRetry = 50 * kNsPerMs;
constexpr int64_t kSlowRetry = kNsPerSecond;
/** A device that has run for so long works. */
constexpr int64_t kProven = 300 * kNsPerMs;

}  // namespace

int64_t PcmKeeper::step(int64_t now) {
    switch (context_.port.state()) {
        case PcmPort::State::Released: {
            const int error = context_.port.close();
            tellOpen(false);
            if (error < 0) return fail(now, alsaReason(context_.request.name, error));
            failures_ = 0;
            return step(now);
        }
        case PcmPort::State::Closed: {
            if (!context_.port.wanted()) {
                // Whoever wants it next has waited for nothing yet.
                failures_ = 0;
                retryAt_ = 0;
                return kNever;
            }
            return now >= retryAt_ ? openDevice(now) : retryAt_;
        }
        case PcmPort::State::Ready:
            return kNever;
        case PcmPort::State::InUse: {
            if (now - openedAt_ < kProven) return openedAt_ + kProven;
            failures_ = 0;
            if (toldBroken_) tellDevice(true, "");
            return kNever;
        }
    }
    return kNever;
}

int64_t PcmKeeper::openDevice(int64_t now) {
    OpenedDevice opened = context_.open(context_.request);
    if (!opened.device) return fail(now, opened.reason);
    openedAt_ = now;
    tellOpen(true);
    context_.port.opened(std::move(opened.device));
    context_.audioThread.signal();
    return now + kProven;
}

int64_t PcmKeeper::fail(int64_t now, const std::string& reason) {
    ++failures_;
    if (failures_ >= kQuickAttempts && !toldBroken_) tellDevice(false, reason);
    retryAt_ = now + (failures_ < kQuickAttempts ? kQuickRetry : kSlowRetry);
    return retryAt_;
}

void PcmKeeper::close() {
    if (context_.port.state() == PcmPort::State::Closed) return;
    context_.port.close();
    tellOpen(false);
}

void PcmKeeper::tellOpen(bool open) {
    if (open_.exchange(open, std::memory_order_relaxed) == open) return;
    if (context_.request.pcm != PcmName::Capture) return;
    context_.events.post({.type = Event::Type::Capture, .on = open, .reason = {}});
}

void PcmKeeper::tellDevice(bool working, const std::string& reason) {
    toldBroken_ = !working;
    context_.events.post({.type = Event::Type::Device, .pcm = context_.request.pcm, .on = working, .reason = reason});
}

bool HookWatch::look(int64_t now) {
    const uint64_t watched = guard_.watched.load(std::memory_order_acquire);
    const bool armed = (watched & 1) != 0;
    if (!sensor_ || !armed || !onHook()) {
        downSince_ = -1;
        return false;
    }
    if (downSince_ < 0 || generation_ != watched >> 1) {
        generation_ = watched >> 1;
        downSince_ = now;
    }
    if (now - downSince_ < kOnHookFor) return false;
    return guard_.denied.exchange(generation_, std::memory_order_acq_rel) != generation_;
}

/** A file that cannot be read does not say that the handset is down: a broken sensor must not end a call. */
bool HookWatch::onHook() const {
    const int fd = open(sensor_->path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    char position = 0;
    const ssize_t got = read(fd, &position, 1);
    close(fd);
    return got == 1 && position == sensor_->onHook;
}

DeviceThread::DeviceThread(const Options& options, const Context& context)
    : open_(options.open),
      wake_(context.wake),
      audioThread_(context.audioThread),
      hook_(options.hookSensor, context.guard),
      keepers_{PcmKeeper({{PcmName::Playback, options.playback, options.block},
                          context.ports.playback,
                          context.events,
                          context.audioThread,
                          open_}),
               PcmKeeper({{PcmName::Capture, options.capture, options.block},
                          context.ports.capture,
                          context.events,
                          context.audioThread,
                          open_}),
               PcmKeeper({{PcmName::Ringer, options.ringer, options.block},
                          context.ports.ringer,
                          context.events,
                          context.audioThread,
                          open_})} {}

void DeviceThread::start() {
    thread_ = std::thread([this] { run(); });
}

void DeviceThread::stop() {
    stopping_.store(true, std::memory_order_release);
    wake_.signal();
    if (!thread_.joinable()) return;
    thread_.join();
    for (PcmKeeper& keeper : keepers_) keeper.close();
}

void DeviceThread::run() {
    enterThread("offhook-device", 0);
    int64_t beat = monotonicNs();
    while (!stopping_.load(std::memory_order_acquire)) {
        const int64_t now = monotonicNs();
        if (now >= beat) {
            if (hook_.look(now)) audioThread_.signal();
            beat = now + kHeartbeat;
        }
        int64_t next = beat;
        for (PcmKeeper& keeper : keepers_) next = std::min(next, keeper.step(monotonicNs()));
        wake_.wait(next);
    }
}

}  // namespace offhook
