#include "telephone_event.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "bytes.h"
#include "clock.h"

using namespace offhook;

namespace {

/** An event packet as it goes over the wire, with the frame in which it went. */
struct Sent {
    int frame = 0;
    uint32_t timestamp = 0;
    bool marker = false;
    bool end = false;
    uint8_t event = 0;
    uint16_t duration = 0;

    bool operator==(const Sent&) const = default;
};

struct Stream {
    std::vector<Sent> events;
    std::vector<int> audio;
};

/** Runs `frames` packet times of `units` from RTP time `start` on. */
Stream run(TelephoneEventSender& sender, int frames, uint32_t units, uint32_t clockRate, uint32_t start = 0) {
    Stream stream;
    for (int i = 0; i < frames; ++i) {
        const auto frame = sender.step(start + static_cast<uint32_t>(i) * units, units, clockRate);
        if (frame.audio) stream.audio.push_back(i);
        for (size_t k = 0; k < frame.count; ++k) {
            const EventPacket& packet = frame.packets[k];
            stream.events.push_back({.frame = i,
                                     .timestamp = packet.timestamp,
                                     .marker = packet.marker,
                                     .end = (packet.payload[1] & 0x80) != 0,
                                     .event = packet.payload[0],
                                     .duration = readU16(packet.payload, 2)});
            CHECK((packet.payload[1] & 0x7F) == 10);
        }
    }
    return stream;
}

RtpPacket rtpOf(const Sent& sent, std::array<uint8_t, 4>& payload) {
    payload = {sent.event, static_cast<uint8_t>(sent.end ? 0x8A : 0x0A), static_cast<uint8_t>(sent.duration >> 8),
               static_cast<uint8_t>(sent.duration)};
    return {.marker = sent.marker,
            .payloadType = 101,
            .sequence = 0,
            .timestamp = sent.timestamp,
            .ssrc = 1,
            .payload = payload};
}

std::vector<HeardDigit> hear(TelephoneEventReceiver& receiver, const std::vector<Sent>& events, uint32_t clockRate) {
    std::vector<HeardDigit> heard;
    int64_t now = 0;
    for (const Sent& sent : events) {
        std::array<uint8_t, 4> payload{};
        now = sent.frame * 20 * kNsPerMs;
        for (const auto& digit : receiver.receive(rtpOf(sent, payload), clockRate, now)) {
            if (digit) heard.push_back(*digit);
        }
    }
    if (const auto digit = receiver.expire(now + 500 * kNsPerMs)) heard.push_back(*digit);
    return heard;
}

}  // namespace

TEST_CASE("digits and event codes are those of RFC 4733") {
    CHECK(eventOfDigit('0') == 0);
    CHECK(eventOfDigit('9') == 9);
    CHECK(eventOfDigit('*') == 10);
    CHECK(eventOfDigit('#') == 11);
    CHECK(eventOfDigit('D') == 15);
    CHECK_FALSE(eventOfDigit('E'));
    CHECK_FALSE(digitOfEvent(16));
    for (uint8_t event = 0; event < 16; ++event) CHECK(eventOfDigit(*digitOfEvent(event)) == event);
}

TEST_CASE("an event of 100 ms: timestamp frozen, marker once, an update each packet, three ends, no audio meanwhile") {
    TelephoneEventSender sender;
    CHECK(sender.queue(5, 100));
    const Stream stream = run(sender, 12, 160, 8000, 1600);
    CHECK(stream.events == std::vector<Sent>{{0, 1600, true, false, 5, 160},
                                             {1, 1600, false, false, 5, 320},
                                             {2, 1600, false, false, 5, 480},
                                             {3, 1600, false, false, 5, 640},
                                             {4, 1600, false, true, 5, 800},
                                             {5, 1600, false, true, 5, 800},
                                             {6, 1600, false, true, 5, 800}});
    CHECK(stream.audio == std::vector{7, 8, 9, 10, 11});
}

TEST_CASE("durations are in units of the event clock, and as long as was asked to the unit") {
    struct Row {
        uint32_t clockRate;
        uint32_t ptime;
        uint32_t ms;
        uint16_t duration;
    };
    const Row rows[] = {{8000, 20, 90, 720}, {8000, 10, 45, 360}, {8000, 60, 100, 800},    {48000, 20, 100, 4800},
                        {8000, 20, 1, 320},  {8000, 20, 40, 320}, {48000, 20, 1000, 48000}};
    for (const Row& row : rows) {
        CAPTURE(row.clockRate);
        CAPTURE(row.ms);
        TelephoneEventSender sender;
        sender.queue(1, row.ms);
        const Stream stream = run(sender, 120, row.clockRate / 1000 * row.ptime, row.clockRate);
        REQUIRE_FALSE(stream.events.empty());
        CHECK(stream.events.front().marker);
        CHECK(stream.events.back().end);
        CHECK(stream.events.back().duration == row.duration);
        CHECK(std::count_if(stream.events.begin(), stream.events.end(), [](const Sent& sent) { return sent.end; }) ==
              3);
    }
}

