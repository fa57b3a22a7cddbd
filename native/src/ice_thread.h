#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "dtls.h"
#include "event_queue.h"
#include "ice.h"
#include "ice_agent.h"
#include "wake.h"

namespace offhook {

class IceSession;
class Session;

/**
 * The ice thread: the agents of libnice and the DTLS associations of all sessions, in one main loop of GLib's that is
 * no other's. It makes the certificate first. Commands are for JavaScript's thread, and done in their order.
 */
class IceThread {
  public:
    /** Starts. `makeDtls` may be empty: no keys are agreed by DTLS then. Throws std::system_error. */
    IceThread(EventQueue& events, DtlsEngineMaker makeDtls, bool favoured);
    ~IceThread();
    IceThread(const IceThread&) = delete;
    IceThread& operator=(const IceThread&) = delete;

    /** Signalled for datagrams to a relay, and when the network thread has let go of a session. */
    Wake& wake() { return wake_; }
    /** Of our certificate; the first call waits a few milliseconds until it is made. Throws std::runtime_error. */
    Fingerprint fingerprint() { return fingerprint_.get(); }

    /** Gathers. The session MUST live until its link is released. */
    void add(Session& session, IceOptions options, IceCredentials local, IceTransport transport);
    void start(int session, IceRemote remote);
    void addCandidates(int session, std::vector<IceCandidate> candidates, bool complete);
    void restart(int session, IceCredentials local, std::vector<std::string> addresses);
    /** Lets go of the session once the network thread has. */
    void remove(int session);
    /** Joins. Gives back what relays hold, for which it waits a moment. Does nothing the second time. */
    void stop();

  private:
    using Command = std::function<void()>;

    void post(Command command);
    void onSession(int id, std::function<void(IceSession&)> act);
    void makeCertificate();
    void run();
    void work();
    void takeCommands();
    void finishRemoved(bool stopping);
    void awaitRelays();
    void end(int session);

    EventQueue& events_;
    const DtlsEngineMaker makeDtls_;
    const bool favoured_;
    Wake wake_;
    std::mutex mutex_;
    std::deque<Command> commands_;
    std::promise<Fingerprint> made_;
    std::shared_future<Fingerprint> fingerprint_{made_.get_future()};
    std::atomic<bool> stopping_{false};
    // The thread's own.
    IceLoop loop_;
    std::unique_ptr<DtlsEngine> dtls_;
    std::map<int, std::unique_ptr<IceSession>> sessions_;
    std::vector<int> removed_;
    std::thread thread_;
};

}  // namespace offhook
