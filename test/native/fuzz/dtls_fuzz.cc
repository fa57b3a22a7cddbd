/**
 * Two associations of the product's own shake hands over a path that drops, repeats, changes, cuts and invents
 * datagrams. Keys are told at most once, by both ends the same, and never to an end whose far end has another
 * certificate than signalling named; after a failure nothing is told.
 *
 * It runs inside Node (node_fuzzer.cc), since OpenSSL is Node's. That one is not instrumented: what the fuzzer learns
 * from besides our own code is what the two answer.
 */
#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "dtls_openssl.h"
#include "must.h"
#include "rtp.h"
#include "script.h"

/** libFuzzer takes each octet as a place that was reached so often. */
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t answers[1 << 13];

namespace {

using namespace offhook;
using fuzz::Step;
using Bytes = std::vector<uint8_t>;

/** Between two octets of what was answered last and what is answered now. */
uint8_t kindOfRecord(std::span<const uint8_t> datagram) {
    constexpr uint8_t kAlert = 21;
    constexpr uint8_t kHandshake = 22;
    if (datagram.size() < 15) return 0;
    if (datagram[0] == kHandshake) return static_cast<uint8_t>(0x40 | (datagram[13] & 0x1F));
    return datagram[0] == kAlert ? static_cast<uint8_t>(datagram[14] | 0x80) : datagram[0];
}

class End : private DtlsListener {
  public:
    End(DtlsEngine& engine, const DtlsRemote& remote) : association_(engine.open(remote, *this)) {}
    ~End() override { ended_ = true; }

    void start() { association_->start(); }
    void receive(const Bytes& datagram) {
        // As IceSession does.
        if (!failed_ && datagram.size() <= kMaxDatagram) association_->receive(datagram);
        MUST(!failed_ || !association_->timeout());
    }
    void expire() { association_->expire(); }

    std::deque<Bytes> out;
    const std::optional<SrtpKeys>& keys() const { return keys_; }

  private:
    void sendDtls(std::span<const uint8_t> datagram) override {
        MUST(datagram.size() <= kMaxDatagram);
        const uint8_t kind = kindOfRecord(datagram);
        ++answers[(last_ * 31U + kind) % sizeof answers];
        last_ = kind;
        if (!ended_) out.emplace_back(datagram.begin(), datagram.end());
    }
    void onDtlsKeys(const SrtpKeys& keys) override {
        MUST(!keys_ && !failed_);
        keys_ = keys;
    }
    void onDtlsFailure(DtlsFailure) override {
        MUST(!keys_ && !failed_);
        failed_ = true;
    }

    std::optional<SrtpKeys> keys_;
    bool failed_ = false;
    bool ended_ = false;
    uint8_t last_ = 0;
    // Ends first: it says goodbye.
    std::unique_ptr<DtlsAssociation> association_;
};

DtlsEngine& engine(int which) {
    static const std::unique_ptr<DtlsEngine> engines[] = {makeOpenSslDtls(), makeOpenSslDtls()};
    return *engines[which];
}

DtlsRemote remoteOf(bool active, const DtlsEngine& other, bool wrong) {
    DtlsRemote remote{.active = active, .fingerprints = {other.fingerprint()}};
    if (wrong) remote.fingerprints.front().value.back() ^= 1;
    return remote;
}

class Path {
  public:
    /** What signalling said: who is active, and whose fingerprint is wrong. */
    explicit Path(uint8_t signalled)
        : wrong_{(signalled & 2) != 0, (signalled & 4) != 0},
          ends_{std::make_unique<End>(engine(0), remoteOf((signalled & 1) != 0, engine(1), wrong_[0])),
                std::make_unique<End>(engine(1), remoteOf((signalled & 1) == 0, engine(0), wrong_[1]))} {
        ends_[0]->start();
        ends_[1]->start();
    }

    void step(const Step& step) {
        const size_t from = step.what & 1;
        switch (step.what >> 1 & 7) {
            case 0:
            case 1:
                return cross(from, step);
            case 2:
                return crossAll();
            case 3: {
                ends_[from]->receive(step.octets);
                return;
            }
            case 4: {
                if (!ends_[from]->out.empty()) ends_[from]->out.pop_front();
                return;
            }
            case 5: {
                ends_[from]->expire();
                return;
            }
            case 6: {
                if (!seen_.empty()) ends_[from]->receive(seen_[step.at(0) % seen_.size()]);
                return;
            }
            default: {
                std::deque<Bytes>& out = ends_[from]->out;
                if (out.size() > 1) std::swap(out.front(), out.back());
                return;
            }
        }
    }

    void end() const {
        MUST(!wrong_[0] || !ends_[0]->keys());
        MUST(!wrong_[1] || !ends_[1]->keys());
        if (!ends_[0]->keys() || !ends_[1]->keys()) return;
        MUST(ends_[0]->keys()->suite == ends_[1]->keys()->suite);
        MUST(ends_[0]->keys()->send == ends_[1]->keys()->receive);
        MUST(ends_[0]->keys()->receive == ends_[1]->keys()->send);
    }

  private:
    /** The next datagram, changed by (place, xor) of the step; an odd octet at the end cuts. */
    void cross(size_t from, const Step& step) {
        std::deque<Bytes>& out = ends_[from]->out;
        if (out.empty()) return;
        Bytes datagram = std::move(out.front());
        out.pop_front();
        size_t at = 0;
        for (; at + 3 <= step.octets.size(); at += 3) datagram[step.at16(at) % datagram.size()] ^= step.at(at + 2);
        if (at < step.octets.size()) datagram.resize(datagram.size() - std::min<size_t>(datagram.size(), step.at(at)));
        if (seen_.size() < 64) seen_.push_back(datagram);
        ends_[1 - from]->receive(datagram);
    }

    /** All that waits, and what it makes the other end say, unchanged. */
    void crossAll() {
        for (int turn = 0; turn < 8; ++turn) {
            for (size_t from : {0, 1}) {
                for (size_t count = ends_[from]->out.size(); count > 0; --count) cross(from, {});
            }
        }
    }

    const bool wrong_[2];
    const std::unique_ptr<End> ends_[2];
    std::vector<Bytes> seen_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::vector<Step> steps = fuzz::readScript({data, size});
    if (steps.empty()) return 0;
    Path path(steps.front().what >> 4);
    for (const Step& step : steps) path.step(step);
    path.end();
    return 0;
}
