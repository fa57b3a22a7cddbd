/**
 * After the handshake: a far end of its own OpenSSL, which may be anybody who calls, sends what it likes in datagrams
 * of several records. The association answers or not, tells nothing more, and keeps nothing.
 *
 * It runs inside Node (node_fuzzer.cc), as dtls_fuzz.cc does.
 */
#include <openssl/err.h>
#include <openssl/srtp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

#include "certificate.h"
#include "dtls_openssl.h"
#include "must.h"
#include "rtp.h"
#include "script.h"

/** Of the address sanitizer: octets on the heap now. */
extern "C" size_t __sanitizer_get_current_allocated_bytes();

namespace {

using namespace offhook;
using fuzz::Step;
using Bytes = std::vector<uint8_t>;

/** A few datagrams on their way through OpenSSL, and what it may keep for a flight. */
constexpr size_t kMostKept = 32 * 1024;

struct Stranger {
    Stranger() : context(SSL_CTX_new(DTLS_client_method())) {
        SSL_CTX_use_certificate(context.get(), own.certificate.get());
        SSL_CTX_use_PrivateKey(context.get(), own.key.get());
        SSL_CTX_set_tlsext_use_srtp(context.get(), "SRTP_AEAD_AES_128_GCM");
        SSL_CTX_set_options(context.get(), SSL_OP_NO_QUERY_MTU);
        fingerprint.value.resize(EVP_MAX_MD_SIZE);
        unsigned size = 0;
        X509_digest(own.certificate.get(), EVP_sha256(), fingerprint.value.data(), &size);
        fingerprint.value.resize(size);
    }

    const Certificate own = makeCertificate();
    const OpenSsl<SSL_CTX> context;
    Fingerprint fingerprint{.hash = "sha-256", .value = {}};
};

class Talk : private DtlsListener {
  public:
    Talk(DtlsEngine& engine, Stranger& stranger)
        : ssl_(SSL_new(stranger.context.get())),
          association_(engine.open({.active = false, .fingerprints = {stranger.fingerprint}}, *this)) {
        in_ = BIO_new(BIO_s_dgram_mem());
        out_ = BIO_new(BIO_s_dgram_mem());
        BIO_set_mem_eof_return(in_, -1);
        BIO_set_mem_eof_return(out_, -1);
        SSL_set_bio(ssl_.get(), in_, out_);
        DTLS_set_link_mtu(ssl_.get(), 1200);
        SSL_set_connect_state(ssl_.get());
        for (int turn = 0; turn < 4; ++turn) {
            SSL_do_handshake(ssl_.get());
            for (Bytes datagram = sent(); !datagram.empty(); datagram = sent()) association_->receive(datagram);
        }
        MUST(told_ == 1);
    }

    /** Makes a datagram of records, and sends it, changed or not, so many times. */
    void step(const Step& step) {
        Bytes datagram;
        for (int records = step.at(0) % 32; records >= 0; --records) append(datagram, record(step));
        const bool changed = (step.what & 8) != 0 && !datagram.empty();
        for (size_t at = 2; changed && at + 3 <= step.octets.size(); at += 3) {
            datagram[step.at16(at) % datagram.size()] ^= step.at(at + 2);
        }
        for (int times = step.what >> 4; times >= 0; --times) association_->receive(datagram);
    }

  private:
    Bytes sent() {
        Bytes datagram(kMaxDatagram);
        const int size = BIO_read(out_, datagram.data(), static_cast<int>(datagram.size()));
        datagram.resize(static_cast<size_t>(std::max(size, 0)));
        ERR_clear_error();
        return datagram;
    }

    /** Application data, a goodbye, or octets of no record. */
    Bytes record(const Step& step) {
        switch (step.what & 3) {
            case 0:
            case 1: {
                const Bytes text(std::clamp<size_t>(step.octets.size(), 1, 1000));
                SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
                break;
            }
            case 2: {
                SSL_shutdown(ssl_.get());
                break;
            }
            default:
                return step.octets;
        }
        return sent();
    }

    static void append(Bytes& datagram, const Bytes& record) {
        if (datagram.size() + record.size() > kMaxDatagram) return;
        datagram.insert(datagram.end(), record.begin(), record.end());
    }

    void sendDtls(std::span<const uint8_t> datagram) override {
        BIO_write(in_, datagram.data(), static_cast<int>(datagram.size()));
        if (told_ == 0) return;
        // Nobody reads on: it must not count as kept.
        BIO_reset(in_);
    }
    void onDtlsKeys(const SrtpKeys&) override { ++told_; }
    void onDtlsFailure(DtlsFailure) override { MUST(!"a failure after the keys"); }

    const OpenSsl<SSL> ssl_;
    BIO* in_ = nullptr;
    BIO* out_ = nullptr;
    int told_ = 0;
    const std::unique_ptr<DtlsAssociation> association_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const std::unique_ptr<DtlsEngine> engine = makeOpenSslDtls();
    static Stranger stranger;
    Talk talk(*engine, stranger);
    const std::vector<Step> steps = fuzz::readScript({data, size});
    // The first one brings what OpenSSL makes once.
    if (!steps.empty()) talk.step(steps.front());
    const size_t before = __sanitizer_get_current_allocated_bytes();
    for (const Step& step : steps) talk.step(step);
    MUST(__sanitizer_get_current_allocated_bytes() < before + kMostKept);
    return 0;
}
