/* Microphone to loudspeaker through any pair of ALSA PCMs: the shortest program whose delay is known beforehand.
 *
 *     card_loop PLAYBACK CAPTURE SECONDS [PERIOD [PERIODS [poll]]]     frames; 480 and 4 unless given
 *
 * It queues two periods of silence, starts both streams, and then moves each period that it reads. So a sound is heard
 * two periods after it was at the microphone, which is also what the program must believe (snd_pcm_delay of both ends).
 *
 * With `poll` the PCMs do not block: it queues a period more, reads once out of step with the periods, and from then on
 * reads a period whenever poll() says so; the report counts how often there was less (the kernel never lets that be).
 *
 * Prints one line of JSON and exits 0; when the device is gone it exits 3, on any other error 1.
 */
#include <alsa/asoundlib.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RATE = 48000, BLOCKING_QUEUE = 2, POLLING_QUEUE = 3, PRIORITY = 20, EXIT_GONE = 3, PATIENCE_MS = 1000 };

typedef struct {
    snd_pcm_t *playback, *capture;
    snd_pcm_uframes_t period, buffer; /**< [frames] */
    bool polling;
    int16_t* block;
    long xruns, blocks, early;
    double *delays, *wakes; /**< [ms], one a block */
} loop_t;

static void check(long result, const char* what) {
    if (result >= 0) return;
    printf("{\"error\": %ld, \"in\": \"%s\"}\n", -result, what);
    exit(result == -ENODEV ? EXIT_GONE : EXIT_FAILURE);
}

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static snd_pcm_t* open_pcm(loop_t* loop, const char* name, snd_pcm_stream_t stream) {
    snd_pcm_t* pcm;
    snd_pcm_hw_params_t* hw;
    snd_pcm_sw_params_t* sw;
    check(snd_pcm_open(&pcm, name, stream, loop->polling ? SND_PCM_NONBLOCK : 0), "snd_pcm_open");
    snd_pcm_hw_params_alloca(&hw);
    check(snd_pcm_hw_params_any(pcm, hw), "snd_pcm_hw_params_any");
    check(snd_pcm_hw_params_set_access(pcm, hw, SND_PCM_ACCESS_RW_INTERLEAVED), "access");
    check(snd_pcm_hw_params_set_format(pcm, hw, SND_PCM_FORMAT_S16_LE), "format");
    check(snd_pcm_hw_params_set_channels(pcm, hw, 1), "channels");
    check(snd_pcm_hw_params_set_rate(pcm, hw, RATE, 0), "rate");
    check(snd_pcm_hw_params_set_period_size(pcm, hw, loop->period, 0), "period size");
    check(snd_pcm_hw_params_set_buffer_size(pcm, hw, loop->buffer), "buffer size");
    check(snd_pcm_hw_params(pcm, hw), "snd_pcm_hw_params");
    snd_pcm_sw_params_alloca(&sw);
    check(snd_pcm_sw_params_current(pcm, sw), "snd_pcm_sw_params_current");
    check(snd_pcm_sw_params_set_start_threshold(pcm, sw, 1 << 20), "start threshold");
    check(snd_pcm_sw_params_set_avail_min(pcm, sw, loop->period), "avail min");
    check(snd_pcm_sw_params(pcm, sw), "snd_pcm_sw_params");
    return pcm;
}

static void start(loop_t* loop) {
    memset(loop->block, 0, loop->period * sizeof *loop->block);
    for (int i = 0; i < (loop->polling ? POLLING_QUEUE : BLOCKING_QUEUE); i++)
        check(snd_pcm_writei(loop->playback, loop->block, loop->period), "snd_pcm_writei");
    check(snd_pcm_start(loop->playback), "snd_pcm_start playback");
    check(snd_pcm_start(loop->capture), "snd_pcm_start capture");
}

static void restart(loop_t* loop, long error) {
    if (error != -EPIPE) check(error, "transfer");
    loop->xruns++;
    check(snd_pcm_drop(loop->playback), "snd_pcm_drop playback");
    check(snd_pcm_drop(loop->capture), "snd_pcm_drop capture");
    check(snd_pcm_prepare(loop->playback), "snd_pcm_prepare playback");
    check(snd_pcm_prepare(loop->capture), "snd_pcm_prepare capture");
    start(loop);
}

