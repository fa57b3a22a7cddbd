/*
 * An ear at the far end of a loopback card: tells when sound begins and ends, by the board's own clock.
 *   ear CARD LEVEL [QUIET]     for instance: ear handset -40
 * Prints "MICROSECONDS on DBFS" and "MICROSECONDS off DBFS": the monotonic instant of the first block of 1 ms above
 * LEVEL (peak, dBFS), and of the last of QUIET (50 if absent) ms without one. The loopback card moves by its timer of
 * 4 ms, which is what an instant is uncertain by.
 */
#include <alsa/asoundlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RATE = 48000, BLOCK = RATE / 1000, QUIET_MS = 50, BUFFER_US = 200000 };

static long long nowUs(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static double peakOf(const short* block) {
    int peak = 0;
    for (int i = 0; i < BLOCK; i++) {
        int size = abs(block[i]);
        if (size > peak) peak = size;
    }
    return peak == 0 ? -HUGE_VAL : 20 * log10(peak / 32768.0);
}

static void told(int error, const char* what) {
    if (error >= 0) return;
    fprintf(stderr, "ear: %s: %s\n", what, snd_strerror(error));
    exit(1);
}

/* When the block that was just read was played: what still waits came after it. */
static long long instantOf(snd_pcm_t* pcm) {
    snd_pcm_sframes_t waiting = snd_pcm_avail(pcm);
    return nowUs() - (waiting > 0 ? waiting : 0) * 1000000LL / RATE - 1000;
}

int main(int count, char** arguments) {
    if (count != 3 && count != 4) {
        fprintf(stderr, "usage: ear CARD LEVEL [QUIET]\n");
        return 2;
    }
    char name[64];
    snprintf(name, sizeof name, "hw:CARD=%s,DEV=1", arguments[1]);
    double level = atof(arguments[2]);
    int mostQuiet = count == 4 ? atoi(arguments[3]) : QUIET_MS;
    snd_pcm_t* pcm = NULL;
    told(snd_pcm_open(&pcm, name, SND_PCM_STREAM_CAPTURE, 0), name);
    told(snd_pcm_set_params(pcm, SND_PCM_FORMAT_S16, SND_PCM_ACCESS_RW_INTERLEAVED, 1, RATE, 0, BUFFER_US), name);
    /* By itself it would begin only with a read of a whole buffer. */
    told(snd_pcm_start(pcm), name);
    setvbuf(stdout, NULL, _IOLBF, 0);
    short block[BLOCK];
    int quiet = mostQuiet;
    for (;;) {
        snd_pcm_sframes_t done = snd_pcm_readi(pcm, block, BLOCK);
        if (done < 0) {
            told(snd_pcm_recover(pcm, (int)done, 1), name);
            told(snd_pcm_start(pcm), name);
            continue;
        }
        double peak = peakOf(block);
        if (peak >= level) {
            if (quiet >= mostQuiet) printf("%lld on %.1f\n", instantOf(pcm), peak);
            quiet = 0;
        } else if (quiet < mostQuiet && ++quiet == mostQuiet) {
            printf("%lld off %.1f\n", instantOf(pcm), peak);
        }
    }
}
