#pragma once

#include <cstdint>
#include <span>

namespace offhook {

/** Network byte order; the caller has checked the length. */
inline uint16_t readU16(std::span<const uint8_t> bytes, size_t at) {
    return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

inline uint32_t readU32(std::span<const uint8_t> bytes, size_t at) {
    return static_cast<uint32_t>(readU16(bytes, at)) << 16 | readU16(bytes, at + 2);
}

inline void writeU16(std::span<uint8_t> bytes, size_t at, uint16_t value) {
    bytes[at] = static_cast<uint8_t>(value >> 8);
    bytes[at + 1] = static_cast<uint8_t>(value);
}

inline void writeU32(std::span<uint8_t> bytes, size_t at, uint32_t value) {
    writeU16(bytes, at, static_cast<uint16_t>(value >> 16));
    writeU16(bytes, at + 2, static_cast<uint16_t>(value));
}

}  // namespace offhook
