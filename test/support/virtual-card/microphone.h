/* What is at the microphone: a signal in a file, known at every instant of CLOCK_MONOTONIC.
 *
 *   FOLDER/microphone-<rate>:  int64 epoch [ns] | int64 looped (0 or 1) | int16 mono samples at <rate> ...
 *
 * Sample 0 is at the microphone at `epoch`. The file is replaced by renaming another over it; a running stream takes
 * the new one at its next transfer. Without a file there is silence.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

typedef struct {
    char path[4096];
    unsigned rate; /**< [Hz] */
    void* map;     /**< The whole file, or NULL. */
    size_t map_size;
    struct stat seen; /**< What the path was when it was mapped. */
    int64_t epoch;    /**< [ns] */
    int looped;
    const int16_t* samples;
    int64_t count;
} microphone_t;

void microphone_open(microphone_t* microphone, const char* folder, unsigned rate);

/** Maps the file anew if another has taken its place. */
void microphone_refresh(microphone_t* microphone);

/** Fills `out` with `count` mono samples: the first is at the microphone at `at` [ns], the next `step` [ns] later. */
void microphone_read(const microphone_t* microphone, double at, double step, int16_t* out, int64_t count);

void microphone_close(microphone_t* microphone);
