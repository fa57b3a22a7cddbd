#include "network_thread.h"

#include <poll.h>

#include <algorithm>

#include "real_time.h"
#include "srtp.h"

namespace offhook {

namespace {

/** How often reports, silence and lost ends of digits are looked after. */
constexpr int kTickMs = 50;
/** While a session waits for the audio thread to let go of it. */
constexpr int kRemovalMs = 2;

}  // namespace

void NetworkThread::start() {
    thread_ = std::thread([this] { run(); });
}

void NetworkThread::stop() {
    stopping_.store(true, std::memory_order_release);
    wake_.signal();
    if (thread_.joinable()) thread_.join();
}

bool NetworkThread::command(const Command& command) {
    const bool queued = commands_.push(command);
    wake_.signal();
    return queued;
}

void NetworkThread::run() {
    // Here it delays nobody; where it fails, the first session with keys is told so.
    [[maybe_unused]] const bool ready = prepareSrtp();
    enterThread("offhook-network", priority_);
    while (!stopping_.load(std::memory_order_acquire)) {
        takeCommands();
        finishRemoved(false);
        for (Session* session : sessions_) session->network().tick(monotonicNs());
        receive();
    }
    takeCommands();
    finishRemoved(true);
}

void NetworkThread::receive() {
    std::vector<pollfd> polled{{wake_.fd(), POLLIN, 0}, {iceWake_.fd(), POLLIN, 0}};
    for (const Session* session : sessions_) {
        polled.push_back({session->sockets().rtp.fd(), POLLIN, 0});
        polled.push_back({session->sockets().rtcp.fd(), POLLIN, 0});
    }
    const int timeout = !removed_.empty() ? kRemovalMs : sessions_.empty() ? -1 : kTickMs;
    if (poll(polled.data(), polled.size(), timeout) <= 0) return;
    if (polled[0].revents != 0) wake_.drain();
    if (polled[1].revents != 0) iceWake_.drain();
    bool flooded = false;
    for (size_t i = 0; i < sessions_.size(); ++i) {
        if (polled[2 + 2 * i].revents != 0) flooded |= sessions_[i]->network().receiveRtp();
        if (polled[3 + 2 * i].revents != 0) flooded |= sessions_[i]->network().receiveRtcp();
        if (polled[1].revents != 0 && sessions_[i]->ice() != nullptr) flooded |= sessions_[i]->network().receiveIce();
    }
    if (flooded) rest();
}

/** Under a flood, the rest of the phone runs too: a real-time thread would keep it from doing so. */
void NetworkThread::rest() {
    const timespec pause{0, kNsPerMs};
    nanosleep(&pause, nullptr);
}

void NetworkThread::takeCommands() {
    for (Command* command = commands_.front(); command != nullptr; command = commands_.front()) {
        if (command->add) {
            sessions_.push_back(command->session);
        } else {
            std::erase(sessions_, command->session);
            removed_.push_back(command->session);
        }
        commands_.pop();
    }
}

/** When stopping, the audio thread has been joined: it holds nothing any more. */
void NetworkThread::finishRemoved(bool stopping) {
    std::erase_if(removed_, [stopping](Session* session) {
        if (!stopping && !session->audioReleased()) return false;
        session->network().goodbye(monotonicNs());
        session->closeSockets();
        session->releaseNetwork();
        return true;
    });
}

}  // namespace offhook
