/* The fields of `pcm.NAME { type offhook_virtual ... }`. */
#pragma once
#include <alsa/asoundlib.h>
#include <stdint.h>

enum { MOST_RATES = 8, LONGEST_FOLDER = 4000 };

typedef struct {
    const char* folder;         /**< Belongs to the configuration tree. */
    double ppm;                 /**< Error of the card's clock, 0 unless given. */
    unsigned rates[MOST_RATES]; /**< [Hz] that the card can do, 48000 unless given. */
    unsigned rate_count;
    unsigned channels; /**< The most that it takes, 1 unless given. */
    int64_t keep;      /**< [samples] of playback that are kept, 0 (all) unless given. */
} card_options_t;

/** Returns 0, or -EINVAL and a message for the user where a field is unknown, missing or out of range. */
int card_options_read(card_options_t* options, snd_config_t* conf);
