/* A sound card without a sound card: an alsa-lib ioplug PCM, with no kernel sound and no sound server.
 *
 * The "hardware" is a pure function of CLOCK_MONOTONIC: frame p of a run is at the converter at
 *
 *     started_at + p * 1e9 / (rate * (1 + ppm / 1e6))   [ns]
 *
 * so what the loudspeaker played and what the microphone heard are known on one time axis, exact to the sample, with
 * no delay or jitter of the instrument. The timer gives period interrupts; between them the position is exact. Xruns,
 * a busy device and a device that is gone are reported as the kernel reports them.
 *
 *     pcm.NAME { type offhook_virtual  folder "DIR"  [ppm 0]  [rates [48000]]  [channels 1]  [keep 0] }
 *
 * `channels` is the most that it takes, `keep` the samples of playback that are kept (recording.h). While a file
 * DIR/unplugged exists, opening fails with ENODEV and a running stream gets ENODEV at its next call or period, 5 ms
 * later at the most. A stream that was cut off so stays dead, as in the kernel: the program must close it and open
 * anew.
 */
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "card_log.h"
#include "card_options.h"
#include "microphone.h"
#include "recording.h"

enum { MOST_PERIOD_BYTES = 1 << 16, LEAST_PERIOD_FRAMES = 16 };

/** [ns] between two looks for DIR/unplugged: alsa-lib asks for the position ten times in a period, and each look is a
 * system call that would count as the program's own time. */
enum { LOOK_INTERVAL = 5000000 };

typedef struct {
    snd_pcm_ioplug_t io;
    char folder[LONGEST_FOLDER];
    double ppm;
    int timer;
    int lock; /**< Holds the card's one stream of this direction. */
    card_log_t log;
    recording_t recording;   /**< Playback only. */
    microphone_t microphone; /**< Capture only. */
    bool running;
    int64_t started_at;   /**< [ns] instant of frame 0 of the run */
    int64_t first_sample; /**< Number of the run's first sample in the recording. */
    int64_t moved;        /**< [frames] of this run that the program wrote or read */
    int64_t late;         /**< [frames] that came after their instant, so that silence was heard instead */
    int64_t last_period;  /**< Number of the period in which frames were moved last. */
    int64_t looked_at;    /**< [ns] when DIR/unplugged was looked for last */
    snd_pcm_uframes_t avail_min, stop_threshold, boundary;
} card_t;

static bool is_playback(const card_t* card) {
    return card->io.stream == SND_PCM_STREAM_PLAYBACK;
}

static bool is_unplugged(const char* folder) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/unplugged", folder);
    return access(path, F_OK) == 0;
}

static double frame_ns(const card_t* card) {
    return 1e9 / (card->io.rate * (1 + card->ppm * 1e-6));
}

/** [frames] that the converter has passed in this run. */
static int64_t position_of(const card_t* card) {
    return card->running ? (int64_t)((double)(monotonic_ns() - card->started_at) / frame_ns(card)) : 0;
}

/** [frames] that can be written or read when the converter is at `position` and the program at `program`. */
static int64_t avail_of(const card_t* card, int64_t position, int64_t program) {
    return is_playback(card) ? (int64_t)card->io.buffer_size - (program - position) : position - program;
}

static void end_run(card_t* card, const char* why) {
    if (!card->running) return;
    int64_t heard = position_of(card);
    card_log_write(&card->log, monotonic_ns(), why, "heard=%lld moved=%lld late=%lld",
                   (long long)(is_playback(card) && heard > card->moved ? card->moved : heard), (long long)card->moved,
                   (long long)card->late);
    card->running = false;
}

/** Ends the stream for good if the card is gone. */
static bool is_lost(card_t* card) {
    if (card->io.state == SND_PCM_STATE_DISCONNECTED) return true;
    int64_t now = monotonic_ns();
    if (now - card->looked_at < LOOK_INTERVAL) return false;
    card->looked_at = now;
    if (!is_unplugged(card->folder)) return false;
    end_run(card, "unplug");
    snd_pcm_ioplug_set_state(&card->io, SND_PCM_STATE_DISCONNECTED);
    return true;
}

/* ---- interrupts ---- */

