#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "audio_plan.h"
#include "lane.h"
#include "limiter.h"
#include "session.h"
#include "tones.h"

namespace offhook {

/** Turns a gain into its neighbour over one block, so that a step of volume does not click. */
class SmoothGain {
  public:
    explicit SmoothGain(float gain) : gain_(gain) {}
    /** Real-time. `target` is a factor. */
    void apply(std::span<float> block, float target);

  private:
    float gain_;
};

/**
 * What the ear hears and what the far ends hear: the sessions in the mix, each without itself, and the tone in the ear.
 * Lives on the audio thread; all of it is real-time.
 *
 *   playback's clock:  sessions -> sum + tone -> volume -> limiter -> ear
 *                         |
 *                         +-> each other session's bridge (conference only)
 *   capture's clock:   microphone + bridge -> session
 */
class Mixer final : public BlockSource, public BlockSink {
  public:
    /** False when there are too many. */
    bool add(Session& session);
    void remove(Session& session);
    /** Moves from what sounds to what is wanted. */
    void adopt(const AudioPlan& plan);
    /** Takes in what the other threads handed over; the devices hold `held` frames of what is spoken and heard. */
    void refresh(size_t held);
    /** Whether there is something to play, fades included. */
    bool sounding() const { return plan_.mixed > 0 || tone_.active(); }
    bool mixing() const { return mixed_ > 0; }
    bool hasSessions() const { return count_ > 0; }

    void render(std::span<int16_t> block, int64_t now) override;
    void take(std::span<const int16_t> block, int64_t now) override;

  private:
    struct Member {
        Session* session = nullptr;
        bool mixed = false;
        /** What it said in the block being rendered. */
        std::array<int16_t, kMaxBlock> said{};
    };

    bool wants(int session) const;
    void renderSessions(std::span<float> sum);
    void bridge(size_t samples);
    void settle(Member& member);

    AudioPlan plan_;
    std::array<Member, kMaxSessions> members_;
    size_t count_ = 0;
    size_t mixed_ = 0;
    ToneGenerator tone_;
    SmoothGain volume_{1};
    Limiter limiter_;
};

/** What the ringer plays. Lives on the audio thread; all of it is real-time. */
class RingerSource final : public BlockSource {
  public:
    void adopt(const WantedTone& ring);
    bool sounding() const { return tone_.active(); }
    void render(std::span<int16_t> block, int64_t now) override;

  private:
    uint64_t id_ = 0;
    float target_ = 1;
    ToneGenerator tone_;
    SmoothGain gain_{1};
    Limiter limiter_;
};

}  // namespace offhook
