#pragma once

#include "dtls.h"

namespace offhook {

/**
 * DTLS 1.2 on the OpenSSL that Node itself holds: its symbols come from the executable, and no other libssl is linked.
 * Throws std::runtime_error.
 */
std::unique_ptr<DtlsEngine> makeOpenSslDtls();

}  // namespace offhook
