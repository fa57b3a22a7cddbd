#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace offhook::fuzz {

/** One step of an input: what to do, and with which octets. */
struct Step {
    uint8_t what = 0;
    std::vector<uint8_t> octets;

    /** The octet at `at`, 0 behind the end. */
    uint8_t at(size_t index) const { return index < octets.size() ? octets[index] : 0; }
    uint16_t at16(size_t index) const { return static_cast<uint16_t>(at(index) << 8 | at(index + 1)); }
};

/** Most steps of one input that are carried out; more make it slow, not better. */
constexpr size_t kMaxSteps = 128;

/**
 * An input as steps. Every input is one: a size that reaches beyond the end is cut.
 *
 *   what (1) | size (2, big endian) | octets | what | size | …
 *
 * script.cc also has libFuzzer's mutator of such inputs: it repeats, drops and changes whole steps, and leaves what is
 * in one to libFuzzer.
 */
std::vector<Step> readScript(std::span<const uint8_t> input);
std::vector<uint8_t> writeScript(const std::vector<Step>& steps);

}  // namespace offhook::fuzz
