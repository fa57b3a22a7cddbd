#pragma once

#include <array>
#include <atomic>

namespace offhook {

/**
 * A value from one thread to one other where only the newest counts. Real-time for the reader: it never waits and never
 * frees. What the reader gives up is destroyed by the writer, when it overwrites that slot.
 *
 *   writer [back] <-> (middle, fresh or not) <-> [front] reader
 */
template <typename T>
class TripleBuffer {
  public:
    /** Writer: the slot to fill. It holds an old value until it is assigned. */
    T& back() { return slots_[back_]; }

    /** Writer: makes back() the newest value. */
    void publish() { back_ = middle_.exchange(back_ | kFresh, std::memory_order_acq_rel) & kIndex; }

    /** Reader: whether a newer value than front() waits. */
    bool fresh() const { return (middle_.load(std::memory_order_acquire) & kFresh) != 0; }

    /** Reader: moves on to the newest value. */
    void update() { front_ = middle_.exchange(front_, std::memory_order_acq_rel) & kIndex; }

    /** Reader: the value in use. */
    T& front() { return slots_[front_]; }

  private:
    static constexpr unsigned kIndex = 3;
    static constexpr unsigned kFresh = 4;

    std::array<T, 3> slots_{};
    unsigned back_ = 0;
    std::atomic<unsigned> middle_{1};
    unsigned front_ = 2;
};

}  // namespace offhook
