#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>

#include "audio_device.h"
#include "audio_plan.h"
#include "audio_thread.h"
#include "event_queue.h"
#include "pcm_port.h"
#include "wake.h"

namespace offhook {

/** Where the engine reads the hook switch by itself. */
struct HookSensor {
    std::string path;
    /** The character that the file starts with when the handset is down. */
    char onHook = '0';
};

/** Opens one PCM when the audio thread wants it, closes it when it is given back, and tells what went wrong. */
class PcmKeeper {
  public:
    struct Context {
        AudioDeviceRequest request;
        PcmPort& port;
        EventQueue& events;
        Wake& audioThread;
        const AudioDeviceOpener& open;
    };

    explicit PcmKeeper(Context context) : context_(std::move(context)) {}

    /** Does what is due; returns when to come again (monotonic ns). */
    int64_t step(int64_t now);
    /** Closes what is open, at the end, when the audio thread has stopped. */
    void close();
    bool open() const { return open_.load(std::memory_order_relaxed); }

  private:
    int64_t openDevice(int64_t now);
    int64_t fail(int64_t now, const std::string& reason);
    void tellOpen(bool open);
    void tellDevice(bool working, const std::string& reason);

    Context context_;
    std::atomic<bool> open_{false};
    unsigned failures_ = 0;
    bool toldBroken_ = false;
    int64_t openedAt_ = 0;
    int64_t retryAt_ = 0;
};

/** Decides from the hook file that the handset is down and JavaScript has not said so. */
class HookWatch {
  public:
    HookWatch(std::optional<HookSensor> sensor, CaptureGuard& guard) : sensor_(std::move(sensor)), guard_(guard) {}

    /** One look; true when it has just denied capture. */
    bool look(int64_t now);

  private:
    bool onHook() const;

    const std::optional<HookSensor> sensor_;
    CaptureGuard& guard_;
    uint64_t generation_ = 0;
    /** Since when the handset has been seen down under this plan, negative: it is up. */
    int64_t downSince_ = -1;
};

/** The device thread: the only one that opens, configures and closes PCMs, and the engine's heartbeat of 100 ms. */
class DeviceThread {
  public:
    struct Options {
        std::string playback;
        std::string capture;
        std::string ringer;
        /** Frames of a block at 48 kHz. */
        size_t block = 480;
        std::optional<HookSensor> hookSensor;
        AudioDeviceOpener open;
    };

    /** What it shares with the other threads. */
    struct Context {
        PcmPorts& ports;
        CaptureGuard& guard;
        EventQueue& events;
        Wake& wake;
        Wake& audioThread;
    };

    DeviceThread(const Options& options, const Context& context);
    ~DeviceThread() { stop(); }
    DeviceThread(const DeviceThread&) = delete;
    DeviceThread& operator=(const DeviceThread&) = delete;

    void start();
    /** Joins and closes every PCM; the audio thread MUST have stopped. Does nothing the second time. */
    void stop();
    bool open(PcmName pcm) const { return keepers_[static_cast<size_t>(pcm)].open(); }

  private:
    void run();

    const AudioDeviceOpener open_;
    Wake& wake_;
    Wake& audioThread_;
    HookWatch hook_;
    std::array<PcmKeeper, 3> keepers_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace offhook
