#include "rtp.h"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <vector>

using namespace offhook;

namespace {

using Bytes = std::vector<uint8_t>;

const Bytes kPlain{0x80, 0x88, 0x12, 0x34, 0x00, 0x00, 0x01, 0x40, 0xDE, 0xAD, 0xBE, 0xEF, 0xD5, 0x55};

}  // namespace

TEST_CASE("an RTP packet is read") {
    const auto packet = parseRtp(kPlain);
    REQUIRE(packet);
    CHECK(packet->marker);
    CHECK(packet->payloadType == 8);
    CHECK(packet->sequence == 0x1234);
    CHECK(packet->timestamp == 320);
    CHECK(packet->ssrc == 0xDEADBEEF);
    CHECK(Bytes(packet->payload.begin(), packet->payload.end()) == Bytes{0xD5, 0x55});
}

TEST_CASE("an RTP packet that was read is built again byte by byte") {
    std::array<uint8_t, 64> out{};
    const size_t size = buildRtp(*parseRtp(kPlain), out);
    CHECK(Bytes(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size)) == kPlain);
    CHECK(buildRtp(*parseRtp(kPlain), std::span(out).first(13)) == 0);
}

TEST_CASE("contributing sources, extension and padding are taken off") {
    Bytes bytes = kPlain;
    bytes[0] = 0x80 | 0x20 | 0x10 | 2;
    const Bytes between{0, 0, 0, 1, 0, 0, 0, 2, 0xBE, 0xDE, 0x00, 0x01, 1, 2, 3, 4};
    bytes.insert(bytes.begin() + 12, between.begin(), between.end());
    bytes.insert(bytes.end(), {0, 0, 3});
    const auto packet = parseRtp(bytes);
    REQUIRE(packet);
    CHECK(Bytes(packet->payload.begin(), packet->payload.end()) == Bytes{0xD5, 0x55});
}

TEST_CASE("what does not hold what it announces is no RTP packet") {
    struct Row {
        const char* name;
        Bytes bytes;
    };
    const auto with = [](uint8_t first, size_t size) {
        Bytes bytes = kPlain;
        bytes[0] = first;
        bytes.resize(size);
        return bytes;
    };
    const Row rows[] = {{"empty", {}},
                        {"a byte short of a header", with(0x80, 11)},
                        {"version 1", with(0x40, 14)},
                        {"version 3", with(0xC0, 14)},
                        {"sources beyond the end", with(0x81, 14)},
                        {"extension header beyond the end", with(0x90, 14)},
                        {"padding of 0",
                         [&] {
                             auto b = with(0xA0, 14);
                             b[13] = 0;
                             return b;
                         }()},
                        {"padding longer than the payload", [&] {
                             auto b = with(0xA0, 14);
                             b[13] = 3;
                             return b;
                         }()}};
    for (const Row& row : rows) {
        CAPTURE(row.name);
        CHECK_FALSE(parseRtp(row.bytes));
    }
}

TEST_CASE("any bytes are either an RTP packet within themselves or none") {
    std::mt19937 random(20240713);
    for (int round = 0; round < 100'000; ++round) {
        Bytes bytes(random() % 64);
        for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
        if (!bytes.empty() && round % 2 == 0) bytes[0] = static_cast<uint8_t>(0x80 | (bytes[0] & 0x3F));
        const auto packet = parseRtp(bytes);
        if (!packet) continue;
        CHECK(packet->payload.data() >= bytes.data() + kRtpHeaderSize);
        CHECK(packet->payload.data() + packet->payload.size() <= bytes.data() + bytes.size());
    }
}
