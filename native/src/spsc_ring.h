#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <vector>

namespace offhook {

/**
 * A bounded queue from exactly one thread to exactly one other. Real-time on both ends: no lock, no allocation after
 * the constructor. Slots are used in place, so that a packet is copied once.
 *
 *   writer: slot() -> fill -> push()        reader: front() -> use -> pop()
 */
template <typename T>
class SpscRing {
  public:
    /** `capacity` is rounded up to a power of two. */
    explicit SpscRing(size_t capacity) : slots_(std::bit_ceil(capacity)), mask_(slots_.size() - 1) {}

    /** The slot that the next push() hands over, or null when the ring is full. */
    T* slot() {
        const size_t tail = tail_.load(std::memory_order_relaxed);
        if (tail - head_.load(std::memory_order_acquire) == slots_.size()) return nullptr;
        return &slots_[tail & mask_];
    }

    /** Hands over the slot that slot() returned. */
    void push() { tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

    /** Copies a value in; false when the ring is full. */
    bool push(const T& value) {
        T* free = slot();
        if (free == nullptr) return false;
        *free = value;
        push();
        return true;
    }

    /** The oldest value, or null when the ring is empty. It stays the reader's until pop(). */
    T* front() {
        const size_t head = head_.load(std::memory_order_relaxed);
        if (head == tail_.load(std::memory_order_acquire)) return nullptr;
        return &slots_[head & mask_];
    }

    /** Gives back the slot that front() returned. */
    void pop() { head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

    /** Whether nothing waits; exact for the reader, a moment old for the writer. */
    bool empty() const { return head_.load(std::memory_order_acquire) == tail_.load(std::memory_order_acquire); }

  private:
    std::vector<T> slots_;
    const size_t mask_;
    alignas(64) std::atomic<size_t> head_{0};
    alignas(64) std::atomic<size_t> tail_{0};
};

}  // namespace offhook
