#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "codec.h"
#include "media.h"
#include "resampler.h"
#include "socket_address.h"
#include "srtp.h"

namespace offhook {

/** Most codecs of one negotiation. */
constexpr size_t kMaxCodecs = 8;

/** The codecs of one negotiation with their state, made by JavaScript's thread and used by the audio thread alone. */
struct CodecSet {
    struct Incoming {
        Codec codec;
        std::unique_ptr<Decoder> decoder;
        std::unique_ptr<Resampler> resampler;
    };

    Codec outgoing;
    std::unique_ptr<Encoder> encoder;
    std::unique_ptr<Resampler> resampler;
    std::array<Incoming, kMaxCodecs> incoming;
    size_t count = 0;

    /** Throws std::bad_alloc. */
    static CodecSet of(const RemoteMedia& remote) {
        CodecSet set;
        set.outgoing = remote.codecs.front();
        set.encoder = makeEncoder(set.outgoing.name);
        set.resampler = std::make_unique<Resampler>(kSampleRate, sampleRateOf(set.outgoing.name));
        for (const Codec& codec : remote.codecs) {
            Incoming& next = set.incoming[set.count++];
            next.codec = codec;
            next.decoder = makeDecoder(codec.name);
            next.resampler = std::make_unique<Resampler>(sampleRateOf(codec.name), kSampleRate);
        }
        return set;
    }

    /** Takes over the state of the codecs that stay, so that a re-negotiation is not heard. Real-time. */
    void adopt(CodecSet& previous) {
        if (previous.encoder && previous.outgoing.name == outgoing.name) {
            std::swap(encoder, previous.encoder);
            std::swap(resampler, previous.resampler);
        }
        for (size_t i = 0; i < count; ++i) {
            for (size_t j = 0; j < previous.count; ++j) {
                if (previous.incoming[j].codec.name != incoming[i].codec.name) continue;
                std::swap(incoming[i].decoder, previous.incoming[j].decoder);
                std::swap(incoming[i].resampler, previous.incoming[j].resampler);
                break;
            }
        }
    }

    /** The decoder of a payload type, or null. Real-time. */
    Incoming* find(uint8_t payloadType) {
        for (size_t i = 0; i < count; ++i) {
            if (incoming[i].codec.payloadType == payloadType) return &incoming[i];
        }
        return nullptr;
    }
};

/** What the audio thread needs of a negotiation. */
struct AudioSetup {
    SocketAddress destination;
    Direction direction = Direction::Inactive;
    /** Packet time in ms that is sent. */
    unsigned ptime = 20;
    std::optional<TelephoneEventFormat> telephoneEvent;
    /** Null: RTP is sent as it is. */
    std::shared_ptr<SrtpSender> srtp;
    CodecSet codecs;
    /** What adopt() left over, kept until JavaScript's thread overwrites this setup. */
    CodecSet spent;
};

}  // namespace offhook
