#include <napi.h>

#include <algorithm>

#include "engine_wrap.h"
#include "js_values.h"

namespace offhook {

namespace {

const char* nameOf(PcmName pcm) {
    switch (pcm) {
        case PcmName::Playback:
            return "playback";
        case PcmName::Capture:
            return "capture";
        case PcmName::Ringer:
            return "ringer";
    }
    return "";
}

const char* nameOf(IceState state) {
    switch (state) {
        case IceState::Connected:
            return "connected";
        case IceState::Disconnected:
            return "disconnected";
        case IceState::Failed:
            return "failed";
    }
    return "";
}

const char* nameOf(IceCandidateType type) {
    switch (type) {
        case IceCandidateType::Host:
            return "host";
        case IceCandidateType::ServerReflexive:
            return "srflx";
        case IceCandidateType::PeerReflexive:
            return "prflx";
        case IceCandidateType::Relayed:
            return "relay";
    }
    return "";
}

const char* nameOf(SrtpSuite suite) {
    for (const auto& [name, value] : kSuites) {
        if (value == suite) return name;
    }
    return "";
}

Napi::Object toObject(Napi::Env env, const IceCandidate& candidate) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("foundation", candidate.foundation);
    object.Set("priority", candidate.priority);
    object.Set("address", candidate.address);
    object.Set("port", candidate.port);
    object.Set("type", nameOf(candidate.type));
    object.Set("related", env.Null());
    if (!candidate.relatedAddress.empty()) {
        Napi::Object related = Napi::Object::New(env);
        related.Set("address", candidate.relatedAddress);
        related.Set("port", candidate.relatedPort);
        object.Set("related", related);
    }
    return object;
}

}  // namespace

const char* nameOf(CodecName codec) {
    switch (codec) {
        case CodecName::Pcma:
            return "PCMA";
        case CodecName::Pcmu:
            return "PCMU";
        case CodecName::G722:
            return "G722";
        case CodecName::Opus:
            return "opus";
    }
    return "";
}

Napi::Object toObject(Napi::Env env, const Event& event) {
    Napi::Object object = Napi::Object::New(env);
    const auto ofSession = [&](const char* type) {
        object.Set("type", type);
        object.Set("session", event.session);
    };
    switch (event.type) {
        case Event::Type::Capture: {
            object.Set("type", "capture");
            object.Set("open", event.on);
            break;
        }
        case Event::Type::FirstPacket: {
            ofSession("firstPacket");
            break;
        }
        case Event::Type::Digit: {
            ofSession("digit");
            object.Set("digit", std::string(1, event.digit));
            object.Set("ms", event.ms);
            break;
        }
        case Event::Type::Bye: {
            ofSession("bye");
            break;
        }
        case Event::Type::Silent: {
            ofSession("silent");
            object.Set("ms", event.ms);
            break;
        }
        case Event::Type::Device: {
            object.Set("type", "device");
            object.Set("pcm", nameOf(event.pcm));
            object.Set("ok", event.on);
            object.Set("reason", event.reason);
            break;
        }
        case Event::Type::IceCandidate: {
            object.Set("type", "candidate");
            object.Set("candidate", toObject(env, event.candidate));
            break;
        }
        case Event::Type::IceGathered: {
            object.Set("type", "gathered");
            break;
        }
        case Event::Type::IceState: {
            object.Set("type", "ice");
            object.Set("state", nameOf(event.ice));
            break;
        }
        case Event::Type::DtlsKeys: {
            object.Set("type", "keys");
            object.Set("suite", nameOf(event.suite));
            break;
        }
        case Event::Type::DtlsFailed: {
            object.Set("type", "dtlsFailed");
            object.Set("reason", event.on ? "fingerprint" : "handshake");
            break;
        }
    }
    return object;
}

Napi::Object toObject(Napi::Env env, const Fingerprint& fingerprint) {
    Napi::Uint8Array value = Napi::Uint8Array::New(env, fingerprint.value.size());
    std::copy(fingerprint.value.begin(), fingerprint.value.end(), value.Data());
    Napi::Object object = Napi::Object::New(env);
    object.Set("hash", fingerprint.hash);
    object.Set("value", value);
    return object;
}

}  // namespace offhook
