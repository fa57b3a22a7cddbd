#pragma once

#include <cstdint>
#include <optional>

#include "socket_address.h"

namespace offhook {

/**
 * Which source of RTP is the far end. The negotiated address is believed at once; another one (a far end behind a NAT)
 * after a few packets in a row, and then no third one, unless the believed one has been silent for long.
 */
class SourceLock {
  public:
    /** Starts anew with a negotiated address. */
    void negotiate(const SocketAddress& address);
    /** Whether a packet from `source` at `now` (monotonic ns) is the far end's. */
    bool accept(const SocketAddress& source, int64_t now);
    /** Whether `source` has the host of the far end, for RTCP. */
    bool knowsHost(const SocketAddress& source) const;

  private:
    SocketAddress negotiated_;
    std::optional<SocketAddress> locked_;
    SocketAddress candidate_;
    unsigned inRow_ = 0;
    int64_t lastAccepted_ = 0;
};

}  // namespace offhook