/** Makes the timer readable at `at` [ns]; 1: at once, 0: never. */
static void set_timer(card_t* card, int64_t at) {
    struct itimerspec when = {.it_value = {.tv_sec = at / 1000000000, .tv_nsec = at % 1000000000}};
    timerfd_settime(card->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static int64_t wanted_of(const card_t* card) {
    return card->avail_min ? (int64_t)card->avail_min : (int64_t)card->io.period_size;
}

/* The kernel wakes a blocked reader when min(what is left of the call, avail_min) frames are there. alsa-lib over a
 * plug-in takes the few frames that are at hand and then waits for a whole avail_min more, which would cost blocking
 * readers and writers up to a period that no hardware costs. So a partial transfer is finished at the next period
 * boundary, as the kernel would. A program that does not block waits in poll(), which the kernel ends at avail_min. */
static int64_t least_of(const card_t* card) {
    int64_t wanted = wanted_of(card), period = (int64_t)card->io.period_size;
    if (card->io.nonblock) return wanted;
    return wanted > period ? wanted - period + 1 : 1;
}

static bool is_ready(const card_t* card, int64_t position, int64_t avail) {
    bool is_next_period = position / (int64_t)card->io.period_size > card->last_period;
    return avail >= wanted_of(card) || (is_next_period && avail >= least_of(card));
}

/** Sets the timer for the period boundary at which a program that stands at `program` can go on. */
static void arm(card_t* card, int64_t program) {
    int64_t position = position_of(card), avail = avail_of(card, position, program);
    int64_t period = (int64_t)card->io.period_size;
    if (!card->running) {
        set_timer(card, is_playback(card) && avail >= wanted_of(card) ? 1 : 0);
        return;
    }
    if (is_ready(card, position, avail)) {
        set_timer(card, 1);
        return;
    }
    int64_t boundary = (position / period + 1) * period;
    while (avail + (boundary - position) < least_of(card)) boundary += period;
    set_timer(card, card->started_at + (int64_t)ceil((double)boundary * frame_ns(card)) + 1000);
}

static int card_poll_revents(snd_pcm_ioplug_t* io, struct pollfd* fds, unsigned count, unsigned short* revents) {
    card_t* card = io->private_data;
    unsigned short ready = io->stream == SND_PCM_STREAM_PLAYBACK ? POLLOUT : POLLIN;
    *revents = 0;
    if (count < 1) return -EINVAL;
    if (!(fds[0].revents & POLLIN)) return 0;
    if (is_lost(card)) {
        *revents = POLLERR | POLLNVAL;
        return 0;
    }
    if (io->state == SND_PCM_STATE_XRUN) {
        *revents = POLLERR | ready;
        return 0;
    }
    int64_t position = position_of(card);
    if (is_ready(card, position, avail_of(card, position, (int64_t)io->appl_ptr)))
        *revents = ready;
    else
        arm(card, (int64_t)io->appl_ptr);
    return 0;
}

/* ---- the stream ---- */

static int card_start(snd_pcm_ioplug_t* io) {
    card_t* card = io->private_data;
    if (is_lost(card)) return -ENODEV;
    /* The kernel does not start playback with nothing to play, unless xruns are switched off. */
    if (is_playback(card) && io->appl_ptr == 0 && card->stop_threshold < card->boundary) return -EPIPE;
    card->started_at = monotonic_ns();
    card->running = true;
    card->last_period = 0;
    card_log_write(&card->log, card->started_at, "start", "sample=%lld", (long long)card->first_sample);
    arm(card, (int64_t)io->appl_ptr);
    return 0;
}

static int card_stop(snd_pcm_ioplug_t* io) {
    card_t* card = io->private_data;
    end_run(card, "stop");
    set_timer(card, 1);
    return 0;
}

static int card_prepare(snd_pcm_ioplug_t* io) {
    card_t* card = io->private_data;
    if (is_lost(card)) return -ENODEV;
    end_run(card, "stop");
    card->first_sample = card->recording.next;
    card->moved = card->late = 0;
    arm(card, 0);
    return 0;
}

/* A negative answer would make alsa-lib say "xrun"; a card that is gone keeps its last place, in state disconnected. */
static snd_pcm_sframes_t card_pointer(snd_pcm_ioplug_t* io) {
    card_t* card = io->private_data;
    if (is_lost(card)) return (snd_pcm_sframes_t)io->hw_ptr;
    if (!card->running) return 0;
    int64_t position = position_of(card);
    if (avail_of(card, position, (int64_t)io->appl_ptr) >= (int64_t)card->stop_threshold) {
        end_run(card, "xrun");
        set_timer(card, 1);
        return -EPIPE;
    }
    return position % (int64_t)card->boundary;
}

static int card_delay(snd_pcm_ioplug_t* io, snd_pcm_sframes_t* delay) {
    card_t* card = io->private_data;
    if (is_lost(card)) return -ENODEV;
    int64_t ahead = (int64_t)io->appl_ptr - position_of(card);
    *delay = is_playback(card) ? ahead : -ahead;
    return 0;
}

/** Takes `size` frames for the loudspeaker; those whose instant has passed are not heard. */
static void play(card_t* card, const int16_t* frames, int64_t size) {
    int64_t at = (int64_t)card->io.appl_ptr, channels = card->io.channels, position = position_of(card);
    int64_t missed = card->running && position > at ? position - at : 0;
    if (missed > size) missed = size;
    card->late += missed;
    int64_t sample = card->first_sample + at * channels;
    if (missed > 0) recording_write(&card->recording, sample, NULL, missed * channels);
    recording_write(&card->recording, sample + missed * channels, frames + missed * channels,
                    (size - missed) * channels);
}

/** Gives `size` frames from the microphone, the same on every channel. */
static void listen(card_t* card, int16_t* frames, int64_t size) {
    int64_t channels = card->io.channels;
    double step = frame_ns(card), at = (double)card->started_at + (double)card->io.appl_ptr * step;
    microphone_refresh(&card->microphone);
    microphone_read(&card->microphone, at, step, frames, size);
    for (int64_t i = size - 1; channels > 1 && i >= 0; i--)
        for (int64_t channel = 0; channel < channels; channel++) frames[i * channels + channel] = frames[i];
}

static snd_pcm_sframes_t card_transfer(snd_pcm_ioplug_t* io, const snd_pcm_channel_area_t* areas,
                                       snd_pcm_uframes_t offset, snd_pcm_uframes_t size) {
    card_t* card = io->private_data;
    if (is_lost(card)) return -ENODEV;
    int16_t* frames = (int16_t*)((char*)areas->addr + (areas->first + areas->step * offset) / 8);
    int64_t end = (int64_t)(io->appl_ptr + size);
    if (is_playback(card))
        play(card, frames, (int64_t)size);
    else
        listen(card, frames, (int64_t)size);
    if (end > card->moved) card->moved = end;
    card->last_period = position_of(card) / (int64_t)io->period_size;
    arm(card, end);
    return (snd_pcm_sframes_t)size;
}

static int card_drain(snd_pcm_ioplug_t* io) {
    card_t* card = io->private_data;
    if (is_playback(card) && !card->running && io->appl_ptr > 0) {
        int error = card_start(io);
        if (error < 0) return error;
    }
    while (is_playback(card) && card->running && position_of(card) < (int64_t)io->appl_ptr) {
        if (is_lost(card)) return -ENODEV;
        if (io->nonblock) return -EAGAIN;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    end_run(card, "drain");
    return 0;
}

static int card_hw_params(snd_pcm_ioplug_t* io, snd_pcm_hw_params_t* params) {
    card_t* card = io->private_data;
    (void)params;
    if (is_lost(card)) return -ENODEV;
    end_run(card, "stop");
    card_log_write(&card->log, monotonic_ns(), "params", "rate=%u channels=%u period=%lu buffer=%lu ppm=%g keep=%lld",
                   io->rate, io->channels, io->period_size, io->buffer_size, card->ppm,
                   (long long)card->recording.keep);
    if (!is_playback(card)) {
        microphone_close(&card->microphone);
        microphone_open(&card->microphone, card->folder, io->rate);
    }
    return 0;
}

static int card_sw_params(snd_pcm_ioplug_t* io, snd_pcm_sw_params_t* params) {
    card_t* card = io->private_data;
    snd_pcm_sw_params_get_avail_min(params, &card->avail_min);
    snd_pcm_sw_params_get_stop_threshold(params, &card->stop_threshold);
    snd_pcm_sw_params_get_boundary(params, &card->boundary);
    return 0;
}

/* ---- opening and closing ---- */

static void release(card_t* card) {
    recording_close(&card->recording);
    microphone_close(&card->microphone);
    card_log_close(&card->log);
    if (card->timer >= 0) close(card->timer);
    if (card->lock >= 0) close(card->lock);
    free(card);
}

static int card_close(snd_pcm_ioplug_t* io) {
    card_t* card = io->private_data;
    end_run(card, "stop");
    card_log_write(&card->log, monotonic_ns(), "close", "%s", "");
    release(card);
    return 0;
}

static const snd_pcm_ioplug_callback_t CALLBACKS = {
    .start = card_start,
    .stop = card_stop,
    .pointer = card_pointer,
    .transfer = card_transfer,
    .close = card_close,
    .hw_params = card_hw_params,
    .sw_params = card_sw_params,
    .prepare = card_prepare,
    .drain = card_drain,
    .poll_revents = card_poll_revents,
    .delay = card_delay,
};

static int take_stream(card_t* card) {
    char path[PATH_MAX];
    if (is_unplugged(card->folder)) return -ENODEV;
    snprintf(path, sizeof path, "%s/%s.lock", card->folder, card->log.direction);
    card->lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
    if (card->lock < 0) return errno == ENOENT ? -ENODEV : -errno;
    return flock(card->lock, LOCK_EX | LOCK_NB) < 0 ? -EBUSY : 0;
}

static void constrain(card_t* card, const card_options_t* options) {
    static const unsigned access[] = {SND_PCM_ACCESS_RW_INTERLEAVED, SND_PCM_ACCESS_MMAP_INTERLEAVED};
    static const unsigned format[] = {SND_PCM_FORMAT_S16_LE};
    snd_pcm_ioplug_t* io = &card->io;
    snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_ACCESS, 2, access);
    snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_FORMAT, 1, format);
    snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_RATE, options->rate_count, options->rates);
    snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_CHANNELS, 1, options->channels);
    snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, LEAST_PERIOD_FRAMES * 2, MOST_PERIOD_BYTES);
    snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_BUFFER_BYTES, LEAST_PERIOD_FRAMES * 4, MOST_PERIOD_BYTES * 4);
    snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIODS, 2, 1024);
}

