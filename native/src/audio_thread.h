#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "audio_plan.h"
#include "lane.h"
#include "mixer.h"
#include "pcm_port.h"
#include "spsc_ring.h"
#include "triple_buffer.h"
#include "wake.h"

namespace offhook {

/** The three ports between device and audio thread. */
struct PcmPorts {
    explicit PcmPorts(Wake& deviceThread) : playback(deviceThread), capture(deviceThread), ringer(deviceThread) {}

    PcmPort playback;
    PcmPort capture;
    PcmPort ringer;

    PcmPort& of(PcmName name) {
        switch (name) {
            case PcmName::Playback:
                return playback;
            case PcmName::Capture:
                return capture;
            case PcmName::Ringer:
                return ringer;
        }
        return playback;
    }
};

/**
 * The audio thread. Each PCM runs by its own clock: playback asks for what the ear hears, capture gives what is sent, a
 * timer stands in where a device is missing. Between two blocks the thread sleeps until the next is due, or until
 * woken. Its loop neither allocates, locks, logs, throws nor waits for anything but time.
 */
class AudioThread {
  public:
    struct Options {
        /** Frames of a block at 48 kHz. */
        size_t block = 480;
        /** SCHED_FIFO priority, 0: do not ask. */
        int priority = 0;
    };

    AudioThread(const Options& options, PcmPorts& ports, const CaptureGuard& guard, Wake& wake);
    ~AudioThread() { stop(); }
    AudioThread(const AudioThread&) = delete;
    AudioThread& operator=(const AudioThread&) = delete;

    // JavaScript's thread.

    void start();
    /** Joins; the PCMs are given back. Does nothing the second time. */
    void stop();
    /** The newest plan wins. */
    void setPlan(const AudioPlan& plan);
    /** False when too many commands wait. The session MUST live until it is released. */
    bool add(Session& session) { return command({&session, true}); }
    bool remove(Session& session) { return command({&session, false}); }
    void wake() { wake_.signal(); }

    const AudioCounters& counters() const { return counters_; }

  private:
    struct Command {
        Session* session = nullptr;
        bool add = false;
    };

    bool command(const Command& command);
    void run();
    void takeCommands();
    void takePlan();
    int64_t step(int64_t now);

    const Options options_;
    const CaptureGuard& guard_;
    Wake& wake_;
    AudioCounters counters_;
    TripleBuffer<AudioPlan> plans_;
    SpscRing<Command> commands_{4 * kMaxSessions};
    AudioPlan plan_;
    Mixer mixer_;
    RingerSource ringer_;
    PlaybackLane playbackLane_;
    PlaybackLane ringerLane_;
    CaptureLane captureLane_;
    TimerLane playbackTimer_;
    TimerLane captureTimer_;
    TimerLane drainTimer_{kMaxBlock};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace offhook