TEST_CASE("the next digit starts 70 ms after the end of the one before, to the unit") {
    TelephoneEventSender sender;
    sender.queue(1, 100);
    sender.queue(2, 100);
    const Stream stream = run(sender, 20, 160, 8000);
    std::vector<Sent> markers;
    for (const Sent& sent : stream.events) {
        if (sent.marker) markers.push_back(sent);
    }
    REQUIRE(markers.size() == 2);
    CHECK(markers[1].timestamp == 800 + 560);
    CHECK(markers[1].duration == 80);
}

TEST_CASE("RTP time may wrap within an event") {
    TelephoneEventSender sender;
    sender.queue(3, 100);
    sender.queue(4, 60);
    const Stream stream = run(sender, 20, 160, 8000, 0xFFFFFF00);
    TelephoneEventReceiver receiver;
    CHECK(hear(receiver, stream.events, 8000) == std::vector<HeardDigit>{{'3', 100}, {'4', 60}});
}

TEST_CASE("an event longer than 0xFFFF units is split into segments that follow each other without a gap") {
    TelephoneEventSender sender;
    sender.queue(9, 20'000);
    const Stream stream = run(sender, 1010, 160, 8000);
    std::vector<uint32_t> starts;
    for (const Sent& sent : stream.events) {
        if (starts.empty() || starts.back() != sent.timestamp) starts.push_back(sent.timestamp);
        if (sent.end) CHECK(sent.timestamp == 2 * 0xFFFF);
    }
    CHECK(starts == std::vector<uint32_t>{0, 0xFFFF, 2 * 0xFFFF});
    CHECK(std::count_if(stream.events.begin(), stream.events.end(), [](const Sent& s) { return s.marker; }) == 1);
    CHECK(std::count_if(stream.events.begin(), stream.events.end(),
                        [](const Sent& s) { return s.duration == 0xFFFF; }) == 6);
    TelephoneEventReceiver receiver;
    CHECK(hear(receiver, stream.events, 8000) == std::vector<HeardDigit>{{'9', 20'000}});
}

TEST_CASE("a queue that is full says so") {
    TelephoneEventSender sender;
    for (size_t i = 0; i < TelephoneEventSender::kMaxQueued; ++i) CHECK(sender.queue(1, 100));
    CHECK_FALSE(sender.queue(1, 100));
    sender.reset();
    CHECK(sender.queue(1, 100));
}

TEST_CASE("each digit is heard once whichever packets are lost, repeated or late") {
    std::mt19937 random(4733);
    for (int round = 0; round < 2000; ++round) {
        TelephoneEventSender sender;
        std::vector<HeardDigit> expected;
        for (int i = 0; i < 5; ++i) {
            const uint8_t event = static_cast<uint8_t>(random() % 16);
            sender.queue(event, 100);
            expected.push_back({*digitOfEvent(event), 100});
        }
        std::vector<Sent> events;
        uint32_t previous = 1;
        for (const Sent& sent : run(sender, 80, 160, 8000).events) {
            const bool first = sent.timestamp != previous;
            previous = sent.timestamp;
            if (!first && random() % 3 == 0) continue;
            events.push_back(sent);
            if (random() % 4 == 0) events.push_back(sent);
            if (events.size() > 1 && random() % 5 == 0) std::swap(events[events.size() - 1], events[events.size() - 2]);
        }
        TelephoneEventReceiver receiver;
        const auto heard = hear(receiver, events, 8000);
        REQUIRE(heard.size() == expected.size());
        for (size_t i = 0; i < heard.size(); ++i) CHECK(heard[i].digit == expected[i].digit);
    }
}

TEST_CASE("a digit whose end packets are all lost is told after a timeout, and only then") {
    TelephoneEventReceiver receiver;
    std::array<uint8_t, 4> payload{};
    const Sent update{0, 5000, true, false, 7, 160};
    CHECK_FALSE(receiver.receive(rtpOf(update, payload), 8000, 0)[1]);
    CHECK_FALSE(receiver.expire(199 * kNsPerMs));
    CHECK(receiver.expire(200 * kNsPerMs) == HeardDigit{'7', 20});
    CHECK_FALSE(receiver.expire(900 * kNsPerMs));
}

TEST_CASE("events without a digit, and payloads too short, are not told") {
    TelephoneEventReceiver receiver;
    std::array<uint8_t, 4> payload{};
    CHECK_FALSE(receiver.receive(rtpOf({0, 1, true, true, 16, 800}, payload), 8000, 0)[1]);
    RtpPacket shortPacket = rtpOf({0, 900, true, true, 1, 800}, payload);
    shortPacket.payload = shortPacket.payload.first(3);
    CHECK_FALSE(receiver.receive(shortPacket, 8000, 0)[1]);
}
