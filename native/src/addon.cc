#include <napi.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "engine_wrap.h"
#include "socket_address.h"

namespace offhook {

namespace {

[[noreturn]] void typeError(Napi::Env env, const std::string& name, const char* expected) {
    throw Napi::TypeError::New(env, name + " must be " + expected);
}

[[noreturn]] void rangeError(Napi::Env env, const std::string& name, const std::string& allowed) {
    throw Napi::RangeError::New(env, name + " must be " + allowed);
}

std::string readString(const Napi::Object& object, const char* name) {
    const Napi::Value value = object.Get(name);
    if (!value.IsString()) typeError(object.Env(), name, "a string");
    return value.As<Napi::String>().Utf8Value();
}

struct Bounds {
    double least;
    double most;
};

double asNumber(const Napi::Value& value, const std::string& name, Bounds bounds) {
    if (!value.IsNumber()) typeError(value.Env(), name, "a number");
    const double number = value.As<Napi::Number>().DoubleValue();
    if (!(number >= bounds.least && number <= bounds.most)) {
        rangeError(value.Env(), name, std::to_string(bounds.least) + " to " + std::to_string(bounds.most));
    }
    return number;
}

double readNumber(const Napi::Object& object, const char* name, Bounds bounds) {
    return asNumber(object.Get(name), name, bounds);
}

int64_t asInteger(const Napi::Value& value, const std::string& name, Bounds bounds) {
    const double number = asNumber(value, name, bounds);
    if (number != std::floor(number)) rangeError(value.Env(), name, "a whole number");
    return static_cast<int64_t>(number);
}

int64_t readInteger(const Napi::Object& object, const char* name, Bounds bounds) {
    return asInteger(object.Get(name), name, bounds);
}

bool readBoolean(const Napi::Object& object, const char* name) {
    const Napi::Value value = object.Get(name);
    if (!value.IsBoolean()) typeError(object.Env(), name, "true or false");
    return value.As<Napi::Boolean>();
}

Napi::Object readObject(const Napi::Object& object, const char* name) {
    const Napi::Value value = object.Get(name);
    if (!value.IsObject()) typeError(object.Env(), name, "an object");
    return value.As<Napi::Object>();
}

/** Null or an object. */
bool present(const Napi::Object& object, const char* name) {
    const Napi::Value value = object.Get(name);
    if (!value.IsNull() && !value.IsObject()) typeError(object.Env(), name, "an object or null");
    return value.IsObject();
}

Napi::Array readArray(const Napi::Object& object, const char* name, Bounds length) {
    const Napi::Value value = object.Get(name);
    if (!value.IsArray()) typeError(object.Env(), name, "an array");
    const Napi::Array array = value.As<Napi::Array>();
    if (array.Length() < length.least || array.Length() > length.most) {
        rangeError(object.Env(), name,
                   "of " + std::to_string(static_cast<int>(length.least)) + " to " +
                       std::to_string(static_cast<int>(length.most)) + " elements");
    }
    return array;
}

Napi::Object elementOf(const Napi::Array& array, uint32_t index, const char* name) {
    const Napi::Value value = array.Get(index);
    if (!value.IsObject()) typeError(array.Env(), name, "an array of objects");
    return value.As<Napi::Object>();
}

/** A string out of a table of names. */
template <typename Value, size_t Count>
Value readName(const Napi::Object& object, const char* name, const std::pair<const char*, Value> (&table)[Count]) {
    const std::string text = readString(object, name);
    std::string allowed;
    for (const auto& [word, value] : table) {
        if (text == word) return value;
        allowed += allowed.empty() ? word : std::string(", ") + word;
    }
    rangeError(object.Env(), name, "one of " + allowed);
}

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

constexpr std::pair<const char*, SrtpSuite> kSuites[] = {{"AES_CM_128_HMAC_SHA1_80", SrtpSuite::AesCm128HmacSha1_80},
                                                         {"AES_CM_128_HMAC_SHA1_32", SrtpSuite::AesCm128HmacSha1_32},
                                                         {"AEAD_AES_128_GCM", SrtpSuite::AeadAes128Gcm},
                                                         {"AEAD_AES_256_GCM", SrtpSuite::AeadAes256Gcm}};

constexpr Bounds kPorts{1, 65535};
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
    const Napi::Value value = security.Get(name);
    const bool octets = value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
    if (!octets) typeError(security.Env(), name, "a Uint8Array");
    const Napi::Uint8Array key = value.As<Napi::Uint8Array>();
    if (key.ByteLength() != keySizeOf(suite)) {
        rangeError(security.Env(), name, "of " + std::to_string(keySizeOf(suite)) + " octets for this suite");
    }
    return SrtpKey(std::span(key.Data(), key.ByteLength()));
}

std::optional<SrtpKeys> readSecurity(const Napi::Object& security) {
    enum class Type : uint8_t { None, Srtp };
    constexpr std::pair<const char*, Type> kTypes[] = {{"none", Type::None}, {"srtp", Type::Srtp}};
    if (readName(security, "type", kTypes) == Type::None) return std::nullopt;
    const SrtpSuite suite = readName(security, "suite", kSuites);
    return SrtpKeys{
        .suite = suite, .send = readKey(security, "send", suite), .receive = readKey(security, "receive", suite)};
}

std::string readAddress(const Napi::Object& object) {
    const std::string address = readString(object, "address");
    if (!SocketAddress::parse(address, 0)) rangeError(object.Env(), "address", "a numeric IP address");
    return address;
}

}  // namespace

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
    RemoteMedia read;
    read.security = readSecurity(readObject(remote, "security"));
    read.address = readAddress(remote);
    read.port = static_cast<uint16_t>(readInteger(remote, "port", kPorts));
    read.rtcpPort = static_cast<uint16_t>(readInteger(remote, "rtcpPort", kPorts));
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
