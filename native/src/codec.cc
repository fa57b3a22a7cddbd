#include "codec.h"

#include "codec_g711.h"
#include "codec_g722.h"
#include "codec_opus.h"

namespace offhook {

unsigned sampleRateOf(CodecName codec) {
    switch (codec) {
        case CodecName::Pcma:
        case CodecName::Pcmu:
            return 8000;
        case CodecName::G722:
            return 16000;
        case CodecName::Opus:
            return 48000;
    }
    return 8000;
}

std::unique_ptr<Encoder> makeEncoder(CodecName codec) {
    switch (codec) {
        case CodecName::Pcma:
        case CodecName::Pcmu:
            return std::make_unique<G711Encoder>(codec);
        case CodecName::G722:
            return std::make_unique<G722Encoder>();
        case CodecName::Opus:
            return std::make_unique<OpusVoiceEncoder>();
    }
    return nullptr;
}

std::unique_ptr<Decoder> makeDecoder(CodecName codec) {
    switch (codec) {
        case CodecName::Pcma:
        case CodecName::Pcmu:
            return std::make_unique<G711Decoder>(codec);
        case CodecName::G722:
            return std::make_unique<G722Decoder>();
        case CodecName::Opus:
            return std::make_unique<OpusVoiceDecoder>();
    }
    return nullptr;
}

}  // namespace offhook
