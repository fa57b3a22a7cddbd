#pragma once

#include <string>

#include "audio_device.h"

namespace offhook {

/** Opens and prepares a PCM of alsa-lib, at 48 kHz and mono where the device can, else converted here. */
OpenedDevice openAlsaDevice(const AudioDeviceRequest& request);

/** What an errno of alsa-lib says about a PCM. */
std::string alsaReason(const std::string& name, int error);

}  // namespace offhook
