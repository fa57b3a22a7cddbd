#include "ice_thread.h"

#include <glib-unix.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "clock.h"
#include "ice_session.h"
#include "real_time.h"

namespace offhook {

namespace {

/** How long relays may take to give back what they hold when the thread ends. */
constexpr int64_t kFarewell = 200 * kNsPerMs;
constexpr unsigned kFarewellTickMs = 10;
/** Before JavaScript's own thread, and yet never instead of it as a real-time class would be under a flood. */
constexpr int kNiceness = -10;

}  // namespace

IceThread::IceThread(EventQueue& events, DtlsEngineMaker makeDtls, bool favoured)
    : events_(events), makeDtls_(std::move(makeDtls)), favoured_(favoured) {
    thread_ = std::thread([this] { run(); });
}

IceThread::~IceThread() {
    stop();
}

void IceThread::post(Command command) {
    {
        const std::lock_guard lock(mutex_);
        commands_.push_back(std::move(command));
    }
    wake_.signal();
}

/** Nothing happens where the session has ended meanwhile. */
void IceThread::onSession(int id, std::function<void(IceSession&)> act) {
    post([this, id, act = std::move(act)] {
        const auto found = sessions_.find(id);
        if (found != sessions_.end()) act(*found->second);
    });
}

void IceThread::add(Session& session, IceOptions options, IceCredentials local, IceTransport transport) {
    post([this, &session, options = std::move(options), local = std::move(local), transport] {
        auto made = std::make_unique<IceSession>(
            IceSession::Context{
                .loop = loop_, .dtls = dtls_.get(), .events = events_, .session = session, .transport = transport},
            options);
        IceSession& added = *(sessions_[session.id()] = std::move(made));
        added.gather(local);
    });
}

void IceThread::start(int session, IceRemote remote) {
    onSession(session, [remote = std::move(remote)](IceSession& found) { found.start(remote); });
}

void IceThread::addCandidates(int session, std::vector<IceCandidate> candidates, bool complete) {
    onSession(session, [candidates = std::move(candidates), complete](IceSession& found) {
        found.addCandidates(candidates, complete);
    });
}

void IceThread::restart(int session, IceCredentials local, std::vector<std::string> addresses) {
    onSession(session, [local = std::move(local), addresses = std::move(addresses)](IceSession& found) {
        found.restart(local, addresses);
    });
}

void IceThread::remove(int session) {
    post([this, session] { removed_.push_back(session); });
}

void IceThread::stop() {
    stopping_.store(true, std::memory_order_release);
    wake_.signal();
    if (thread_.joinable()) thread_.join();
}

void IceThread::makeCertificate() {
    try {
        if (!makeDtls_) throw std::runtime_error("no DTLS");
        dtls_ = makeDtls_();
        made_.set_value(dtls_->fingerprint());
    } catch (const std::exception&) {
        made_.set_exception(std::current_exception());
    }
}

void IceThread::run() {
    enterThread("offhook-ice", 0);
    // Where it is refused, the thread runs as any other.
    if (favoured_) setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
    makeCertificate();
    loop_.context = g_main_context_new();
    g_main_context_push_thread_default(loop_.context);
    GSource* const source = g_unix_fd_source_new(wake_.fd(), G_IO_IN);
    const GUnixFDSourceFunc onWake = [](gint, GIOCondition, gpointer self) -> gboolean {
        static_cast<IceThread*>(self)->work();
        return G_SOURCE_CONTINUE;
    };
    g_source_set_callback(source, G_SOURCE_FUNC(onWake), this, nullptr);
    g_source_attach(source, loop_.context);
    while (!stopping_.load(std::memory_order_acquire)) {
        g_main_context_iteration(loop_.context, TRUE);
        for (auto& [id, session] : sessions_) session->discard(monotonicNs());
    }
    takeCommands();
    finishRemoved(true);
    awaitRelays();
    g_source_destroy(source);
    g_source_unref(source);
    g_main_context_pop_thread_default(loop_.context);
    g_main_context_unref(loop_.context);
    dtls_.reset();
}

/** The loop turns once more where there was no relay: libnice has idle work of its own to end. */
void IceThread::awaitRelays() {
    const int64_t until = monotonicNs() + kFarewell;
    GSource* const tick = g_timeout_source_new(kFarewellTickMs);
    g_source_set_callback(
        tick, [](gpointer) -> gboolean { return G_SOURCE_CONTINUE; }, nullptr, nullptr);
    g_source_attach(tick, loop_.context);
    do {
        g_main_context_iteration(loop_.context, loop_.closing > 0 ? TRUE : FALSE);
    } while (loop_.closing > 0 && monotonicNs() < until);
    g_source_destroy(tick);
    g_source_unref(tick);
}

/** Woken. */
void IceThread::work() {
    wake_.drain();
    takeCommands();
    for (auto& [id, session] : sessions_) session->relay();
    finishRemoved(false);
}

void IceThread::takeCommands() {
    std::deque<Command> commands;
    {
        const std::lock_guard lock(mutex_);
        commands.swap(commands_);
    }
    for (const Command& command : commands) command();
}

/** When stopping, the other threads have been joined: they hold nothing any more. */
void IceThread::finishRemoved(bool stopping) {
    if (stopping) {
        while (!sessions_.empty()) end(sessions_.begin()->first);
        return;
    }
    std::erase_if(removed_, [this](int id) {
        const auto found = sessions_.find(id);
        if (found != sessions_.end() && !found->second->session().networkReleased()) return false;
        end(id);
        return true;
    });
}

/** What waits for the relay, a BYE, goes first. */
void IceThread::end(int session) {
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) return;
    found->second->relay();
    Session& ended = found->second->session();
    sessions_.erase(found);
    ended.ice()->release();
}

}  // namespace offhook
