#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "ice.h"
#include "media.h"

namespace offhook {

/** Something to tell JavaScript; which fields count depends on the type. */
struct Event {
    enum class Type : uint8_t {
        Capture,
        FirstPacket,
        Digit,
        Bye,
        Silent,
        Device,
        IceCandidate,
        IceGathered,
        IceState,
        DtlsKeys,
        DtlsFailed,
    };

    Type type = Type::Capture;
    int session = 0;
    char digit = 0;
    /** Duration of a digit or of a silence. */
    uint32_t ms = 0;
    PcmName pcm = PcmName::Playback;
    /** Capture: open; Device: working; DtlsFailed: by a fingerprint that does not match. */
    bool on = false;
    std::string reason;
    IceCandidate candidate = {};
    IceState ice = IceState::Failed;
    SrtpSuite suite = SrtpSuite::AeadAes128Gcm;
};

/**
 * The bounded ring of events to JavaScript. It locks: the network, the device and the ice thread post here, the
 * audio thread never does.
 */
class EventQueue {
  public:
    /** `wake` is called after each post, from the posting thread, and MUST NOT block. */
    explicit EventQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

    /** Where JavaScript has not read for so long that the ring is full, the oldest is dropped. */
    void post(Event event) {
        {
            const std::lock_guard lock(mutex_);
            if (events_.size() == kCapacity) events_.pop_front();
            events_.push_back(std::move(event));
        }
        wake_();
    }

    std::optional<Event> next() {
        const std::lock_guard lock(mutex_);
        if (events_.empty()) return std::nullopt;
        Event event = std::move(events_.front());
        events_.pop_front();
        return event;
    }

  private:
    static constexpr size_t kCapacity = 1024;

    std::function<void()> wake_;
    std::mutex mutex_;
    std::deque<Event> events_;
};

}  // namespace offhook
