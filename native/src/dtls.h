#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "media_security.h"

namespace offhook {

/** Digest of a certificate (RFC 8122 §5); `hash` as its registry writes it, for instance "sha-256". */
struct Fingerprint {
    std::string hash;
    std::vector<uint8_t> value;

    bool operator==(const Fingerprint&) const = default;
};

/** What was agreed about DTLS (RFC 5763 §5). */
struct DtlsRemote {
    /** Our role: active sends the ClientHello. */
    bool active = false;
    /** Of the far end's certificate. One that matches, of the strongest hash given, is enough. */
    std::vector<Fingerprint> fingerprints;

    bool operator==(const DtlsRemote&) const = default;
};

enum class DtlsFailure : uint8_t {
    /** The certificate is not the one that signalling named: somebody is in between. */
    FingerprintMismatch,
    /** The handshake failed, or was not over in time. */
    Handshake,
};

/** Hears an association, on the thread that works it. It MUST NOT end the association from within a call. */
class DtlsListener {
  public:
    virtual ~DtlsListener() = default;
    virtual void sendDtls(std::span<const uint8_t> datagram) = 0;
    virtual void onDtlsKeys(const SrtpKeys& keys) = 0;
    virtual void onDtlsFailure(DtlsFailure failure) = 0;
};

/** One DTLS association (RFC 6347) whose exporter gives the keys of SRTP (RFC 5764). One thread. */
class DtlsAssociation {
  public:
    virtual ~DtlsAssociation() = default;
    /** Starts the handshake. */
    virtual void start() = 0;
    virtual void receive(std::span<const uint8_t> datagram) = 0;
    /** Milliseconds until expire() is due, nothing when no timer runs. */
    virtual std::optional<int64_t> timeout() const = 0;
    virtual void expire() = 0;
};

/** The engine's certificate and what associations need of a library. One thread but for the fingerprint. */
class DtlsEngine {
  public:
    virtual ~DtlsEngine() = default;
    /** SHA-256 of our certificate. */
    virtual const Fingerprint& fingerprint() const = 0;
    /** The listener outlives the association. */
    virtual std::unique_ptr<DtlsAssociation> open(const DtlsRemote& remote, DtlsListener& listener) = 0;
};

/** Makes the certificate. Throws std::runtime_error. */
using DtlsEngineMaker = std::function<std::unique_ptr<DtlsEngine>()>;

}  // namespace offhook
