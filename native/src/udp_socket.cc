#include "udp_socket.h"

#include <netinet/in.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace offhook {

namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

std::optional<UdpSocket> UdpSocket::bind(const SocketAddress& address, uint8_t dscp) {
    UdpSocket made(socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (made.fd_ < 0) fail("socket");
    // DSCP is the upper six bits of the octet (RFC 2474 §3).
    const int octet = dscp << 2;
    const bool six = address.family() == AF_INET6;
    const int set = six ? setsockopt(made.fd_, IPPROTO_IPV6, IPV6_TCLASS, &octet, sizeof octet)
                        : setsockopt(made.fd_, IPPROTO_IP, IP_TOS, &octet, sizeof octet);
    if (set < 0) fail("setsockopt");
    if (::bind(made.fd_, address.data(), address.size()) < 0) {
        if (errno == EADDRINUSE) return std::nullopt;
        fail("bind");
    }
    return made;
}

bool UdpSocket::send(std::span<const uint8_t> datagram, const SocketAddress& to) const {
    const ssize_t sent = sendto(fd_, datagram.data(), datagram.size(), MSG_DONTWAIT, to.data(), to.size());
    return sent == static_cast<ssize_t>(datagram.size());
}

std::optional<size_t> UdpSocket::receive(std::span<uint8_t> into, SocketAddress& from) const {
    socklen_t size = SocketAddress::capacity();
    const ssize_t got = recvfrom(fd_, into.data(), into.size(), MSG_TRUNC, from.data(), &size);
    if (got < 0) return std::nullopt;
    from.received(size);
    return static_cast<size_t>(got);
}

void UdpSocket::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

std::optional<SocketPair> bindPair(const std::string& address, uint16_t first, uint16_t last, uint8_t dscp) {
    const unsigned even = (first + 1U) & ~1U;
    const unsigned pairs = even + 1U <= last ? (last - even + 1U) / 2 : 0;
    const unsigned start = pairs == 0 ? 0 : randomBits() % pairs;
    for (unsigned i = 0; i < pairs; ++i) {
        const uint16_t port = static_cast<uint16_t>(even + 2 * ((start + i) % pairs));
        const std::optional<SocketAddress> rtpAddress = SocketAddress::parse(address, port);
        const std::optional<SocketAddress> rtcpAddress = SocketAddress::parse(address, port + 1);
        if (!rtpAddress || !rtcpAddress) return std::nullopt;
        std::optional<UdpSocket> rtp = UdpSocket::bind(*rtpAddress, dscp);
        if (!rtp) continue;
        std::optional<UdpSocket> rtcp = UdpSocket::bind(*rtcpAddress, dscp);
        if (!rtcp) continue;
        return SocketPair{std::move(*rtp), std::move(*rtcp), port};
    }
    return std::nullopt;
}

uint32_t randomBits() {
    uint32_t bits = 0;
    // Four bytes never come short, and fail only where the kernel lacks the call (getrandom(2)).
    if (getrandom(&bits, sizeof bits, 0) != sizeof bits) fail("getrandom");
    return bits;
}

}  // namespace offhook
