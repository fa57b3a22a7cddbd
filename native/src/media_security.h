#pragma once

#include <string.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace offhook {

/** Crypto-suites of SRTP, as RFC 4568 §6.2 and RFC 7714 §14.2 name them. */
enum class SrtpSuite : uint8_t { AesCm128HmacSha1_80, AesCm128HmacSha1_32, AeadAes128Gcm, AeadAes256Gcm };

/** Octets of master key and master salt together. */
constexpr size_t keySizeOf(SrtpSuite suite) {
    switch (suite) {
        case SrtpSuite::AesCm128HmacSha1_80:
        case SrtpSuite::AesCm128HmacSha1_32:
            return 16 + 14;
        case SrtpSuite::AeadAes128Gcm:
            return 16 + 12;
        case SrtpSuite::AeadAes256Gcm:
            return 32 + 12;
    }
    return 0;
}

/** A master key with its master salt behind it, as in RFC 4568 §6.1. Every copy is wiped when it ends. */
class SrtpKey {
  public:
    static constexpr size_t kMaxSize = 44;

    /** At most kMaxSize octets. */
    explicit SrtpKey(std::span<const uint8_t> octets) : size_(octets.size()) {
        std::copy(octets.begin(), octets.end(), octets_.begin());
    }
    SrtpKey(const SrtpKey&) = default;
    SrtpKey& operator=(const SrtpKey&) = default;
    ~SrtpKey() { explicit_bzero(octets_.data(), octets_.size()); }

    std::span<const uint8_t> octets() const { return std::span(octets_).first(size_); }
    bool operator==(const SrtpKey&) const = default;

  private:
    std::array<uint8_t, kMaxSize> octets_{};
    size_t size_;
};

/** How both directions of a session are protected, RTP and RTCP alike (RFC 3711 §3.4). */
struct SrtpKeys {
    SrtpSuite suite;
    SrtpKey send;
    SrtpKey receive;
};

}  // namespace offhook
