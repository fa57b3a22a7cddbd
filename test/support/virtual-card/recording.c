#include "recording.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 4096 }; /* [samples] */

int recording_open(recording_t* recording, const char* folder, int64_t keep) {
    char path[PATH_MAX];
    memset(recording, 0, sizeof *recording);
    recording->keep = keep;
    snprintf(path, sizeof path, "%s/playback.raw", folder);
    recording->raw = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
    if (recording->raw < 0) return -errno;
    snprintf(path, sizeof path, "%s/playback.position", folder);
    recording->position = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
    if (recording->position < 0) {
        int error = errno;
        close(recording->raw);
        recording->raw = -1;
        return -error;
    }
    if (pread(recording->position, &recording->next, sizeof recording->next, 0) != sizeof recording->next)
        recording->next = 0;
    return 0;
}

void recording_write(recording_t* recording, int64_t first, const int16_t* samples, int64_t count) {
    static const int16_t silence[PIECE];
    int64_t done = 0;
    while (done < count) {
        int64_t piece = count - done, place = first + done;
        if (recording->keep > 0) place %= recording->keep;
        if (recording->keep > 0 && piece > recording->keep - place) piece = recording->keep - place;
        if (!samples && piece > PIECE) piece = PIECE;
        const int16_t* from = samples ? samples + done : silence;
        /* On a full disk the loudspeaker still plays; the reader finds silence. */
        (void)!pwrite(recording->raw, from, (size_t)piece * 2, place * 2);
        done += piece;
    }
    if (first + count <= recording->next) return;
    recording->next = first + count;
    (void)!pwrite(recording->position, &recording->next, sizeof recording->next, 0);
}

void recording_close(recording_t* recording) {
    if (recording->raw >= 0) close(recording->raw);
    if (recording->position >= 0) close(recording->position);
    recording->raw = recording->position = -1;
}
