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
/** What both kinds of session negotiate: codecs, telephone-event, packet time and direction. */
RemoteMedia readFormats(const Napi::Object& remote);
/** Nothing for `none`. */
std::optional<SrtpKeys> readSecurity(const Napi::Object& security);
DigitCommand readDigit(const Napi::Value& digit, const Napi::Value& ms);

// The same of ICE (ice_values.cc).

IceOptions readIceOptions(const Napi::Object& options);
/** The addresses of a restart; none given: those of all interfaces. */
std::vector<std::string> readAddresses(const Napi::Object& options);
std::vector<IceCandidate> readCandidates(const Napi::Object& list);
/** With `security` of DTLS in the second; of any other kind in the first. */
std::pair<RemoteMedia, IceRemote> readIceMedia(const Napi::Object& remote);

// From ours to JavaScript's (event_values.cc).

const char* nameOf(CodecName codec);
Napi::Object toObject(Napi::Env env, const Event& event);
Napi::Object toObject(Napi::Env env, const Fingerprint& fingerprint);

// The same of what is counted (stats_values.cc).

Napi::Object toObject(Napi::Env env, const SessionStats& stats);
Napi::Object toObject(Napi::Env env, const EngineStats& stats);

/** createEngine(options): the engine with its methods (engine_wrap.cc). */
Napi::Value createEngine(const Napi::CallbackInfo& info);

}  // namespace offhook
