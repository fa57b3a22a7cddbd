#include "dtls_openssl.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/srtp.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "certificate.h"
#include "rtp.h"

namespace offhook {

namespace {

/** In the order in which they are offered, and chosen as a server. */
constexpr char kProfiles[] = "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";
constexpr char kCiphers[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384";
/** Fits any path, so that a lost path MTU report never matters. */
constexpr long kLinkMtu = 1200;
/** Retransmission starts with 100 ms, as the path is known to work by now, and doubles up to 2 s. */
constexpr unsigned kFirstTimeout = 100'000;
constexpr unsigned kLastTimeout = 2'000'000;
/** RFC 5764 §4.2. */
constexpr char kExporterLabel[] = "EXTRACTOR-dtls_srtp";

/** The hash functions that count, the strongest first (RFC 8122 §5; SHA-1 and older are not believed). */
struct Hash {
    const char* name;
    const EVP_MD* (*digest)();
};
constexpr Hash kHashes[] = {{"sha-512", EVP_sha512}, {"sha-384", EVP_sha384}, {"sha-256", EVP_sha256}};

std::vector<uint8_t> digestOf(const X509* certificate, const EVP_MD* digest) {
    std::vector<uint8_t> value(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    if (X509_digest(certificate, digest, value.data(), &size) != 1) size = 0;
    value.resize(size);
    return value;
}

/** By the strongest hash that signalling used: whoever can break a weaker one gains nothing. */
bool matches(const X509* certificate, const std::vector<Fingerprint>& fingerprints) {
    for (const Hash& hash : kHashes) {
        const auto named = [&](const Fingerprint& given) { return given.hash == hash.name; };
        if (std::none_of(fingerprints.begin(), fingerprints.end(), named)) continue;
        const std::vector<uint8_t> value = digestOf(certificate, hash.digest());
        return !value.empty() && std::any_of(fingerprints.begin(), fingerprints.end(), [&](const Fingerprint& given) {
            return named(given) && given.value == value;
        });
    }
    return false;
}

std::optional<SrtpSuite> suiteOf(const SRTP_PROTECTION_PROFILE* profile) {
    if (profile == nullptr) return std::nullopt;
    switch (profile->id) {
        case SRTP_AEAD_AES_128_GCM:
            return SrtpSuite::AeadAes128Gcm;
        case SRTP_AEAD_AES_256_GCM:
            return SrtpSuite::AeadAes256Gcm;
        case SRTP_AES128_CM_SHA1_80:
            return SrtpSuite::AesCm128HmacSha1_80;
        default:
            return std::nullopt;
    }
}

constexpr size_t masterKeySizeOf(SrtpSuite suite) {
    return suite == SrtpSuite::AeadAes256Gcm ? 32 : 16;
}

class OpenSslAssociation : public DtlsAssociation {
  public:
    OpenSslAssociation(SSL_CTX* context, const DtlsRemote& remote, DtlsListener& listener)
        : remote_(remote), listener_(listener), ssl_(SSL_new(context)) {
        BIO* const in = BIO_new(BIO_s_dgram_mem());
        out_ = BIO_new(BIO_s_dgram_mem());
        if (!ssl_ || in == nullptr || out_ == nullptr) {
            BIO_free(in);
            BIO_free(out_);
            throw std::bad_alloc();
        }
        BIO_set_mem_eof_return(in, -1);
        BIO_set_mem_eof_return(out_, -1);
        SSL_set_bio(ssl_.get(), in, out_);
        in_ = in;
        SSL_set_app_data(ssl_.get(), this);
        DTLS_set_link_mtu(ssl_.get(), kLinkMtu);
        DTLS_set_timer_cb(ssl_.get(), nextTimeout);
        if (remote.active) {
            SSL_set_connect_state(ssl_.get());
        } else {
            SSL_set_accept_state(ssl_.get());
        }
    }

    ~OpenSslAssociation() override {
        if (!done_) return;
        // The close_notify is the last that goes.
        [[maybe_unused]] const int ignored = SSL_shutdown(ssl_.get());
        flush();
        ERR_clear_error();
    }

    void start() override { step(); }

    void receive(std::span<const uint8_t> datagram) override {
        if (failed_) return;
        if (BIO_write(in_, datagram.data(), static_cast<int>(datagram.size())) <= 0) return ERR_clear_error();
        step();
    }

    std::optional<int64_t> timeout() const override {
        timeval left{};
        if (failed_ || DTLSv1_get_timeout(ssl_.get(), &left) != 1) return std::nullopt;
        return left.tv_sec * int64_t{1000} + (left.tv_usec + 999) / 1000;
    }

    void expire() override {
        if (failed_) return;
        const bool given_up = DTLSv1_handle_timeout(ssl_.get()) < 0;
        flush();
        ERR_clear_error();
        if (given_up) fail(DtlsFailure::Handshake);
    }

    /** OpenSSL asks about the certificate before it believes the handshake. */
    static int verify(X509_STORE_CTX* store, void*) {
        const auto* const ssl =
            static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
        auto& self = *static_cast<OpenSslAssociation*>(SSL_get_app_data(ssl));
        const X509* const certificate = X509_STORE_CTX_get0_cert(store);
        if (certificate != nullptr && matches(certificate, self.remote_.fingerprints)) return 1;
        self.mismatch_ = true;
        X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
        return 0;
    }

  private:
    /** In microseconds. */
    static unsigned nextTimeout(SSL*, unsigned last) {
        return last == 0 ? kFirstTimeout : std::min(2 * last, kLastTimeout);
    }

    void step() {
        if (failed_) return;
        ERR_clear_error();
        const int result = done_ ? readAway() : SSL_do_handshake(ssl_.get());
        const int error = SSL_get_error(ssl_.get(), result);
        flush();
        ERR_clear_error();
        if (done_) return;
        if (result == 1) return finish();
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
        fail(mismatch_ ? DtlsFailure::FingerprintMismatch : DtlsFailure::Handshake);
    }

    /** Application data means nothing to us. A datagram has many records, and what is left of it would pile up. */
    int readAway() {
        std::array<uint8_t, kMaxDatagram> ignored;
        int result = 0;
        do result = SSL_read(ssl_.get(), ignored.data(), ignored.size());
        while (result > 0);
        return result;
    }

    void flush() {
        std::array<uint8_t, 2048> datagram;
        for (int size = BIO_read(out_, datagram.data(), datagram.size()); size > 0;
             size = BIO_read(out_, datagram.data(), datagram.size())) {
            listener_.sendDtls(std::span(datagram).first(static_cast<size_t>(size)));
        }
    }

    void fail(DtlsFailure failure) {
        failed_ = true;
        listener_.onDtlsFailure(failure);
    }

    /** Keys of client and server, then their salts (RFC 5764 §4.2). */
    void finish() {
        const std::optional<SrtpSuite> suite = suiteOf(SSL_get_selected_srtp_profile(ssl_.get()));
        if (!suite) return fail(DtlsFailure::Handshake);
        std::array<uint8_t, 2 * SrtpKey::kMaxSize> material;
        const size_t key = masterKeySizeOf(*suite);
        const size_t salt = keySizeOf(*suite) - key;
        const bool exported = SSL_export_keying_material(ssl_.get(), material.data(), 2 * (key + salt), kExporterLabel,
                                                         sizeof kExporterLabel - 1, nullptr, 0, 0) == 1;
        if (exported) {
            done_ = true;
            const SrtpKey client = keyAt(material, 0, {key, salt});
            const SrtpKey server = keyAt(material, 1, {key, salt});
            OPENSSL_cleanse(material.data(), material.size());
            listener_.onDtlsKeys({.suite = *suite,
                                  .send = remote_.active ? client : server,
                                  .receive = remote_.active ? server : client});
        } else {
            fail(DtlsFailure::Handshake);
        }
    }

    struct Sizes {
        size_t key;
        size_t salt;
    };

    static SrtpKey keyAt(std::span<const uint8_t> material, size_t side, Sizes sizes) {
        std::array<uint8_t, SrtpKey::kMaxSize> octets;
        const auto key = material.subspan(side * sizes.key, sizes.key);
        const auto salt = material.subspan(2 * sizes.key + side * sizes.salt, sizes.salt);
        std::copy(salt.begin(), salt.end(), std::copy(key.begin(), key.end(), octets.begin()));
        const SrtpKey made(std::span<const uint8_t>(octets).first(sizes.key + sizes.salt));
        OPENSSL_cleanse(octets.data(), octets.size());
        return made;
    }

    const DtlsRemote remote_;
    DtlsListener& listener_;
    const OpenSsl<SSL> ssl_;
    // Both are the SSL's.
    BIO* in_ = nullptr;
    BIO* out_ = nullptr;
    bool mismatch_ = false;
    bool done_ = false;
    bool failed_ = false;
};

class OpenSslDtls : public DtlsEngine {
  public:
    OpenSslDtls() : context_(SSL_CTX_new(DTLS_method())) {
        const Certificate own = makeCertificate();
        SSL_CTX* const context = context_.get();
        // SSL_CTX_set_tlsext_use_srtp is the one that answers 0 for success.
        const bool complete = context != nullptr && SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1 &&
                              SSL_CTX_set_cipher_list(context, kCiphers) == 1 &&
                              SSL_CTX_set_tlsext_use_srtp(context, kProfiles) == 0 &&
                              SSL_CTX_use_certificate(context, own.certificate.get()) == 1 &&
                              SSL_CTX_use_PrivateKey(context, own.key.get()) == 1;
        ERR_clear_error();
        if (!complete) throw std::runtime_error("DTLS cannot be set up");
        SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
        SSL_CTX_set_cert_verify_callback(context, OpenSslAssociation::verify, nullptr);
        SSL_CTX_set_read_ahead(context, 1);
        fingerprint_ = {.hash = "sha-256", .value = digestOf(own.certificate.get(), EVP_sha256())};
    }

    const Fingerprint& fingerprint() const override { return fingerprint_; }
    std::unique_ptr<DtlsAssociation> open(const DtlsRemote& remote, DtlsListener& listener) override {
        return std::make_unique<OpenSslAssociation>(context_.get(), remote, listener);
    }

  private:
    const OpenSsl<SSL_CTX> context_;
    Fingerprint fingerprint_;
};

}  // namespace

std::unique_ptr<DtlsEngine> makeOpenSslDtls() {
    return std::make_unique<OpenSslDtls>();
}

}  // namespace offhook
