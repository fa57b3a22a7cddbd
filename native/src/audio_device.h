#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "media.h"

namespace offhook {

/**
 * A prepared PCM, mono, 16 bits, at 48 kHz. Counts are frames; a negative result is a negative errno, as in alsa-lib.
 * Everything but the constructor and destructor is real-time.
 */
class AudioDevice {
  public:
    virtual ~AudioDevice() = default;
    /** Frames that its buffer holds. */
    virtual size_t capacity() const = 0;
    /** Frames between two wake-ups of the device. */
    virtual size_t period() const = 0;
    /** Frames that can be read or written at once; -EPIPE after an overrun or underrun. */
    virtual int64_t available() = 0;
    /** Writes what fits. */
    virtual int64_t write(std::span<const int16_t> samples) = 0;
    /** Reads what is there. */
    virtual int64_t read(std::span<int16_t> samples) = 0;
    virtual int start() = 0;
    /** Prepares again after `error`; its own negative errno when the device is lost. */
    virtual int recover(int error) = 0;
};

/** What to open. */
struct AudioDeviceRequest {
    PcmName pcm = PcmName::Playback;
    std::string name;
    /** Frames of 48 kHz. */
    size_t period = 480;
};

/** A device, or the reason in words why there is none. */
struct OpenedDevice {
    std::unique_ptr<AudioDevice> device;
    std::string reason;
};

/** Opens devices; called on the device thread and allowed to block. */
using AudioDeviceOpener = std::function<OpenedDevice(const AudioDeviceRequest&)>;

}  // namespace offhook
