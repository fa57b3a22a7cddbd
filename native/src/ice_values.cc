#include <napi.h>

#include <algorithm>
#include <cctype>

#include "engine_wrap.h"
#include "js_values.h"

namespace offhook {

namespace {

constexpr std::pair<const char*, IceCandidateType> kCandidateTypes[] = {{"host", IceCandidateType::Host},
                                                                        {"srflx", IceCandidateType::ServerReflexive},
                                                                        {"prflx", IceCandidateType::PeerReflexive},
                                                                        {"relay", IceCandidateType::Relayed}};
constexpr std::pair<const char*, bool> kIceRoles[] = {{"controlling", true}, {"controlled", false}};
constexpr std::pair<const char*, bool> kDtlsRoles[] = {{"active", true}, {"passive", false}};
constexpr std::pair<const char*, bool> kTurnTransports[] = {{"tcp", true}, {"udp", false}};

/** Sizes in octets that a text may have. */
std::string readText(const Napi::Object& object, const char* name, Bounds size) {
    std::string text = readString(object, name);
    const double length = static_cast<double>(text.size());
    if (!(length >= size.least && length <= size.most) || text.find('\0') != std::string::npos) {
        rangeError(object.Env(), name,
                   std::to_string(static_cast<int>(size.least)) + " to " + std::to_string(static_cast<int>(size.most)) +
                       " characters");
    }
    return text;
}

/** Of the characters that RFC 8839 §5.4 and §5.1 allow. */
std::string readIceText(const Napi::Object& object, const char* name, Bounds size) {
    std::string text = readText(object, name, size);
    const bool valid = std::all_of(text.begin(), text.end(), [](unsigned char character) {
        return std::isalnum(character) != 0 || character == '+' || character == '/';
    });
    if (!valid) rangeError(object.Env(), name, "of letters, digits, + and /");
    return text;
}

uint16_t readPort(const Napi::Object& object, const char* name) {
    return static_cast<uint16_t>(readInteger(object, name, kPorts));
}

IceCandidate readCandidate(const Napi::Object& candidate) {
    IceCandidate read{.foundation = readIceText(candidate, "foundation", {1, 32}),
                      .priority = static_cast<uint32_t>(readInteger(candidate, "priority", {0, 4294967295.0})),
                      .address = readAddress(candidate),
                      .port = readPort(candidate, "port"),
                      .type = readName(candidate, "type", kCandidateTypes),
                      .relatedAddress = {},
                      .relatedPort = 0};
    // Only told for whoever reads a log (RFC 8839 §5.1); what hides it is 0.0.0.0 and port 9 or 0.
    if (present(candidate, "related")) {
        const Napi::Object related = readObject(candidate, "related");
        read.relatedAddress = readAddress(related);
        read.relatedPort = static_cast<uint16_t>(readInteger(related, "port", {0, 65535}));
    }
    return read;
}

TurnServer readTurnServer(const Napi::Object& server) {
    return {.address = readAddress(server),
            .port = readPort(server, "port"),
            .tcp = readName(server, "transport", kTurnTransports),
            .username = readText(server, "username", {1, 512}),
            .password = readText(server, "password", {1, 512})};
}

Fingerprint readFingerprint(const Napi::Object& fingerprint) {
    const std::span<const uint8_t> value = readOctets(fingerprint, "value");
    if (value.empty() || value.size() > 64) rangeError(fingerprint.Env(), "value", "of 1 to 64 octets");
    std::string hash = readText(fingerprint, "hash", {1, 16});
    std::transform(hash.begin(), hash.end(), hash.begin(), [](unsigned char letter) { return std::tolower(letter); });
    return {.hash = std::move(hash), .value = {value.begin(), value.end()}};
}

DtlsRemote readDtls(const Napi::Object& security) {
    DtlsRemote read{.active = readName(security, "role", kDtlsRoles), .fingerprints = {}};
    const Napi::Array fingerprints = readArray(security, "fingerprints", {1, 8});
    for (uint32_t i = 0; i < fingerprints.Length(); ++i) {
        read.fingerprints.push_back(readFingerprint(elementOf(fingerprints, i, "fingerprints")));
    }
    return read;
}

}  // namespace

std::vector<std::string> readAddresses(const Napi::Object& options) {
    std::vector<std::string> read;
    const Napi::Array addresses = readArray(options, "addresses", {0, kMaxIceAddresses});
    for (uint32_t i = 0; i < addresses.Length(); ++i) {
        const Napi::Object holder = Napi::Object::New(options.Env());
        holder.Set("address", addresses.Get(i));
        read.push_back(readAddress(holder));
    }
    return read;
}

IceOptions readIceOptions(const Napi::Object& options) {
    IceOptions read{.controlling = readName(options, "role", kIceRoles),
                    .addresses = readAddresses(options),
                    .stun = std::nullopt,
                    .turn = {},
                    .relayOnly = readBoolean(options, "relayOnly")};
    if (present(options, "stun")) {
        const Napi::Object stun = readObject(options, "stun");
        read.stun = StunServer{.address = readAddress(stun), .port = readPort(stun, "port")};
    }
    const Napi::Array turn = readArray(options, "turn", {0, kMaxTurnServers});
    for (uint32_t i = 0; i < turn.Length(); ++i) read.turn.push_back(readTurnServer(elementOf(turn, i, "turn")));
    return read;
}

std::vector<IceCandidate> readCandidates(const Napi::Object& list) {
    std::vector<IceCandidate> read;
    const Napi::Array candidates = readArray(list, "candidates", {0, kMaxIceCandidates});
    for (uint32_t i = 0; i < candidates.Length(); ++i) {
        read.push_back(readCandidate(elementOf(candidates, i, "candidates")));
    }
    return read;
}

std::pair<RemoteMedia, IceRemote> readIceMedia(const Napi::Object& remote) {
    RemoteMedia media = readFormats(remote);
    const Napi::Object ice = readObject(remote, "ice");
    IceRemote read{
        .credentials = {.ufrag = readIceText(ice, "ufrag", {4, 256}), .pwd = readIceText(ice, "pwd", {22, 256})},
        .candidates = readCandidates(ice),
        .complete = readBoolean(ice, "complete"),
        .dtls = std::nullopt};
    const Napi::Object security = readObject(remote, "security");
    if (readString(security, "type") == "dtls") {
        read.dtls = readDtls(security);
    } else {
        media.security = readSecurity(security);
    }
    return {std::move(media), std::move(read)};
}

}  // namespace offhook
