#include "srtp.h"

#include <srtp2/srtp.h>

#include <algorithm>
#include <string>

#include "bytes.h"
#include "rtp.h"

namespace offhook {

namespace {

constexpr size_t kRtpSsrcAt = 8;
constexpr size_t kRtcpSsrcAt = 4;

/** Octets of RTP's authentication tag. */
size_t tagSizeOf(SrtpSuite suite) {
    switch (suite) {
        case SrtpSuite::AesCm128HmacSha1_80:
            return 10;
        case SrtpSuite::AesCm128HmacSha1_32:
            return 4;
        case SrtpSuite::AeadAes128Gcm:
        case SrtpSuite::AeadAes256Gcm:
            return 16;
    }
    return 0;
}

/** Tags of RTCP have 80 bits even where those of RTP have 32 (RFC 4568 §6.2.2). */
void setSuite(srtp_policy_t& policy, SrtpSuite suite) {
    switch (suite) {
        case SrtpSuite::AesCm128HmacSha1_80: {
            srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
            srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
            break;
        }
        case SrtpSuite::AesCm128HmacSha1_32: {
            srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy.rtp);
            srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
            break;
        }
        case SrtpSuite::AeadAes128Gcm: {
            srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
            srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
            break;
        }
        case SrtpSuite::AeadAes256Gcm: {
            srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
            srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
            break;
        }
    }
}

SrtpContext contextOf(SrtpSuite suite, const SrtpKey& key, srtp_ssrc_t ssrc) {
    if (!prepareSrtp()) throw SrtpError("libsrtp cannot be set up");
    if (key.octets().size() != keySizeOf(suite)) throw SrtpError("the length of the key is not the suite's");
    // libsrtp wants the key writable, though it only reads it.
    SrtpKey copy = key;
    srtp_policy_t policy{};
    setSuite(policy, suite);
    policy.ssrc = ssrc;
    policy.key = const_cast<unsigned char*>(copy.octets().data());
    srtp_t context = nullptr;
    const srtp_err_status_t status = srtp_create(&context, &policy);
    if (status != srtp_err_status_ok) throw SrtpError("libsrtp error " + std::to_string(status));
    return SrtpContext(context);
}

SrtpVerdict verdictOf(int status) {
    switch (status) {
        case srtp_err_status_ok:
            return SrtpVerdict::Authentic;
        case srtp_err_status_replay_fail:
        case srtp_err_status_replay_old:
        case srtp_err_status_pkt_idx_old:
            return SrtpVerdict::Replayed;
        case srtp_err_status_bad_param:
        case srtp_err_status_parse_err:
            return SrtpVerdict::Malformed;
        default:
            return SrtpVerdict::Unauthentic;
    }
}

}  // namespace

bool prepareSrtp() {
    static const bool ready = srtp_init() == srtp_err_status_ok;
    return ready;
}

void SrtpContextEnd::operator()(srtp_ctx_t_* context) const {
    // It fails only for what was never a context.
    [[maybe_unused]] const srtp_err_status_t ignored = srtp_dealloc(context);
}

// A stream of its own rather than a template for any: that would be copied at the first packet, on the audio thread.
SrtpSender::SrtpSender(SrtpSuite suite, const SrtpKey& key, uint32_t ssrc)
    : context_(contextOf(suite, key, {.type = ssrc_specific, .value = ssrc})) {}

size_t SrtpSender::protectRtp(std::span<uint8_t> buffer, size_t size) {
    if (buffer.size() < size + kSrtpTrailer) return 0;
    int length = static_cast<int>(size);
    return srtp_protect(context_.get(), buffer.data(), &length) == srtp_err_status_ok ? static_cast<size_t>(length) : 0;
}

size_t SrtpSender::protectRtcp(std::span<uint8_t> buffer, size_t size) {
    if (buffer.size() < size + kSrtpTrailer) return 0;
    int length = static_cast<int>(size);
    const srtp_err_status_t status = srtp_protect_rtcp(context_.get(), buffer.data(), &length);
    return status == srtp_err_status_ok ? static_cast<size_t>(length) : 0;
}

SrtpReceiver::SrtpReceiver(SrtpSuite suite, const SrtpKey& key)
    : context_(contextOf(suite, key, {.type = ssrc_any_inbound, .value = 0})),
      leastRtp_(kRtpHeaderSize + tagSizeOf(suite)) {}

Unprotected SrtpReceiver::unprotectRtp(std::span<uint8_t> packet) {
    // libsrtp takes what is shorter for a wrong tag in some suites.
    if (packet.size() < leastRtp_) return {};
    return unprotect(packet, kRtpSsrcAt, [](srtp_ctx_t_* context, uint8_t* octets, int* length) -> int {
        return srtp_unprotect(context, octets, length);
    });
}

Unprotected SrtpReceiver::unprotectRtcp(std::span<uint8_t> packet) {
    return unprotect(packet, kRtcpSsrcAt, [](srtp_ctx_t_* context, uint8_t* octets, int* length) -> int {
        return srtp_unprotect_rtcp(context, octets, length);
    });
}

Unprotected SrtpReceiver::unprotect(std::span<uint8_t> packet, size_t ssrcAt, Unprotect unprotect) {
    if (packet.size() < ssrcAt + 4) return {};
    const uint32_t ssrc = readU32(packet, ssrcAt);
    const bool known = knows(ssrc);
    if (!known && count_ == sources_.size()) return {.verdict = SrtpVerdict::Unauthentic};
    int length = static_cast<int>(packet.size());
    const SrtpVerdict verdict = verdictOf(unprotect(context_.get(), packet.data(), &length));
    if (verdict != SrtpVerdict::Authentic) return {.verdict = verdict};
    if (!known) sources_[count_++] = ssrc;
    return {.verdict = verdict, .size = static_cast<size_t>(length)};
}

/** The newest first: it is nearly always the one. */
bool SrtpReceiver::knows(uint32_t ssrc) const {
    for (size_t i = count_; i > 0; --i) {
        if (sources_[i - 1] == ssrc) return true;
    }
    return false;
}

SrtpStreams SrtpNegotiation::negotiate(const std::optional<SrtpKeys>& keys) {
    if (!keys) return {};
    const bool sameSuite = keys_ && keys_->suite == keys->suite;
    SrtpStreams next = streams_;
    if (!sameSuite || !(keys_->send == keys->send)) {
        next.sendsRtp = std::make_shared<SrtpSender>(keys->suite, keys->send, ssrc_);
        next.sendsRtcp = std::make_shared<SrtpSender>(keys->suite, keys->send, ssrc_);
    }
    if (!sameSuite || !(keys_->receive == keys->receive)) {
        next.receives = std::make_shared<SrtpReceiver>(keys->suite, keys->receive);
    }
    keys_ = keys;
    streams_ = next;
    return next;
}

}  // namespace offhook
