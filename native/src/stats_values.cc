#include <napi.h>

#include "engine_wrap.h"

namespace offhook {

namespace {

Napi::Value orNull(Napi::Env env, const std::optional<double>& value) {
    return value ? Napi::Number::New(env, *value).As<Napi::Value>() : env.Null();
}

Napi::Value orNull(Napi::Env env, double value) {
    return Napi::Number::New(env, value);
}

/** Ours and the far end's: what it may not know is optional there. */
template <typename Quality>
Napi::Value orNull(Napi::Env env, const std::optional<Quality>& quality) {
    if (!quality) return env.Null();
    Napi::Object object = Napi::Object::New(env);
    object.Set("lossRate", quality->lossRate);
    object.Set("discardRate", quality->discardRate);
    object.Set("burstDensity", quality->burstDensity);
    object.Set("gapDensity", quality->gapDensity);
    object.Set("burstDuration", quality->burstDuration);
    object.Set("gapDuration", quality->gapDuration);
    object.Set("roundTrip", orNull(env, quality->roundTrip));
    object.Set("endSystemDelay", orNull(env, quality->endSystemDelay));
    object.Set("rFactor", orNull(env, quality->rFactor));
    object.Set("mosListening", orNull(env, quality->mosListening));
    object.Set("mosConversational", orNull(env, quality->mosConversational));
    return object;
}

}  // namespace

Napi::Object toObject(Napi::Env env, const SessionStats& stats) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("codec", stats.codec ? Napi::String::New(env, nameOf(*stats.codec)).As<Napi::Value>() : env.Null());
    object.Set("packetsSent", static_cast<double>(stats.packetsSent));
    object.Set("octetsSent", static_cast<double>(stats.octetsSent));
    object.Set("packetsReceived", static_cast<double>(stats.packetsReceived));
    object.Set("octetsReceived", static_cast<double>(stats.octetsReceived));
    object.Set("packetsLost", static_cast<double>(stats.packetsLost));
    object.Set("packetsLate", static_cast<double>(stats.packetsLate));
    object.Set("packetsMalformed", static_cast<double>(stats.packetsMalformed));
    object.Set("packetsUnauthentic", static_cast<double>(stats.packetsUnauthentic));
    object.Set("packetsReplayed", static_cast<double>(stats.packetsReplayed));
    object.Set("jitter", stats.jitter);
    object.Set("bufferDelay", stats.bufferDelay);
    object.Set("roundTrip", orNull(env, stats.roundTrip));
    object.Set("remoteLoss", orNull(env, stats.remoteLoss));
    object.Set("remoteSsrc", orNull(env, std::optional<double>(stats.remoteSsrc)));
    object.Set("quality", orNull(env, stats.quality));
    object.Set("remoteQuality", orNull(env, stats.remoteQuality));
    return object;
}

Napi::Object toObject(Napi::Env env, const EngineStats& stats) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("captureOpen", stats.captureOpen);
    object.Set("playbackOpen", stats.playbackOpen);
    object.Set("ringerOpen", stats.ringerOpen);
    object.Set("xruns", static_cast<double>(stats.xruns));
    object.Set("realTime", stats.realTime);
    object.Set("captureLevel", stats.captureLevel);
    object.Set("playbackLevel", stats.playbackLevel);
    object.Set("framesCaptured", static_cast<double>(stats.framesCaptured));
    object.Set("framesPlayed", static_cast<double>(stats.framesPlayed));
    return object;
}

}  // namespace offhook
