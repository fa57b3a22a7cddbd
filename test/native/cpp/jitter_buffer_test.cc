#include "jitter_buffer.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

using namespace offhook;
using Kind = JitterBuffer::Kind;

namespace {

/** Puts a packet whose only byte is `name`. */
void put(JitterBuffer& buffer, int sequence, uint8_t name, bool audible = true) {
    const std::array<uint8_t, 1> payload{name};
    buffer.put({.marker = false,
                .payloadType = 8,
                .sequence = static_cast<uint16_t>(sequence),
                .timestamp = 0,
                .ssrc = 1,
                .payload = payload},
               audible);
}

/** A take as a letter: the packet's name, `-` lost, `~` starved, `.` filling. */
char take(JitterBuffer& buffer) {
    const auto taken = buffer.take();
    switch (taken.kind) {
        case Kind::Packet:
            return static_cast<char>(taken.payload[0]);
        case Kind::Lost:
            return '-';
        case Kind::Starved:
            return '~';
        case Kind::Filling:
            return '.';
    }
    return '?';
}

}  // namespace

TEST_CASE("arrivals become takes") {
    struct Row {
        const char* name;
        int first;
        // A letter puts the packet of that place in the alphabet, a space takes.
        const char* input;
        const char* takes;
        uint64_t lost;
        uint64_t late;
    };
    const Row rows[] = {
        {"in order", 10, "ab c d e ", "abcd", 0, 0},
        {"waits for the second", 10, " a  b  ", "...ab", 0, 0},
        {"reordered", 10, "ab dc  e f ", "abcde", 0, 0},
        {"reordered before the start", 10, "ba c d ", "abc", 0, 0},
        {"one lost", 10, "ab d e f g ", "ab-de", 1, 0},
        {"one late", 10, "ab d e cf g ", "ab-de", 1, 1},
        {"doubled", 10, "aab b c d ", "abcd", 0, 0},
        {"starved, then it comes after all", 10, "ab   c d e ", "ab~cde", 0, 0},
        {"starved for as long as was lost", 10, "ab    ef g h ", "ab~~efg", 2, 0},
        {"over the wrap of the sequence number", 65535, "ab c d e ", "abcd", 0, 0},
        {"a jump is another stream", 10, "ab c  ", "abc", 0, 0},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        JitterBuffer buffer;
        std::string takes;
        for (const char* step = row.input; *step != 0; ++step) {
            if (*step == ' ') {
                takes += take(buffer);
            } else {
                put(buffer, row.first + *step - 'a', static_cast<uint8_t>(*step));
            }
        }
        CHECK(takes.substr(0, std::string(row.takes).size()) == row.takes);
        CHECK(buffer.lost() == row.lost);
        CHECK(buffer.late() == row.late);
    }
}

TEST_CASE("a first packet that comes late takes the place of the one that is a whole ring ahead of it") {
    JitterBuffer buffer;
    put(buffer, 10, 'b');
    put(buffer, 73, 'z');
    put(buffer, 9, 'a');
    CHECK(buffer.depth() == 2);
    CHECK(take(buffer) == 'a');
    CHECK(take(buffer) == 'b');
    CHECK(take(buffer) == '~');
    CHECK(buffer.depth() == 0);
}

TEST_CASE("what became of each packet is counted where it is decided") {
    struct Row {
        const char* name;
        const char* input;
        double lost, discarded, expected;
    };
    const Row rows[] = {
        {"all played", "ab c d e ", 0, 0, 4},
        {"one lost", "ab d e f g ", 1, 0, 5},
        {"one late", "ab d e cf g ", 0, 1, 5},
        {"one late before the next is due", "ab d  c e f ", 0, 1, 6},
        {"doubled, then late", "ab bc b d b e ", 0, 0, 4},
        {"starved, then it comes after all", "ab   c d e ", 0, 0, 5},
        {"starved for as long as was lost", "ab    ef g h ", 2, 0, 7},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        JitterBuffer buffer;
        for (const char* step = row.input; *step != 0; ++step) {
            if (*step == ' ') {
                take(buffer);
            } else {
                put(buffer, *step, static_cast<uint8_t>(*step));
            }
        }
        CHECK(buffer.fates().runs().lossRate == doctest::Approx(row.lost / row.expected));
        CHECK(buffer.fates().runs().discardRate == doctest::Approx(row.discarded / row.expected));
    }
}

TEST_CASE("delay that is given back is a discarded packet, and what a jump leaves behind is too") {
    JitterBuffer buffer;
    int sequence = 0;
    for (; sequence < 12; ++sequence) put(buffer, sequence, 'x');
    for (; sequence < 300; ++sequence) {
        take(buffer);
        put(buffer, sequence, 'x');
    }
    const double given = 12.0 - static_cast<double>(buffer.depth());
    CHECK(given > 0);
    CHECK(buffer.fates().runs().lossRate == 0);
    CHECK(buffer.fates().runs().discardRate == doctest::Approx(given / (300.0 - static_cast<double>(buffer.depth()))));
    const double waiting = static_cast<double>(buffer.depth());
    put(buffer, sequence + 100, 'y');
    CHECK(buffer.fates().runs().discardRate == doctest::Approx((given + waiting) / 300));
    put(buffer, sequence + 101, 'y');
    CHECK(take(buffer) == 'y');
    CHECK(buffer.fates().runs().lossRate == doctest::Approx(100.0 / 401));
}

