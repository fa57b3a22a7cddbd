#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "socket_address.h"

namespace offhook {

/** A bound, non-blocking UDP socket. */
class UdpSocket {
  public:
    /** Binds; nothing when the port is taken. Throws std::system_error for anything else. */
    static std::optional<UdpSocket> bind(const SocketAddress& address, uint8_t dscp);

    /** Takes over a descriptor that is bound and does not block; a negative one is closed already. */
    static UdpSocket adopt(int fd) { return UdpSocket(fd); }

    UdpSocket(UdpSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    UdpSocket& operator=(UdpSocket&& other) noexcept {
        if (this == &other) return *this;
        close();
        fd_ = std::exchange(other.fd_, -1);
        return *this;
    }
    UdpSocket(const UdpSocket&) = delete;
    UdpSocket& operator=(const UdpSocket&) = delete;
    ~UdpSocket() { close(); }

    int fd() const { return fd_; }
    /** Whether the kernel took the datagram. Real-time. */
    bool send(std::span<const uint8_t> datagram, const SocketAddress& to) const;
    /** The size of the next datagram (which may exceed `into`), nothing when none waits. */
    std::optional<size_t> receive(std::span<uint8_t> into, SocketAddress& from) const;
    void close();

  private:
    explicit UdpSocket(int fd) : fd_(fd) {}
    int fd_;
};

/** RTP on an even port, RTCP on the next (RFC 3550 §11). */
struct SocketPair {
    UdpSocket rtp;
    UdpSocket rtcp;
    uint16_t port;
};

/**
 * Binds a free pair between the ports `first` and `last`, looking from a random place, so that the port of the next
 * call cannot be foretold. Nothing when all are taken; throws std::system_error when the address cannot be bound.
 */
std::optional<SocketPair> bindPair(const std::string& address, uint16_t first, uint16_t last, uint8_t dscp);

/** Bits from the kernel's generator (RFC 3550 §5.1 asks for random SSRC, sequence number and timestamp). */
uint32_t randomBits();

}  // namespace offhook
