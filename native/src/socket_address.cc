#include "socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace offhook {

namespace {

const sockaddr_in& v4(const sockaddr_storage& storage) {
    return reinterpret_cast<const sockaddr_in&>(storage);
}
const sockaddr_in6& v6(const sockaddr_storage& storage) {
    return reinterpret_cast<const sockaddr_in6&>(storage);
}

}  // namespace

std::optional<SocketAddress> SocketAddress::parse(const std::string& address, uint16_t port) {
    SocketAddress parsed;
    sockaddr_in four{};
    sockaddr_in6 six{};
    if (inet_pton(AF_INET, address.c_str(), &four.sin_addr) == 1) {
        four.sin_family = AF_INET;
        four.sin_port = htons(port);
        std::memcpy(&parsed.storage_, &four, sizeof four);
        parsed.size_ = sizeof four;
        return parsed;
    }
    if (inet_pton(AF_INET6, address.c_str(), &six.sin6_addr) == 1) {
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(port);
        std::memcpy(&parsed.storage_, &six, sizeof six);
        parsed.size_ = sizeof six;
        return parsed;
    }
    return std::nullopt;
}

uint16_t SocketAddress::port() const {
    return ntohs(family() == AF_INET6 ? v6(storage_).sin6_port : v4(storage_).sin_port);
}

bool SocketAddress::sameHost(const SocketAddress& other) const {
    if (family() != other.family()) return false;
    if (family() == AF_INET6) {
        return std::memcmp(&v6(storage_).sin6_addr, &v6(other.storage_).sin6_addr, sizeof(in6_addr)) == 0;
    }
    return v4(storage_).sin_addr.s_addr == v4(other.storage_).sin_addr.s_addr;
}

}  // namespace offhook
