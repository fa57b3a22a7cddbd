#pragma once

#include <pthread.h>
#include <sched.h>

namespace offhook {

/** Names the calling thread (15 characters at most) and asks for SCHED_FIFO at `priority`; whether it was granted. */
inline bool enterThread(const char* name, int priority) {
    pthread_setname_np(pthread_self(), name);
    if (priority <= 0) return false;
    const sched_param parameters{.sched_priority = priority};
    return pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters) == 0;
}

}  // namespace offhook
