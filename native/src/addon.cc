#include <napi.h>

#include <algorithm>
#include <string>

#include "engine_wrap.h"
#include "js_values.h"

namespace offhook {

namespace {

constexpr std::pair<const char*, CodecName> kCodecNames[] = {
    {"PCMA", CodecName::Pcma}, {"PCMU", CodecName::Pcmu}, {"G722", CodecName::G722}, {"opus", CodecName::Opus}};
constexpr std::pair<const char*, Direction> kDirections[] = {{"sendrecv", Direction::SendRecv},
                                                             {"sendonly", Direction::SendOnly},
                                                             {"recvonly", Direction::RecvOnly},
                                                             {"inactive", Direction::Inactive}};
constexpr std::pair<const char*, Route> kRoutes[] = {
    {"handset", Route::Handset}, {"speaker", Route::Speaker}, {"headset", Route::Headset}};
constexpr std::pair<const char*, MicrophoneGate> kGates[] = {
    {"closed", MicrophoneGate::Closed}, {"muted", MicrophoneGate::Muted}, {"open", MicrophoneGate::Open}};

constexpr Bounds kGains{-120, 30};
constexpr Bounds kPayloadTypes{0, 127};
constexpr Bounds kDay{0, 86'400'000};

uint32_t clockRateOf(CodecName codec) {
    return codec == CodecName::Opus ? 48000 : 8000;
}

ToneStep readToneStep(const Napi::Object& step) {
    const Napi::Array frequencies = readArray(step, "frequencies", {0, kMaxToneFrequencies});
    ToneStep read;
    read.count = frequencies.Length();
    for (uint32_t i = 0; i < read.count; ++i) {
        read.frequencies[i] = asNumber(frequencies.Get(i), "frequencies", {1, kSampleRate / 2.0});
    }
    read.modulated = readBoolean(step, "modulated");
    if (read.modulated && read.count != 2) rangeError(step.Env(), "modulated", "with two frequencies");
    read.ms = static_cast<uint32_t>(readInteger(step, "ms", kDay));
    read.gain = readNumber(step, "gain", kGains);
    return read;
}

Tone readTone(const Napi::Object& tone) {
    const Napi::Array steps = readArray(tone, "steps", {1, kMaxToneSteps});
    Tone read;
    read.count = steps.Length();
    for (uint32_t i = 0; i < read.count; ++i) read.steps[i] = readToneStep(elementOf(steps, i, "steps"));
    const Napi::Value repeatFrom = tone.Get("repeatFrom");
    if (!repeatFrom.IsNull()) {
        read.repeatFrom = static_cast<int>(asInteger(repeatFrom, "repeatFrom", {0, read.count - 1.0}));
    }
    read.level = readNumber(tone, "level", kGains);
    return read;
}

Codec readCodec(const Napi::Object& codec) {
    const Codec read{.name = readName(codec, "name", kCodecNames),
                     .payloadType = static_cast<uint8_t>(readInteger(codec, "payloadType", kPayloadTypes)),
                     .clockRate = static_cast<uint32_t>(readInteger(codec, "clockRate", {8000, 48000}))};
    if (read.clockRate != clockRateOf(read.name)) {
        rangeError(codec.Env(), "clockRate", std::to_string(clockRateOf(read.name)));
    }
    return read;
}

TelephoneEventFormat readTelephoneEvent(const Napi::Object& format, uint32_t clockRate) {
    const TelephoneEventFormat read{
        .payloadType = static_cast<uint8_t>(readInteger(format, "payloadType", kPayloadTypes)),
        .clockRate = static_cast<uint32_t>(readInteger(format, "clockRate", {8000, 48000}))};
    // Two clocks in one stream would need two timestamps (RFC 4733 §2.1).
    if (read.clockRate != clockRate) {
        rangeError(format.Env(), "clockRate", "that of the first codec, " + std::to_string(clockRate));
    }
    return read;
}

/** As the file holds it: one character. */
HookSensor readHookSensor(const Napi::Object& sensor) {
    const std::string onHook = readString(sensor, "onHook");
    if (onHook != "0" && onHook != "1") rangeError(sensor.Env(), "onHook", "\"0\" or \"1\"");
    return {.path = readString(sensor, "path"), .onHook = onHook[0]};
}

/** What is wrong with a key is said by its length alone. */
SrtpKey readKey(const Napi::Object& security, const char* name, SrtpSuite suite) {
    const std::span<const uint8_t> key = readOctets(security, name);
    if (key.size() != keySizeOf(suite)) {
        rangeError(security.Env(), name, "of " + std::to_string(keySizeOf(suite)) + " octets for this suite");
    }
    return SrtpKey(key);
}

}  // namespace

std::optional<SrtpKeys> readSecurity(const Napi::Object& security) {
    enum class Type : uint8_t { None, Srtp };
    constexpr std::pair<const char*, Type> kTypes[] = {{"none", Type::None}, {"srtp", Type::Srtp}};
    if (readName(security, "type", kTypes) == Type::None) return std::nullopt;
    const SrtpSuite suite = readName(security, "suite", kSuites);
    return SrtpKeys{
        .suite = suite, .send = readKey(security, "send", suite), .receive = readKey(security, "receive", suite)};
}

Transport readTransport(const Napi::Object& transport) {
    Transport read;
    const Napi::Array ports = readArray(transport, "ports", {2, 2});
    read.firstPort = static_cast<uint16_t>(asInteger(ports.Get(0U), "ports", kPorts));
    read.lastPort = static_cast<uint16_t>(asInteger(ports.Get(1U), "ports", kPorts));
    if (read.lastPort < ((read.firstPort + 1) & ~1) + 1) {
        rangeError(transport.Env(), "ports", "a range with an even port and the odd one after it");
    }
    read.dscp = static_cast<uint8_t>(readInteger(transport, "dscp", {0, 63}));
    return read;
}

EngineOptions readEngineOptions(const Napi::Object& options) {
    EngineOptions read;
    read.playback = readString(options, "playback");
    read.capture = readString(options, "capture");
    read.ringer = readString(options, "ringer");
    read.address = readAddress(options);
    read.transport = readTransport(options);
    read.periodMs = static_cast<unsigned>(readInteger(options, "periodMs", {5, 20}));
    read.priority = static_cast<int>(readInteger(options, "priority", {0, 99}));
    if (present(options, "hookSensor")) read.hookSensor = readHookSensor(readObject(options, "hookSensor"));
    return read;
}

AudioPlan readAudioPlan(const Napi::Object& wanted) {
    AudioPlan plan;
    plan.route = readName(wanted, "route", kRoutes);
    const Napi::Array mix = readArray(wanted, "mix", {0, kMaxSessions});
    plan.mixed = mix.Length();
    for (uint32_t i = 0; i < plan.mixed; ++i) {
        plan.mix[i] = static_cast<int>(asInteger(mix.Get(i), "mix", {1, INT32_MAX}));
    }
    plan.microphone = readName(wanted, "microphone", kGates);
    plan.volume = readNumber(wanted, "volume", kGains);
    // The ids of tones are given by the engine; here they only say that there is one.
    if (present(wanted, "earTone")) {
        plan.earTone.id = 1;
        plan.earTone.tone = readTone(readObject(wanted, "earTone"));
    }
    if (present(wanted, "ring")) {
        const Napi::Object ring = readObject(wanted, "ring");
        const Napi::Value volume = ring.Get("volume");
        plan.ring.id = 1;
        plan.ring.tone = readTone(readObject(ring, "tone"));
        plan.ring.audible = !volume.IsNull();
        plan.ring.gain = plan.ring.audible ? asNumber(volume, "volume", kGains) : 0;
    }
    return plan;
}

RemoteMedia readRemoteMedia(const Napi::Object& remote) {
    RemoteMedia read = readFormats(remote);
    read.security = readSecurity(readObject(remote, "security"));
    read.address = readAddress(remote);
    read.port = static_cast<uint16_t>(readInteger(remote, "port", kPorts));
    read.rtcpPort = static_cast<uint16_t>(readInteger(remote, "rtcpPort", kPorts));
    return read;
}

RemoteMedia readFormats(const Napi::Object& remote) {
    RemoteMedia read;
    const Napi::Array codecs = readArray(remote, "codecs", {1, kMaxCodecs});
    for (uint32_t i = 0; i < codecs.Length(); ++i) read.codecs.push_back(readCodec(elementOf(codecs, i, "codecs")));
    if (present(remote, "telephoneEvent")) {
        read.telephoneEvent = readTelephoneEvent(readObject(remote, "telephoneEvent"), read.codecs.front().clockRate);
    }
    read.ptime = static_cast<unsigned>(readInteger(remote, "ptime", {10, 60}));
    constexpr unsigned kPacketTimes[] = {10, 20, 30, 40, 60};
    if (std::find(std::begin(kPacketTimes), std::end(kPacketTimes), read.ptime) == std::end(kPacketTimes)) {
        rangeError(remote.Env(), "ptime", "10, 20, 30, 40 or 60");
    }
    read.direction = readName(remote, "direction", kDirections);
    read.voipMetrics = readBoolean(remote, "voipMetrics");
    return read;
}

DigitCommand readDigit(const Napi::Value& digit, const Napi::Value& ms) {
    if (!digit.IsString()) typeError(digit.Env(), "digit", "a string");
    const std::string text = digit.As<Napi::String>().Utf8Value();
    const std::optional<uint8_t> event = text.size() == 1 ? eventOfDigit(text[0]) : std::nullopt;
    if (!event) rangeError(digit.Env(), "digit", "one of 0-9 * # A-D");
    return {.event = *event, .ms = static_cast<uint32_t>(asInteger(ms, "ms", {1, 600'000}))};
}

namespace {

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
    exports.Set("createEngine", Napi::Function::New<createEngine>(env, "createEngine"));
    return exports;
}

}  // namespace

}  // namespace offhook

static Napi::Object initialiseAddon(Napi::Env env, Napi::Object exports) {
    return offhook::initialise(env, exports);
}

NODE_API_MODULE(offhook_media, initialiseAddon)
