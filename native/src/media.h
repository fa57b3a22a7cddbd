#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "media_security.h"

namespace offhook {

/** Everything between the PCMs and the codecs runs at this rate, in Hz, mono. */
constexpr unsigned kSampleRate = 48000;

enum class CodecName : uint8_t { Pcma, Pcmu, G722, Opus };

/** A codec as negotiated; `clockRate` is the RTP clock in Hz (RFC 3551: 8000 for G.722; RFC 7587: 48000 for Opus). */
struct Codec {
    CodecName name = CodecName::Pcma;
    uint8_t payloadType = 8;
    uint32_t clockRate = 8000;
};

/** The negotiated telephone-event format (RFC 4733 §2.4). */
struct TelephoneEventFormat {
    uint8_t payloadType = 101;
    uint32_t clockRate = 8000;
};

/** Our own direction (RFC 3264 §5.1). */
enum class Direction : uint8_t { SendRecv, SendOnly, RecvOnly, Inactive };

constexpr bool sends(Direction direction) {
    return direction == Direction::SendRecv || direction == Direction::SendOnly;
}

constexpr bool receives(Direction direction) {
    return direction == Direction::SendRecv || direction == Direction::RecvOnly;
}

/** What was negotiated. The first codec is sent, any of them is received. */
struct RemoteMedia {
    std::string address;
    uint16_t port = 0;
    uint16_t rtcpPort = 0;
    std::vector<Codec> codecs;
    std::optional<TelephoneEventFormat> telephoneEvent;
    /** Packet time in ms. */
    unsigned ptime = 20;
    Direction direction = Direction::SendRecv;
    /** The far end takes VoIP metrics (RFC 3611 §5.1). */
    bool voipMetrics = false;
    /** Nothing: RTP and RTCP are not protected. */
    std::optional<SrtpKeys> security = std::nullopt;
};

/** Where a session listens. RTCP is on `port + 1` (RFC 3550 §11). */
struct LocalMedia {
    std::string address;
    uint16_t port = 0;
    uint32_t ssrc = 0;
    std::string cname;
};

enum class PcmName : uint8_t { Playback, Capture, Ringer };

}  // namespace offhook
