#include <cstdio>
#include <cstdlib>

#include "must.h"

namespace offhook::fuzz {

void broken(const char* condition, const char* file, int line) {
    fprintf(stderr, "%s:%d: must be, and is not: %s\n", file, line, condition);
    abort();
}

}  // namespace offhook::fuzz
