#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "tones.h"

namespace offhook {

/** Most sessions at a time. */
constexpr size_t kMaxSessions = 16;

enum class Route : uint8_t { Handset, Speaker, Headset };
enum class MicrophoneGate : uint8_t { Closed, Muted, Open };

/** A tone that is wanted. The same `id` as before means that it goes on; another one that it starts. */
struct WantedTone {
    /** 0: none. */
    uint64_t id = 0;
    Tone tone;
    /** In dB. */
    double gain = 0;
    bool audible = true;
};

/** The whole of what should sound, as the audio thread takes it: a plain value. */
struct AudioPlan {
    Route route = Route::Handset;
    std::array<int, kMaxSessions> mix{};
    size_t mixed = 0;
    MicrophoneGate microphone = MicrophoneGate::Closed;
    /** Receive gain in dB. */
    double volume = 0;
    WantedTone earTone;
    WantedTone ring;
    /** Counts the calls of setAudio. */
    uint64_t generation = 0;
};

/**
 * The engine's own lock on the microphone, for when the handset is down and JavaScript does not say so. The device
 * thread denies one plan; the next one from JavaScript is allowed again.
 */
struct CaptureGuard {
    /** The newest plan, and whether it has the microphone of the handset open: generation * 2 + armed. */
    std::atomic<uint64_t> watched{0};
    /** The generation whose capture is denied. */
    std::atomic<uint64_t> denied{0};
};

}  // namespace offhook
