/* What the loudspeaker was given: a ring of the last `keep` samples, continued from opening to opening.
 *
 *   FOLDER/playback.raw:       int16 sample number n of the card's life stands at 2 * (n % keep); keep 0: at 2 * n
 *   FOLDER/playback.position:  int64, the number of the next sample
 *
 * A sample is one channel of one frame. The log's `start` lines say which number a run begins with.
 */
#pragma once
#include <stdint.h>

typedef struct {
    int raw, position; /**< Descriptors. */
    int64_t keep;      /**< [samples], 0: all of them. */
    int64_t next;      /**< Number of the next sample. */
} recording_t;

/** Returns 0 or a negative errno. */
int recording_open(recording_t* recording, const char* folder, int64_t keep);

/** Writes `count` samples from number `first` on; `samples` NULL means silence. */
void recording_write(recording_t* recording, int64_t first, const int16_t* samples, int64_t count);

void recording_close(recording_t* recording);
