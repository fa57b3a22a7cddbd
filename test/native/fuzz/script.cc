#include "script.h"

#include <algorithm>
#include <random>

/** libFuzzer's own mutation of some octets; returns the new size. */
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t most);

namespace offhook::fuzz {

namespace {

constexpr size_t kHeader = 3;
/** A step may grow by so many octets at a time. */
constexpr size_t kGrowth = 64;

using Steps = std::vector<Step>;

Steps::iterator any(Steps& steps, std::minstd_rand& random) {
    return steps.begin() + static_cast<std::ptrdiff_t>(random() % steps.size());
}

void mutateOctets(Step& step) {
    const size_t size = step.octets.size();
    step.octets.resize(size + kGrowth);
    step.octets.resize(LLVMFuzzerMutate(step.octets.data(), size, step.octets.size()));
}

/** Again, with the sequence number of RTP one further: what a stream mostly is. */
void repeatNext(Steps& steps, std::minstd_rand& random) {
    Step next = *any(steps, random);
    if (next.octets.size() > 3 && ++next.octets[3] == 0) ++next.octets[2];
    steps.push_back(std::move(next));
}

void mutate(Steps& steps, std::minstd_rand& random) {
    if (steps.empty()) steps.emplace_back();
    const Step chosen = *any(steps, random);
    switch (random() % 8) {
        case 0:
            return repeatNext(steps, random);
        case 1: {
            steps.insert(any(steps, random), chosen);
            return;
        }
        case 2: {
            steps.erase(any(steps, random));
            return;
        }
        case 3: {
            std::iter_swap(any(steps, random), any(steps, random));
            return;
        }
        case 4: {
            any(steps, random)->what = static_cast<uint8_t>(random());
            return;
        }
        default:
            return mutateOctets(*any(steps, random));
    }
}

size_t put(std::vector<uint8_t> made, uint8_t* out, size_t most) {
    made.resize(std::min(made.size(), most));
    std::copy(made.begin(), made.end(), out);
    return made.size();
}

}  // namespace

std::vector<Step> readScript(std::span<const uint8_t> input) {
    Steps steps;
    while (input.size() >= kHeader && steps.size() < kMaxSteps) {
        const size_t said = static_cast<size_t>(input[1] << 8 | input[2]);
        const std::span<const uint8_t> octets = input.subspan(kHeader, std::min(said, input.size() - kHeader));
        steps.push_back({.what = input[0], .octets = {octets.begin(), octets.end()}});
        input = input.subspan(kHeader + octets.size());
    }
    return steps;
}

std::vector<uint8_t> writeScript(const std::vector<Step>& steps) {
    std::vector<uint8_t> out;
    for (const Step& step : steps) {
        const size_t size = std::min<size_t>(step.octets.size(), 0xFFFF);
        out.insert(out.end(), {step.what, static_cast<uint8_t>(size >> 8), static_cast<uint8_t>(size)});
        out.insert(out.end(), step.octets.begin(), step.octets.begin() + static_cast<std::ptrdiff_t>(size));
    }
    return out;
}

}  // namespace offhook::fuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
    using namespace offhook::fuzz;
    std::minstd_rand random(seed);
    std::vector<Step> steps = readScript({data, size});
    for (size_t count = 1 + random() % 3; count > 0; --count) mutate(steps, random);
    return put(writeScript(steps), data, most);
}

/** The first steps of one, the last of the other. */
extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* one, size_t oneSize, const uint8_t* other, size_t otherSize,
                                            uint8_t* out, size_t most, unsigned seed) {
    using namespace offhook::fuzz;
    std::minstd_rand random(seed);
    std::vector<Step> steps = readScript({one, oneSize});
    const std::vector<Step> last = readScript({other, otherSize});
    steps.resize(random() % (steps.size() + 1));
    steps.insert(steps.end(), last.begin() + static_cast<std::ptrdiff_t>(random() % (last.size() + 1)), last.end());
    return put(writeScript(steps), out, most);
}
