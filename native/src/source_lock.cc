#include "source_lock.h"

#include "clock.h"

namespace offhook {

namespace {

constexpr unsigned kPacketsToLock = 4;
/** A far end that moved without telling is believed after this silence. */
constexpr int64_t kForget = 5 * kNsPerSecond;

}  // namespace

void SourceLock::negotiate(const SocketAddress& address) {
    if (negotiated_ == address) return;
    *this = SourceLock{};
    negotiated_ = address;
}

bool SourceLock::accept(const SocketAddress& source, int64_t now) {
    if (locked_ && now - lastAccepted_ > kForget) locked_.reset();
    if (source == negotiated_) {
        locked_ = source;
    } else if (!locked_) {
        inRow_ = source == candidate_ ? inRow_ + 1 : 1;
        candidate_ = source;
        if (inRow_ >= kPacketsToLock) locked_ = source;
        if (!locked_) return false;
    }
    if (!(*locked_ == source)) return false;
    inRow_ = 0;
    lastAccepted_ = now;
    return true;
}

bool SourceLock::knowsHost(const SocketAddress& source) const {
    return source.sameHost(negotiated_) || (locked_ && source.sameHost(*locked_));
}

}  // namespace offhook
