#include "js_values.h"

#include <cmath>

#include "socket_address.h"

namespace offhook {

void typeError(Napi::Env env, const std::string& name, const char* expected) {
    throw Napi::TypeError::New(env, name + " must be " + expected);
}

void rangeError(Napi::Env env, const std::string& name, const std::string& allowed) {
    throw Napi::RangeError::New(env, name + " must be " + allowed);
}

std::string readString(const Napi::Object& object, const char* name) {
    const Napi::Value value = object.Get(name);
    if (!value.IsString()) typeError(object.Env(), name, "a string");
    return value.As<Napi::String>().Utf8Value();
}

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

std::string readAddress(const Napi::Object& object) {
    const std::string address = readString(object, "address");
    if (!SocketAddress::parse(address, 0)) rangeError(object.Env(), "address", "a numeric IP address");
    return address;
}

std::span<const uint8_t> readOctets(const Napi::Object& object, const char* name) {
    const Napi::Value value = object.Get(name);
    const bool octets = value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
    if (!octets) typeError(object.Env(), name, "a Uint8Array");
    const Napi::Uint8Array array = value.As<Napi::Uint8Array>();
    return {array.Data(), array.ByteLength()};
}

}  // namespace offhook
