#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "audio_plan.h"
#include "session.h"
#include "spsc_ring.h"
#include "wake.h"

namespace offhook {

/** The network thread: polls the sockets of all sessions, and lets go of a session after the audio thread did. */
class NetworkThread {
  public:
    /** SCHED_FIFO `priority`, 0: do not ask. A packet that waits for the processor is late as on any other hop. */
    explicit NetworkThread(int priority) : priority_(priority) {}
    ~NetworkThread() { stop(); }
    NetworkThread(const NetworkThread&) = delete;
    NetworkThread& operator=(const NetworkThread&) = delete;

    void start();
    /** Joins. Sessions that are being removed have said goodbye by then. Does nothing the second time. */
    void stop();
    /** False when too many commands wait. */
    bool add(Session& session) { return command({&session, true}); }
    bool remove(Session& session) { return command({&session, false}); }
    void wake() { wake_.signal(); }
    /** Signalled by the ice thread for datagrams that it hands over. */
    Wake& iceWake() { return iceWake_; }

  private:
    struct Command {
        Session* session = nullptr;
        bool add = false;
    };

    bool command(const Command& command);
    void run();
    void takeCommands();
    void receive();
    void rest();
    void finishRemoved(bool stopping);

    const int priority_;
    Wake wake_;
    Wake iceWake_;
    SpscRing<Command> commands_{4 * kMaxSessions};
    std::vector<Session*> sessions_;
    std::vector<Session*> removed_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace offhook
