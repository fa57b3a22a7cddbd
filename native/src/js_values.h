#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "media_security.h"

namespace offhook {

// Properties of JavaScript's objects, checked. They throw Napi::TypeError for a value of the wrong kind and
// Napi::RangeError for one that cannot be meant, both naming the property.

[[noreturn]] void typeError(Napi::Env env, const std::string& name, const char* expected);
[[noreturn]] void rangeError(Napi::Env env, const std::string& name, const std::string& allowed);

struct Bounds {
    double least;
    double most;
};

constexpr Bounds kPorts{1, 65535};

std::string readString(const Napi::Object& object, const char* name);
double asNumber(const Napi::Value& value, const std::string& name, Bounds bounds);
double readNumber(const Napi::Object& object, const char* name, Bounds bounds);
int64_t asInteger(const Napi::Value& value, const std::string& name, Bounds bounds);
int64_t readInteger(const Napi::Object& object, const char* name, Bounds bounds);
bool readBoolean(const Napi::Object& object, const char* name);
Napi::Object readObject(const Napi::Object& object, const char* name);
/** Null or an object. */
bool present(const Napi::Object& object, const char* name);
Napi::Array readArray(const Napi::Object& object, const char* name, Bounds length);
Napi::Object elementOf(const Napi::Array& array, uint32_t index, const char* name);
/** A numeric IP address. */
std::string readAddress(const Napi::Object& object);
/** Octets of a Uint8Array; they live as long as it does. */
std::span<const uint8_t> readOctets(const Napi::Object& object, const char* name);

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

/** Crypto-suites as RFC 4568 §6.2 and RFC 7714 §14.2 name them. */
constexpr std::pair<const char*, SrtpSuite> kSuites[] = {{"AES_CM_128_HMAC_SHA1_80", SrtpSuite::AesCm128HmacSha1_80},
                                                         {"AES_CM_128_HMAC_SHA1_32", SrtpSuite::AesCm128HmacSha1_32},
                                                         {"AEAD_AES_128_GCM", SrtpSuite::AeadAes128Gcm},
                                                         {"AEAD_AES_256_GCM", SrtpSuite::AeadAes256Gcm}};

}  // namespace offhook
