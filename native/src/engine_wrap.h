#pragma once

#include "engine.h"

namespace Napi {
class CallbackInfo;
class Env;
class Object;
class Value;
}  // namespace Napi

namespace offhook {

// From JavaScript's values to ours (addon.cc). They throw Napi::TypeError for a value of the wrong kind and
// Napi::RangeError for one that cannot be meant, both naming the property.

EngineOptions readEngineOptions(const Napi::Object& options);
Transport readTransport(const Napi::Object& transport);
AudioPlan readAudioPlan(const Napi::Object& wanted);
RemoteMedia readRemoteMedia(const Napi::Object& remote);
DigitCommand readDigit(const Napi::Value& digit, const Napi::Value& ms);

/** createEngine(options): the engine with its methods (engine_wrap.cc). */
Napi::Value createEngine(const Napi::CallbackInfo& info);

}  // namespace offhook
