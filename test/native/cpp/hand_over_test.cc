#include <doctest/doctest.h>
#include <netinet/in.h>

#include <memory>
#include <thread>
#include <vector>

#include "clock.h"
#include "event_queue.h"
#include "sample_fifo.h"
#include "source_lock.h"
#include "spsc_ring.h"
#include "triple_buffer.h"
#include "udp_socket.h"

using namespace offhook;

TEST_CASE("a ring hands over every value once and in order") {
    SpscRing<int> ring(10);
    constexpr int kCount = 200'000;
    std::thread writer([&] {
        for (int i = 0; i < kCount;) {
            if (ring.push(i)) ++i;
        }
    });
    int expected = 0;
    while (expected < kCount) {
        const int* value = ring.front();
        if (value == nullptr) continue;
        REQUIRE(*value == expected);
        ++expected;
        ring.pop();
    }
    writer.join();
    CHECK(ring.empty());
}

TEST_CASE("a ring that is full takes nothing until something is read") {
    SpscRing<int> ring(3);
    for (int i = 0; i < 4; ++i) CHECK(ring.push(i));
    CHECK_FALSE(ring.push(9));
    CHECK(ring.slot() == nullptr);
    ring.pop();
    CHECK(ring.push(4));
    for (int i = 1; i < 5; ++i) {
        REQUIRE(ring.front() != nullptr);
        CHECK(*ring.front() == i);
        ring.pop();
    }
    CHECK(ring.front() == nullptr);
}

TEST_CASE("the newest value wins, is whole, and never goes back") {
    struct Pair {
        std::unique_ptr<int> first = std::make_unique<int>(0);
        int second = 0;
    };
    TripleBuffer<Pair> buffer;
    constexpr int kCount = 100'000;
    std::thread writer([&] {
        for (int i = 1; i <= kCount; ++i) {
            buffer.back() = {std::make_unique<int>(i), i};
            buffer.publish();
        }
    });
    int last = 0;
    while (last < kCount) {
        if (!buffer.fresh()) continue;
        buffer.update();
        REQUIRE(*buffer.front().first == buffer.front().second);
        REQUIRE(buffer.front().second > last);
        last = buffer.front().second;
    }
    writer.join();
    CHECK_FALSE(buffer.fresh());
}

TEST_CASE("samples leave a fifo in order, and what does not fit is not taken") {
    SampleFifo<8> fifo;
    const int16_t in[] = {1, 2, 3, 4, 5, 6};
    int16_t out[8] = {};
    fifo.push(in);
    CHECK(fifo.pop(std::span(out).first(4)) == 4);
    fifo.push(in);
    fifo.push(in);
    CHECK(fifo.size() == 8);
    CHECK(fifo.pop(out) == 8);
    CHECK(std::vector<int16_t>(out, out + 8) == std::vector<int16_t>{5, 6, 1, 2, 3, 4, 5, 6});
    CHECK(fifo.pop(out) == 0);
}

TEST_CASE("events that nobody reads push out the oldest") {
    int woken = 0;
    EventQueue events([&] { ++woken; });
    for (int i = 0; i < 2000; ++i) events.post({.type = Event::Type::Bye, .session = i, .reason = {}});
    CHECK(woken == 2000);
    CHECK(events.next()->session == 2000 - 1024);
    int count = 1;
    while (events.next()) ++count;
    CHECK(count == 1024);
}

TEST_CASE("the negotiated source is believed at once, a stranger never beside it") {
    const auto far = *SocketAddress::parse("192.0.2.1", 4000);
    const auto stranger = *SocketAddress::parse("192.0.2.9", 4000);
    SourceLock lock;
    lock.negotiate(far);
    CHECK(lock.accept(far, 0));
    for (int i = 0; i < 20; ++i) CHECK_FALSE(lock.accept(stranger, i));
    CHECK(lock.accept(far, 1));
    CHECK(lock.knowsHost(*SocketAddress::parse("192.0.2.1", 9)));
    CHECK_FALSE(lock.knowsHost(stranger));
}

TEST_CASE("a far end behind a NAT is believed after four packets in a row, and then no other") {
    const auto seen = *SocketAddress::parse("198.51.100.7", 1025);
    const auto other = *SocketAddress::parse("198.51.100.7", 1026);
    SourceLock lock;
    lock.negotiate(*SocketAddress::parse("10.0.0.5", 4000));
    CHECK_FALSE(lock.accept(seen, 0));
    CHECK_FALSE(lock.accept(other, 0));
    for (int i = 0; i < 3; ++i) CHECK_FALSE(lock.accept(seen, i));
    CHECK(lock.accept(seen, 4));
    for (int i = 0; i < 20; ++i) CHECK_FALSE(lock.accept(other, 5));
    // After five seconds of silence it may have moved.
    for (int i = 0; i < 3; ++i) CHECK_FALSE(lock.accept(other, 6 * kNsPerSecond));
    CHECK(lock.accept(other, 6 * kNsPerSecond));
}

TEST_CASE("a pair of sockets marks what it sends, and shares no port with another") {
    const auto first = bindPair("127.0.0.1", 25000, 25003, 46);
    const auto second = bindPair("127.0.0.1", 25000, 25003, 46);
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->port % 2 == 0);
    CHECK(first->port != second->port);
    CHECK_FALSE(bindPair("127.0.0.1", 25000, 25003, 46));
    CHECK_FALSE(bindPair("127.0.0.1", 25001, 25002, 46));
    for (const UdpSocket* socket : {&first->rtp, &first->rtcp}) {
        int octet = 0;
        socklen_t size = sizeof octet;
        REQUIRE(getsockopt(socket->fd(), IPPROTO_IP, IP_TOS, &octet, &size) == 0);
        CHECK(octet == 46 * 4);
    }
}

TEST_CASE("addresses are numeric, of either family") {
    CHECK(SocketAddress::parse("127.0.0.1", 5)->port() == 5);
    CHECK(SocketAddress::parse("::1", 7)->port() == 7);
    CHECK(*SocketAddress::parse("::1", 7) == *SocketAddress::parse("0:0:0:0:0:0:0:1", 7));
    CHECK_FALSE(*SocketAddress::parse("::1", 7) == *SocketAddress::parse("127.0.0.1", 7));
    CHECK_FALSE(SocketAddress::parse("localhost", 5));
    CHECK_FALSE(SocketAddress::parse("", 5));
    CHECK_FALSE(SocketAddress::parse("127.0.0.1 ", 5));
}
