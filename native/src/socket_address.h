#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

namespace offhook {

/** A numeric IPv4 or IPv6 address with a port. */
class SocketAddress {
  public:
    SocketAddress() = default;
    /** Nothing when `address` is not numeric. */
    static std::optional<SocketAddress> parse(const std::string& address, uint16_t port);

    const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
    sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage_); }
    socklen_t size() const { return size_; }
    /** For recvfrom: room for any family. */
    void received(socklen_t size) { size_ = size; }
    static constexpr socklen_t capacity() { return sizeof(sockaddr_storage); }
    int family() const { return storage_.ss_family; }
    uint16_t port() const;

    bool operator==(const SocketAddress& other) const { return sameHost(other) && port() == other.port(); }
    bool sameHost(const SocketAddress& other) const;

  private:
    sockaddr_storage storage_{};
    socklen_t size_ = 0;
};

}  // namespace offhook
