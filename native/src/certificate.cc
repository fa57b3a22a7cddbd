#include "certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <stdexcept>

namespace offhook {

namespace {

/** The clock of a phone may be wrong, and the fingerprint alone is trusted: longer than a process lives, both ways. */
constexpr long kYears = 10L * 365 * 24 * 3600;

bool setNames(X509* certificate) {
    // It says nothing of whose phone it is: DTLS 1.2 sends it in clear.
    X509_NAME* const name = X509_get_subject_name(certificate);
    const auto* const text = reinterpret_cast<const unsigned char*>("phone");
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1;
}

bool setSerial(X509* certificate) {
    uint64_t serial = 0;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return false;
    return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1) == 1;
}

}  // namespace

Certificate makeCertificate() {
    Certificate made{.key = OpenSsl<EVP_PKEY>(EVP_EC_gen("P-256")), .certificate = OpenSsl<X509>(X509_new())};
    X509* const certificate = made.certificate.get();
    const bool complete = made.key && certificate != nullptr && X509_set_version(certificate, X509_VERSION_3) == 1 &&
                          setSerial(certificate) && setNames(certificate) &&
                          X509_gmtime_adj(X509_getm_notBefore(certificate), -kYears) != nullptr &&
                          X509_gmtime_adj(X509_getm_notAfter(certificate), kYears) != nullptr &&
                          X509_set_pubkey(certificate, made.key.get()) == 1 &&
                          X509_sign(certificate, made.key.get(), EVP_sha256()) > 0;
    ERR_clear_error();
    if (!complete) throw std::runtime_error("the certificate cannot be made");
    return made;
}

}  // namespace offhook
