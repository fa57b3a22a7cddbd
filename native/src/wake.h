#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "clock.h"

namespace offhook {

/** Wakes a thread out of poll: an eventfd. signal() neither blocks nor allocates. */
class Wake {
  public:
    Wake() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
        if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    ~Wake() { close(fd_); }
    Wake(const Wake&) = delete;
    Wake& operator=(const Wake&) = delete;

    int fd() const { return fd_; }

    void signal() {
        const uint64_t one = 1;
        // EAGAIN would mean that 2^64 - 2 signals wait already: the thread is being woken anyhow.
        [[maybe_unused]] const ssize_t ignored = write(fd_, &one, sizeof one);
    }

    void drain() {
        uint64_t count = 0;
        // EAGAIN: nobody signalled.
        [[maybe_unused]] const ssize_t ignored = read(fd_, &count, sizeof count);
    }

    /** Sleeps until signalled or until `deadline` (monotonic ns; negative: no deadline), then drains. */
    void wait(int64_t deadline) {
        pollfd waited{fd_, POLLIN, 0};
        timespec timeout{};
        if (deadline >= 0) {
            const int64_t left = deadline - monotonicNs();
            if (left > 0) timeout = {left / kNsPerSecond, left % kNsPerSecond};
        }
        if (ppoll(&waited, 1, deadline >= 0 ? &timeout : nullptr, nullptr) > 0) drain();
    }

  private:
    const int fd_;
};

}  // namespace offhook
