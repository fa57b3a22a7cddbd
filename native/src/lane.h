#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <span>

#include "level_meter.h"
#include "pcm_port.h"
#include "send_path.h"

namespace offhook {

/** The instant of a lane that waits for nothing. */
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

/** Counters of the audio thread that anybody may read. */
struct AudioCounters {
    std::atomic<uint64_t> xruns{0};
    std::atomic<uint64_t> framesCaptured{0};
    std::atomic<uint64_t> framesPlayed{0};
    std::atomic<bool> realTime{false};
    LevelMeter captureLevel;
    LevelMeter playbackLevel;
};

/** Makes what a playback lane plays. */
class BlockSource {
  public:
    virtual ~BlockSource() = default;
    /** Fills a block. Real-time. */
    virtual void render(std::span<int16_t> block, int64_t now) = 0;
};

/** Takes what a capture lane records. */
class BlockSink {
  public:
    virtual ~BlockSink() = default;
    /** Takes a block whose last sample is of `now`. Real-time. */
    virtual void take(std::span<const int16_t> block, int64_t now) = 0;
};

/**
 * Keeps a lane from running faster than time: a device such as ALSA's `null` takes everything at once. Over each second
 * a lane may be ahead of the clock by a tenth, far more than any crystal.
 */
class Pace {
  public:
    void restart(int64_t now) {
        since_ = now;
        frames_ = 0;
    }
    /** Whether `block` more frames may pass now. */
    bool allows(size_t block, int64_t now);
    void passed(size_t frames) { frames_ += static_cast<int64_t>(frames); }

  private:
    int64_t since_ = 0;
    int64_t frames_ = 0;
};

/** Tells an overrun now and then from a device that does nothing else. */
class XrunGuard {
  public:
    /** Counts one at `now`; false when they come so often that the device is to be opened anew. */
    bool count(int64_t now);

  private:
    int64_t since_ = 0;
    unsigned count_ = 0;
};

/** One playback PCM on the audio thread: open while wanted, kept filled by `source`. All of it is real-time. */
class PlaybackLane {
  public:
    PlaybackLane(PcmPort& port, BlockSource& source, AudioCounters& counters, size_t block, bool counted);

    /** Does what is due; returns when to come again (monotonic ns). */
    int64_t run(bool wanted, int64_t now);
    /** Whether the device plays, so that it is the clock. */
    bool playing() const { return running_; }
    /** Frames from what is rendered to what is heard. */
    size_t held() const { return running_ ? target_ : 0; }
    /** Gives the device back, at the end. */
    void stop();

  private:
    int64_t serve(AudioDevice& device, int64_t now);
    int64_t fail(AudioDevice& device, int64_t error, int64_t now);
    void begin(AudioDevice& device, int64_t now);
    int64_t drop(int error);

    PcmPort& port_;
    BlockSource& source_;
    AudioCounters& counters_;
    const size_t block_;
    /** Whether frames and level go to the counters: the ear's do, the ringer's do not. */
    const bool counted_;
    /** Frames that the buffer is filled up to; grows with underruns. */
    size_t target_ = 0;
    bool prepared_ = false;
    bool running_ = false;
    int64_t lingerUntil_ = 0;
    int64_t movedAt_ = 0;
    Pace pace_;
    XrunGuard xruns_;
};

/** The capture PCM on the audio thread. All of it is real-time. */
class CaptureLane {
  public:
    CaptureLane(PcmPort& port, BlockSink& sink, AudioCounters& counters, size_t block);

    /** Does what is due; returns when to come again. Not wanted any more: the device is given back at once. */
    int64_t run(bool wanted, bool muted, int64_t now);
    bool recording() const { return running_; }
    /** Frames from what is spoken to what is taken. */
    size_t held() const { return running_ ? block_ : 0; }
    void stop();

  private:
    int64_t serve(AudioDevice& device, bool muted, int64_t now);
    int64_t fail(AudioDevice& device, int64_t error, int64_t now);
    int64_t drop(int error);

    PcmPort& port_;
    BlockSink& sink_;
    AudioCounters& counters_;
    const size_t block_;
    bool running_ = false;
    int64_t movedAt_ = 0;
    Pace pace_;
    XrunGuard xruns_;
    std::array<int16_t, kMaxBlock> samples_{};
};

/** Stands in for a device that is not there, so that RTP keeps its timing: calls back once a block of wall time. */
class TimerLane {
  public:
    explicit TimerLane(size_t block) : blockNs_(static_cast<int64_t>(block) * kNsPerSecond / kSampleRate) {}

    /** Calls `tick(instant)` for each block that is due while `active`; returns when to come again. */
    template <typename Tick>
    int64_t run(bool active, int64_t now, Tick tick) {
        if (!active) {
            due_ = kNever;
            return kNever;
        }
        // The first block is due when it is over; after a stop of the whole machine it starts anew.
        if (due_ == kNever || now - due_ > kNsPerSecond) due_ = now + blockNs_;
        for (; due_ <= now; due_ += blockNs_) tick(due_);
        return due_;
    }

  private:
    const int64_t blockNs_;
    int64_t due_ = kNever;
};

}  // namespace offhook
