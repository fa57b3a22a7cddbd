#include "engine_wrap.h"

#include <napi.h>

#include <atomic>
#include <map>
#include <memory>

#include "alsa_device.h"
#include "dtls_openssl.h"
#include "js_values.h"

namespace offhook {

namespace {

// Randomly chosen once; they tell our objects from anybody else's, so that a method called on a foreign `this` throws.
constexpr napi_type_tag kEngineTag{0x8f4be2d1a3c94e07, 0xb1d60c5f92e7a834};
constexpr napi_type_tag kSessionTag{0x3a97d6c20be14f5d, 0x94c8e1f07b2d56a9};

/**
 * The engine as JavaScript owns it. Its own object, its sessions' objects and the environment's cleanup hook share it;
 * the threads never see it, they only signal the thread-safe function.
 */
class EngineHolder : public std::enable_shared_from_this<EngineHolder> {
  public:
    EngineHolder(Napi::Env env, const Napi::Function& onEvent) : env_(env), onEvent_(Napi::Persistent(onEvent)) {}
    ~EngineHolder() { shutDown(); }
    EngineHolder(const EngineHolder&) = delete;
    EngineHolder& operator=(const EngineHolder&) = delete;

    /** Starts the threads; what is not closed when the environment ends is closed then. */
    void start(const EngineOptions& options) {
        const auto release = [](Napi::Env, void*, Weak* context) { delete context; };
        signal_ = Signal::New(env_, "offhook events", 0, 1, new Weak(weak_from_this()), release);
        signal_.Unref(env_);
        engine_ = std::make_unique<Engine>(
            options, [this] { notify(); }, openAlsaDevice, makeOpenSslDtls);
        hook_ = std::make_unique<Hook>(env_.AddCleanupHook(ShutDown{shared_from_this()}));
    }

    /** Throws an error with code `closed`. */
    Engine& engine() {
        if (closed_) throw EngineError("closed", "the media engine is closed");
        return *engine_;
    }
    bool closed() const { return closed_; }

    /** Idempotent. Children first: the engine closes its sessions. */
    void close() {
        if (hook_) hook_->Remove(env_);
        hook_.reset();
        shutDown();
        listeners_.clear();
    }

    void listen(int session, const Napi::Function& listener) { listeners_[session] = Napi::Persistent(listener); }
    void unlisten(int session) { listeners_.erase(session); }

    /** JavaScript's thread: tells all that waits. What the listener throws is an uncaught exception of the process. */
    void tellEvents() {
        pending_.store(false, std::memory_order_release);
        while (const std::optional<Event> event = engine_->nextEvent()) {
            const Napi::HandleScope scope(env_);
            try {
                const Napi::Function listener = listenerOf(*event);
                if (!listener.IsEmpty()) listener.Call({toObject(env_, *event)});
            } catch (const Napi::Error& error) {
                // Empty, and refused, where the environment is ending.
                [[maybe_unused]] const napi_status ignored = napi_fatal_exception(env_, error.Value());
            }
        }
    }

  private:
    using Weak = std::weak_ptr<EngineHolder>;
    struct ShutDown {
        std::shared_ptr<EngineHolder> holder;
        void operator()() const { holder->shutDown(); }
    };
    using Hook = Napi::Env::CleanupHook<ShutDown>;

    /** The queue may outlive the engine by a turn of the event loop. */
    static void onSignal(Napi::Env env, Napi::Function, Weak* context, void*) {
        const std::shared_ptr<EngineHolder> holder = context->lock();
        // Without an environment, the function is being torn down and nobody listens.
        if (holder && static_cast<napi_env>(env) != nullptr) holder->tellEvents();
    }
    using Signal = Napi::TypedThreadSafeFunction<Weak, void, onSignal>;

    void shutDown() {
        if (closed_) return;
        closed_ = true;
        // Empty when its constructor threw.
        if (engine_) engine_->close();
        signal_.Release();
    }

    /** Any of the engine's threads but the audio thread. One call in the queue is enough for any number of events. */
    void notify() {
        if (!pending_.exchange(true, std::memory_order_acq_rel)) signal_.NonBlockingCall();
    }

    /** Of ICE, the session's own; empty once it is closed. */
    Napi::Function listenerOf(const Event& event) {
        if (event.type < Event::Type::IceCandidate) return onEvent_.Value();
        const auto found = listeners_.find(event.session);
        return found == listeners_.end() ? Napi::Function() : found->second.Value();
    }