static int open_card(card_t* card, const char* name, snd_pcm_stream_t stream, int mode) {
    card->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (card->timer < 0) return -errno;
    card->io.version = SND_PCM_IOPLUG_VERSION;
    card->io.name = "Offhook virtual sound card";
    card->io.poll_fd = card->timer;
    card->io.poll_events = POLLIN;
    card->io.flags = SND_PCM_IOPLUG_FLAG_MONOTONIC | SND_PCM_IOPLUG_FLAG_BOUNDARY_WA;
    card->io.callback = &CALLBACKS;
    card->io.private_data = card;
    card->io.nonblock = (mode & SND_PCM_NONBLOCK) != 0; /* alsa-lib tells only later changes. */
    return snd_pcm_ioplug_create(&card->io, name, stream, mode);
}

__attribute__((visibility("default"))) SND_PCM_PLUGIN_DEFINE_FUNC(offhook_virtual) {
    card_options_t options;
    (void)root;
    int error = card_options_read(&options, conf);
    if (error < 0) return error;
    card_t* card = calloc(1, sizeof *card);
    if (!card) return -ENOMEM;
    card->timer = card->lock = card->recording.raw = card->recording.position = -1;
    card->ppm = options.ppm;
    snprintf(card->folder, sizeof card->folder, "%s", options.folder);
    card_log_open(&card->log, card->folder, stream == SND_PCM_STREAM_PLAYBACK ? "playback" : "capture");
    error = take_stream(card);
    if (error == 0 && stream == SND_PCM_STREAM_PLAYBACK)
        error = recording_open(&card->recording, card->folder, options.keep);
    if (error == 0) error = open_card(card, name, stream, mode);
    if (error < 0) {
        card_log_write(&card->log, monotonic_ns(), "refuse", "error=%d", -error);
        release(card);
        return error;
    }
    constrain(card, &options);
    card_log_write(&card->log, monotonic_ns(), "open", "%s", "");
    *pcmp = card->io.pcm;
    return 0;
}

__attribute__((visibility("default"))) SND_PCM_PLUGIN_SYMBOL(offhook_virtual);
