#include "microphone.h"

#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HEADER = 16, TAPS_A_SIDE = 8 };

static void unmap(microphone_t* microphone) {
    if (microphone->map) munmap(microphone->map, microphone->map_size);
    microphone->map = NULL;
    microphone->samples = NULL;
    microphone->count = 0;
}

void microphone_open(microphone_t* microphone, const char* folder, unsigned rate) {
    memset(microphone, 0, sizeof *microphone);
    snprintf(microphone->path, sizeof microphone->path, "%s/microphone-%u", folder, rate);
    microphone->rate = rate;
    microphone_refresh(microphone);
}

static bool same_file(const struct stat* a, const struct stat* b) {
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

void microphone_refresh(microphone_t* microphone) {
    struct stat now;
    if (stat(microphone->path, &now) < 0) {
        unmap(microphone);
        memset(&microphone->seen, 0, sizeof microphone->seen);
        return;
    }
    if (same_file(&now, &microphone->seen)) return;
    unmap(microphone);
    int fd = open(microphone->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    if (fstat(fd, &microphone->seen) == 0 && microphone->seen.st_size > HEADER) {
        size_t size = (size_t)microphone->seen.st_size;
        void* map = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
        if (map != MAP_FAILED) {
            int64_t looped;
            microphone->map = map;
            microphone->map_size = size;
            memcpy(&microphone->epoch, map, sizeof microphone->epoch);
            memcpy(&looped, (char*)map + 8, sizeof looped);
            microphone->looped = looped != 0;
            microphone->samples = (const int16_t*)((char*)map + HEADER);
            microphone->count = (int64_t)(size - HEADER) / 2;
        }
    }
    close(fd);
}

static int16_t sample_at(const microphone_t* microphone, int64_t index) {
    if (microphone->looped) {
        index %= microphone->count;
        if (index < 0) index += microphone->count;
    }
    return index < 0 || index >= microphone->count ? 0 : microphone->samples[index];
}

/* Band-limited interpolation, for a card whose clock is off: picking the nearest sample would click at every slip. */
static int16_t sample_between(const microphone_t* microphone, double position) {
    double whole = floor(position), fraction = position - whole, sum = 0;
    if (fraction < 1e-6) return sample_at(microphone, (int64_t)whole);
    double numerator = sin(M_PI * fraction) / M_PI;
    for (int tap = 1 - TAPS_A_SIDE; tap <= TAPS_A_SIDE; tap++) {
        double distance = tap - fraction, window = 1 - pow(distance / (TAPS_A_SIDE + 1), 2);
        double sinc = (tap & 1 ? numerator : -numerator) / distance;
        sum += sinc * window * window * sample_at(microphone, (int64_t)whole + tap);
    }
    return (int16_t)lrint(fmax(-32768, fmin(32767, sum)));
}

void microphone_read(const microphone_t* microphone, double at, double step, int16_t* out, int64_t count) {
    double nominal = 1e9 / microphone->rate, first = (at - (double)microphone->epoch) / nominal;
    bool exact = fabs(step - nominal) < 1e-9;
    for (int64_t i = 0; i < count; i++) {
        if (microphone->count == 0)
            out[i] = 0;
        else if (exact)
            out[i] = sample_at(microphone, (int64_t)floor(first + 1e-3) + i);
        else
            out[i] = sample_between(microphone, first + (double)i * step / nominal);
    }
}

void microphone_close(microphone_t* microphone) {
    unmap(microphone);
}
