#pragma once

namespace offhook::fuzz {

/** Ends the run as a crash, with the place, where what must be is not. */
#define MUST(condition)                                                            \
    do {                                                                           \
        if (!(condition)) ::offhook::fuzz::broken(#condition, __FILE__, __LINE__); \
    } while (false)

[[noreturn]] void broken(const char* condition, const char* file, int line);

}  // namespace offhook::fuzz
