#pragma once

#include <openssl/ssl.h>

#include <memory>

namespace offhook {

struct OpenSslEnd {
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(X509* certificate) const { X509_free(certificate); }
};
template <typename T>
using OpenSsl = std::unique_ptr<T, OpenSslEnd>;

/** A key of P-256 and a certificate that it signed itself. They live in memory alone; the key is wiped at its end. */
struct Certificate {
    OpenSsl<EVP_PKEY> key;
    OpenSsl<X509> certificate;
};

/** Throws std::runtime_error. */
Certificate makeCertificate();

}  // namespace offhook
