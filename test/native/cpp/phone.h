#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine.h"
#include "fake_device.h"
#include "udp_socket.h"

using namespace offhook;
using namespace std::chrono_literals;

/** An engine, its fake card, and the events that it told. */
struct Phone {
    explicit Phone(double microphone = 1000, std::optional<HookSensor> hook = std::nullopt)
        : engine(
              {
                  .playback = "ear",
                  .capture = "mouth",
                  .ringer = "bell",
                  .address = "127.0.0.1",
                  .transport = {.firstPort = 23000, .lastPort = 23998, .dscp = 46},
                  .periodMs = 10,
                  .priority = 0,
                  .hookSensor = std::move(hook),
              },
              [] {}, [this](const AudioDeviceRequest& request) { return open(request); }) {
        mouth->microphone = microphone;
    }

    OpenedDevice open(const AudioDeviceRequest& request) {
        const auto& card = request.name == "ear" ? ear : request.name == "mouth" ? mouth : bell;
        if (card->refuseOpen) return {nullptr, request.name + ": refused"};
        return {std::make_unique<FakeDevice>(card, request), ""};
    }

    /** Whether an event of the type, with `on` as given, has come or comes within five seconds; it counts once. */
    bool tells(Event::Type type, bool on = false) {
        for (int i = 0; i < 1000; ++i) {
            while (auto event = engine.nextEvent()) told.push_back(*std::move(event));
            const auto found = std::find_if(told.begin(), told.end(),
                                            [&](const Event& event) { return event.type == type && event.on == on; });
            if (found != told.end()) {
                last = *found;
                told.erase(found);
                return true;
            }
            std::this_thread::sleep_for(5ms);
        }
        return false;
    }

    void talk(const Session& session) {
        AudioPlan plan;
        plan.mix[0] = session.id();
        plan.mixed = 1;
        plan.microphone = MicrophoneGate::Open;
        engine.setAudio(plan);
    }

    std::shared_ptr<FakeCard> ear = std::make_shared<FakeCard>();
    std::shared_ptr<FakeCard> mouth = std::make_shared<FakeCard>();
    std::shared_ptr<FakeCard> bell = std::make_shared<FakeCard>();
    std::vector<Event> told;
    Event last;
    Engine engine;
};

inline RemoteMedia remoteOf(const Session& far, CodecName name = CodecName::Pcma) {
    const Codec codec = name == CodecName::Opus ? Codec{name, 111, 48000} : Codec{name, 8, 8000};
    return {.address = "127.0.0.1",
            .port = far.local().port,
            .rtcpPort = static_cast<uint16_t>(far.local().port + 1),
            .codecs = {codec},
            .telephoneEvent = TelephoneEventFormat{101, codec.clockRate},
            .ptime = 20,
            .direction = Direction::SendRecv};
}

template <typename Condition>
bool eventually(Condition condition) {
    for (int i = 0; i < 1000; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(5ms);
    }
    return false;
}

inline RemoteMedia remoteOf(const SocketPair& far, const Session& like) {
    RemoteMedia remote = remoteOf(like);
    remote.port = far.port;
    remote.rtcpPort = static_cast<uint16_t>(far.port + 1);
    return remote;
}