/** Reads up to `frames` and writes what it got, or what stopped it. */
static long move_frames(loop_t* loop, snd_pcm_uframes_t frames) {
    long moved = snd_pcm_readi(loop->capture, loop->block, frames);
    return moved < 0 ? moved : snd_pcm_writei(loop->playback, loop->block, (snd_pcm_uframes_t)moved);
}

/** Leaves the microphone empty in the middle of a period. */
static void fall_out_of_step(loop_t* loop) {
    snd_pcm_uframes_t frames = loop->period + loop->period / 5;
    while (snd_pcm_avail(loop->capture) < (long)frames)
        clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 100000}, NULL);
    check(move_frames(loop, loop->period), "first transfer");
    check(move_frames(loop, frames - loop->period), "second transfer");
}

static void move_block(loop_t* loop) {
    snd_pcm_sframes_t heard, queued;
    if (loop->polling) {
        check(snd_pcm_wait(loop->capture, PATIENCE_MS), "snd_pcm_wait");
        if (snd_pcm_avail(loop->capture) < (long)loop->period) loop->early++;
    }
    long moved = move_frames(loop, loop->period);
    double wake = now_ms();
    if (moved == -EAGAIN) return;
    if (moved < 0) {
        restart(loop, moved);
        return;
    }
    check(snd_pcm_delay(loop->capture, &heard), "snd_pcm_delay capture");
    check(snd_pcm_delay(loop->playback, &queued), "snd_pcm_delay playback");
    loop->delays[loop->blocks] = (double)(heard + queued) * 1e3 / RATE;
    loop->wakes[loop->blocks] = wake - (double)(loop->blocks * (long)loop->period) * 1e3 / RATE;
    loop->blocks++;
}

static int ascending(const void* a, const void* b) {
    double left = *(const double*)a, right = *(const double*)b;
    return (left > right) - (left < right);
}

static void report(loop_t* loop) {
    long last = loop->blocks - 1;
    qsort(loop->delays, (size_t)loop->blocks, sizeof *loop->delays, ascending);
    qsort(loop->wakes, (size_t)loop->blocks, sizeof *loop->wakes, ascending);
    printf("{\"xruns\": %ld, \"blocks\": %ld, \"early\": %ld, ", loop->xruns, loop->blocks, loop->early);
    printf("\"delay\": %.4f, \"delayP5\": %.4f, \"delayP95\": %.4f, ", loop->delays[last / 2], loop->delays[last / 20],
           loop->delays[last * 19 / 20]);
    printf("\"latenessP50\": %.3f, \"latenessP99\": %.3f, \"latenessMax\": %.3f}\n",
           loop->wakes[last / 2] - loop->wakes[0], loop->wakes[last * 99 / 100] - loop->wakes[0],
           loop->wakes[last] - loop->wakes[0]);
}

static int allocate(loop_t* loop, size_t blocks) {
    loop->block = calloc(loop->period, sizeof *loop->block);
    loop->delays = calloc(blocks, sizeof *loop->delays);
    loop->wakes = calloc(blocks, sizeof *loop->wakes);
    return loop->block && loop->delays && loop->wakes;
}

int main(int count, char** arguments) {
    if (count < 4) {
        fprintf(stderr, "card_loop PLAYBACK CAPTURE SECONDS [PERIOD [PERIODS [poll]]]\n");
        return EXIT_FAILURE;
    }
    loop_t loop = {.period = count > 4 ? strtoul(arguments[4], NULL, 10) : 480, .polling = count > 6};
    loop.buffer = loop.period * (count > 5 ? strtoul(arguments[5], NULL, 10) : 4);
    long blocks = (long)(atof(arguments[3]) * RATE / (double)loop.period);
    if (blocks < 1 || !allocate(&loop, (size_t)blocks + 1)) return EXIT_FAILURE;
    loop.playback = open_pcm(&loop, arguments[1], SND_PCM_STREAM_PLAYBACK);
    loop.capture = open_pcm(&loop, arguments[2], SND_PCM_STREAM_CAPTURE);
    /* Where it is not allowed, a loaded machine can cost xruns; the report tells. */
    (void)sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = PRIORITY});
    start(&loop);
    if (loop.polling) fall_out_of_step(&loop);
    while (loop.blocks + loop.xruns < blocks) move_block(&loop);
    report(&loop);
    snd_pcm_close(loop.capture);
    snd_pcm_close(loop.playback);
    free(loop.block);
    free(loop.delays);
    free(loop.wakes);
    return EXIT_SUCCESS;
}