TEST_CASE("a pause is no loss, and another source begins to count anew") {
    JitterBuffer buffer;
    const auto steady = [&](int from, int to) {
        for (int i = from; i < to; ++i) {
            put(buffer, i, 'x');
            take(buffer);
        }
    };
    steady(0, 10);
    buffer.reset();
    steady(500, 520);
    CHECK(buffer.fates().runs().lossRate == 0);
    steady(525, 540);
    CHECK(buffer.fates().runs().lossRate > 0);
    buffer.forget();
    steady(540, 550);
    CHECK(buffer.fates().runs().lossRate == 0);
    CHECK(buffer.fates().runs().gapLength == 9);
}

TEST_CASE("events take a sequence number and no time") {
    JitterBuffer buffer;
    put(buffer, 1, 'a');
    put(buffer, 2, 'b');
    for (int i = 3; i < 8; ++i) put(buffer, i, '!', false);
    put(buffer, 8, 'c');
    CHECK(take(buffer) == 'a');
    CHECK(take(buffer) == 'b');
    CHECK(take(buffer) == 'c');
    CHECK(buffer.lost() == 0);
    CHECK(buffer.fates().runs().gapLength == 8);
    CHECK(buffer.depth() == 0);
}

TEST_CASE("the packet after a gap is offered for error correction") {
    JitterBuffer buffer;
    put(buffer, 1, 'a');
    put(buffer, 3, 'c');
    CHECK(take(buffer) == 'a');
    const auto lost = buffer.take();
    CHECK(lost.kind == Kind::Lost);
    REQUIRE(lost.following.size() == 1);
    CHECK(lost.following[0] == 'c');
    CHECK(lost.payloadType == 8);
    CHECK(take(buffer) == 'c');
}

TEST_CASE("after an outage it goes on within a few packets, whatever was lost") {
    for (const int gap : {3, 10, 50, 100, 3000, 40'000}) {
        CAPTURE(gap);
        JitterBuffer buffer;
        int sequence = 0;
        for (; sequence < 10; ++sequence) {
            put(buffer, sequence, 'x');
            take(buffer);
        }
        for (int i = 0; i < 20; ++i) take(buffer);
        sequence += gap;
        std::string takes;
        for (int i = 0; i < 6; ++i, ++sequence) {
            put(buffer, sequence, 'y');
            takes += take(buffer);
        }
        // A number far behind might be a straggler; five in a row are not.
        CHECK(takes.find('y') <= (gap == 40'000 ? 5 : 1));
        CHECK(takes.find('-') == std::string::npos);
    }
}

TEST_CASE("a source that starts anew without telling is followed after a few packets") {
    JitterBuffer buffer;
    for (int i = 0; i < 20; ++i) {
        put(buffer, 30'000 + i, 'x');
        take(buffer);
    }
    std::string takes;
    for (int i = 0; i < 12; ++i) {
        put(buffer, 100 + i, 'y');
        takes += take(buffer);
    }
    CHECK(takes.find('y') < 8);
}

TEST_CASE("delay that a hiccup left behind is given back") {
    JitterBuffer buffer;
    int sequence = 0;
    for (; sequence < 12; ++sequence) put(buffer, sequence, 'x');
    take(buffer);
    const size_t before = buffer.depth();
    for (int i = 0; i < 1500; ++i, ++sequence) {
        put(buffer, sequence, 'x');
        take(buffer);
    }
    CHECK(before >= 10);
    CHECK(buffer.depth() <= 2);
}

TEST_CASE("a steady stream is played whole, with no packet dropped or concealed") {
    JitterBuffer buffer;
    put(buffer, 0, 0);
    for (int i = 1; i < 20'000; ++i) {
        put(buffer, i, static_cast<uint8_t>(i));
        const auto taken = buffer.take();
        REQUIRE(taken.kind == Kind::Packet);
        REQUIRE(taken.payload[0] == static_cast<uint8_t>(i - 1));
    }
}

TEST_CASE("whatever comes, packets leave in order and none twice") {
    std::mt19937 random(3550);
    for (int round = 0; round < 300; ++round) {
        JitterBuffer buffer;
        std::multimap<int, int> arrivals;
        for (int i = 0; i < 250; ++i) {
            if (random() % 10 == 0) continue;
            arrivals.insert({i + static_cast<int>(random() % 5), i});
            if (random() % 20 == 0) arrivals.insert({i + static_cast<int>(random() % 30), i});
        }
        int last = -1;
        for (int now = 0; now < 300; ++now) {
            const auto [from, to] = arrivals.equal_range(now);
            for (auto arrival = from; arrival != to; ++arrival) {
                put(buffer, arrival->second, static_cast<uint8_t>(arrival->second));
            }
            const auto taken = buffer.take();
            if (taken.kind != Kind::Packet) continue;
            const int played = taken.payload[0];
            CHECK(static_cast<int8_t>(played - last) > 0);
            last = played;
            CHECK(buffer.depth() <= 64);
        }
    }
}