    Napi::Env env_;
    Napi::FunctionReference onEvent_;
    std::map<int, Napi::FunctionReference> listeners_;
    Signal signal_;
    std::atomic<bool> pending_{false};
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Hook> hook_;
    bool closed_ = false;
};

/** What a session object of JavaScript holds. */
struct SessionHolder {
    std::shared_ptr<EngineHolder> engine;
    int id;
};

using EngineReference = std::shared_ptr<EngineHolder>;

/** Ties a native object to a JavaScript one, under its tag. */
template <typename T>
void wrap(Napi::Object object, const napi_type_tag& tag, std::unique_ptr<T> native) {
    object.TypeTag(&tag);
    const auto release = [](napi_env, void* data, void*) { delete static_cast<T*>(data); };
    if (napi_wrap(object.Env(), object, native.get(), release, nullptr, nullptr) != napi_ok) {
        throw Napi::Error::New(object.Env(), "cannot wrap");
    }
    // From here on, the collector owns it.
    [[maybe_unused]] T* const owned = native.release();
}

template <typename T>
T& unwrap(const Napi::CallbackInfo& info, const napi_type_tag& tag) {
    void* native = nullptr;
    if (!info.This().IsObject() || !info.This().As<Napi::Object>().CheckTypeTag(&tag) ||
        napi_unwrap(info.Env(), info.This(), &native) != napi_ok) {
        throw Napi::TypeError::New(info.Env(), "called on a foreign object");
    }
    return *static_cast<T*>(native);
}

EngineHolder& engineOf(const Napi::CallbackInfo& info) {
    return *unwrap<EngineReference>(info, kEngineTag);
}
SessionHolder& sessionOf(const Napi::CallbackInfo& info) {
    return unwrap<SessionHolder>(info, kSessionTag);
}

/** Runs a method; an EngineError becomes an Error with its code, anything else of the standard library an Error. */
template <Napi::Value (*Method)(const Napi::CallbackInfo&)>
Napi::Value guarded(const Napi::CallbackInfo& info) {
    try {
        return Method(info);
    } catch (const EngineError& error) {
        Napi::Error thrown = Napi::Error::New(info.Env(), error.what());
        thrown.Set("code", Napi::String::New(info.Env(), error.code()));
        throw thrown;
    } catch (const Napi::Error&) {
        throw;
    } catch (const std::exception& error) {
        throw Napi::Error::New(info.Env(), error.what());
    }
}

template <Napi::Value (*Method)(const Napi::CallbackInfo&)>
void setMethod(Napi::Object object, const char* name) {
    object.Set(name, Napi::Function::New<guarded<Method>>(object.Env(), name));
}

Napi::Object objectArgument(const Napi::CallbackInfo& info) {
    if (!info[0].IsObject()) throw Napi::TypeError::New(info.Env(), "the argument must be an object");
    return info[0].As<Napi::Object>();
}

Napi::Value startSession(const Napi::CallbackInfo& info) {
    SessionHolder& session = sessionOf(info);
    Engine& engine = session.engine->engine();
    engine.start(session.id, readRemoteMedia(objectArgument(info)));
    return info.Env().Undefined();
}

Napi::Value sendDigit(const Napi::CallbackInfo& info) {
    SessionHolder& session = sessionOf(info);
    Engine& engine = session.engine->engine();
    engine.sendDigit(session.id, readDigit(info[0], info[1]));
    return info.Env().Undefined();
}

Napi::Value sessionStats(const Napi::CallbackInfo& info) {
    SessionHolder& session = sessionOf(info);
    return toObject(info.Env(), session.engine->engine().stats(session.id));
}

Napi::Value closeSession(const Napi::CallbackInfo& info) {
    SessionHolder& session = sessionOf(info);
    // The engine's close has closed its sessions.
    if (!session.engine->closed()) session.engine->engine().closeSession(session.id);
    session.engine->unlisten(session.id);
    return info.Env().Undefined();
}

/** What every session has; `local` is completed by its source. */
Napi::Object sessionObject(const EngineReference& engine, const Session& session, Napi::Object local) {
    local.Set("ssrc", session.local().ssrc);
    local.Set("cname", session.local().cname);
    Napi::Object object = Napi::Object::New(local.Env());
    object.Set("id", session.id());
    object.Set("local", local);
    setMethod<sendDigit>(object, "sendDigit");
    setMethod<sessionStats>(object, "stats");
    setMethod<closeSession>(object, "close");
    wrap(object, kSessionTag, std::make_unique<SessionHolder>(SessionHolder{engine, session.id()}));
    return object;
}

Napi::Value openSession(const Napi::CallbackInfo& info) {
    const EngineReference& engine = unwrap<EngineReference>(info, kEngineTag);
    const Napi::Env env = info.Env();
    const bool given = info.Length() > 0 && !info[0].IsUndefined();
    if (given && !info[0].IsString()) throw Napi::TypeError::New(env, "an address is text");
    Engine& media = engine->engine();
    const Session& session = given ? media.openSession(info[0].As<Napi::String>().Utf8Value()) : media.openSession();
    Napi::Object local = Napi::Object::New(env);
    local.Set("address", session.local().address);
    local.Set("port", session.local().port);
    const Napi::Object object = sessionObject(engine, session, local);
    setMethod<startSession>(object, "start");
    return object;
}

Napi::Value startIceSession(const Napi::CallbackInfo& info) {
    SessionHolder& session = sessionOf(info);
    Engine& engine = session.engine->engine();
    const auto [media, ice] = readIceMedia(objectArgument(info));
    engine.start(session.id, media, ice);
    return info.Env().Undefined();
}

Napi::Value addCandidates(const Napi::CallbackInfo& info) {
    SessionHolder& session = sessionOf(info);
    Engine& engine = session.engine->engine();
    const Napi::Object argument = objectArgument(info);
    engine.addIceCandidates(session.id, readCandidates(argument), readBoolean(argument, "complete"));
    return info.Env().Undefined();
}

Napi::Object toObject(Napi::Env env, const IceCredentials& credentials) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("ufrag", credentials.ufrag);
    object.Set("pwd", credentials.pwd);
    return object;
}

Napi::Value restartIce(const Napi::CallbackInfo& info) {
    SessionHolder& session = sessionOf(info);
    Engine& engine = session.engine->engine();
    return toObject(info.Env(), engine.restartIce(session.id, readAddresses(objectArgument(info))));
}

Napi::Value openIceSession(const Napi::CallbackInfo& info) {
    const EngineReference& engine = unwrap<EngineReference>(info, kEngineTag);
    const Napi::Env env = info.Env();
    const Napi::Object options = objectArgument(info);
    const Napi::Value onEvent = options.Get("onEvent");
    if (!onEvent.IsFunction()) throw Napi::TypeError::New(env, "onEvent must be a function");
    IceCredentials credentials;
    const Session& session = engine->engine().openIceSession(readIceOptions(options), credentials);
    engine->listen(session.id(), onEvent.As<Napi::Function>());
    Napi::Object local = toObject(env, credentials);
    const Napi::Object object = sessionObject(engine, session, local);
    setMethod<startIceSession>(object, "start");
    setMethod<addCandidates>(object, "addCandidates");
    setMethod<restartIce>(object, "restartIce");
    return object;
}

Napi::Value fingerprint(const Napi::CallbackInfo& info) {
    return toObject(info.Env(), engineOf(info).engine().fingerprint());
}

Napi::Value setAudio(const Napi::CallbackInfo& info) {
    Engine& engine = engineOf(info).engine();
    engine.setAudio(readAudioPlan(objectArgument(info)));
    return info.Env().Undefined();
}

Napi::Value setTransport(const Napi::CallbackInfo& info) {
    Engine& engine = engineOf(info).engine();
    engine.setTransport(readTransport(objectArgument(info)));
    return info.Env().Undefined();
}

Napi::Value engineStats(const Napi::CallbackInfo& info) {
    return toObject(info.Env(), engineOf(info).engine().stats());
}

Napi::Value closeEngine(const Napi::CallbackInfo& info) {
    engineOf(info).close();
    return info.Env().Undefined();
}

Napi::Value makeEngine(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const Napi::Object options = objectArgument(info);
    const Napi::Value onEvent = options.Get("onEvent");
    if (!onEvent.IsFunction()) throw Napi::TypeError::New(env, "onEvent must be a function");
    const EngineOptions read = readEngineOptions(options);
    const auto engine = std::make_shared<EngineHolder>(env, onEvent.As<Napi::Function>());
    engine->start(read);
    Napi::Object object = Napi::Object::New(env);
    setMethod<openSession>(object, "openSession");
    setMethod<openIceSession>(object, "openIceSession");
    setMethod<fingerprint>(object, "fingerprint");
    setMethod<setTransport>(object, "setTransport");
    setMethod<setAudio>(object, "setAudio");
    setMethod<engineStats>(object, "stats");
    setMethod<closeEngine>(object, "close");
    wrap(object, kEngineTag, std::make_unique<EngineReference>(engine));
    return object;
}

}  // namespace

Napi::Value createEngine(const Napi::CallbackInfo& info) {
    return guarded<makeEngine>(info);
}

}  // namespace offhook
