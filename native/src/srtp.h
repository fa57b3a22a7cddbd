#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>

#include "media_security.h"

struct srtp_ctx_t_;

namespace offhook {

/** Room that a packet needs behind it to be protected: the longest tag, and of RTCP the index. */
constexpr size_t kSrtpTrailer = 16 + 4;

/** libsrtp refuses: it cannot be set up, or it is out of memory. */
class SrtpError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/**
 * Sets libsrtp up, once for the process and for good; whether that worked. The first call takes tens of milliseconds,
 * for which a concurrent one waits. Any thread.
 */
bool prepareSrtp();

struct SrtpContextEnd {
    void operator()(srtp_ctx_t_* context) const;
};
/** libsrtp wipes what it derived when a context ends. */
using SrtpContext = std::unique_ptr<srtp_ctx_t_, SrtpContextEnd>;

/**
 * Protects the packets of one SSRC: RTP or RTCP, or both, by one thread. Two of these may share a key where one sends
 * the RTP and the other the RTCP, since their keystreams differ (RFC 3711 §4.3.2).
 */
class SrtpSender {
  public:
    /** Throws SrtpError. */
    SrtpSender(SrtpSuite suite, const SrtpKey& key, uint32_t ssrc);

    /**
     * Protects in place the packet of `size` octets at the start of `buffer`, which is aligned to 4 octets and has
     * kSrtpTrailer octets of room behind it. Its size then, 0: it MUST NOT be sent. Allocates nothing of ours.
     */
    size_t protectRtp(std::span<uint8_t> buffer, size_t size);
    /** The same for a compound RTCP packet. */
    size_t protectRtcp(std::span<uint8_t> buffer, size_t size);

  private:
    SrtpContext context_;
};

/** What a received packet turned out to be. */
enum class SrtpVerdict : uint8_t {
    Authentic,
    /** The authentication tag is wrong. */
    Unauthentic,
    /** Received already, or older than the replay window (RFC 3711 §3.3.2). */
    Replayed,
    /** Too short to be SRTP, or not what its header announces. */
    Malformed,
};

struct Unprotected {
    SrtpVerdict verdict = SrtpVerdict::Malformed;
    /** Octets of the packet without the protection; only where it is authentic. */
    size_t size = 0;
};

/** Checks and decrypts what comes from a far end, RTP and RTCP of any SSRC. One thread. */
class SrtpReceiver {
  public:
    /** Sources that a far end may have under one key: each has its replay window, which must not be forgotten. */
    static constexpr size_t kMaxSources = 256;

    /** Throws SrtpError. */
    SrtpReceiver(SrtpSuite suite, const SrtpKey& key);

    /** In place; `packet` is aligned to 4 octets. What is not authentic changes nothing but its own octets. */
    Unprotected unprotectRtp(std::span<uint8_t> packet);
    Unprotected unprotectRtcp(std::span<uint8_t> packet);

  private:
    using Unprotect = int (*)(srtp_ctx_t_*, uint8_t*, int*);
    Unprotected unprotect(std::span<uint8_t> packet, size_t ssrcAt, Unprotect unprotect);
    bool knows(uint32_t ssrc) const;

    SrtpContext context_;
    /** Shortest RTP packet in octets. */
    const size_t leastRtp_;
    std::array<uint32_t, kMaxSources> sources_{};
    size_t count_ = 0;
};

/** The streams of one negotiation. They are null where nothing is protected. */
struct SrtpStreams {
    /** The audio thread's. */
    std::shared_ptr<SrtpSender> sendsRtp;
    /** The network thread's. */
    std::shared_ptr<SrtpSender> sendsRtcp;
    /** The network thread's. */
    std::shared_ptr<SrtpReceiver> receives;
};

/**
 * The streams of a session from one negotiation to the next; belongs to JavaScript's thread. Where a key is the same as
 * before, its streams go on with their rollover counter and replay window, also after a time without protection: to
 * begin anew under the same key would use a keystream twice (RFC 3711 §9.1).
 */
class SrtpNegotiation {
  public:
    explicit SrtpNegotiation(uint32_t ssrc) : ssrc_(ssrc) {}

    /** Streams for `keys`; throws SrtpError, and changes nothing then. */
    SrtpStreams negotiate(const std::optional<SrtpKeys>& keys);

  private:
    const uint32_t ssrc_;
    std::optional<SrtpKeys> keys_;
    SrtpStreams streams_;
};

}  // namespace offhook
