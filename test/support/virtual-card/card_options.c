#include "card_options.h"

#include <errno.h>
#include <string.h>

enum { MOST_CHANNELS = 2 };

static int read_rates(card_options_t* options, snd_config_t* list) {
    snd_config_iterator_t i, next;
    options->rate_count = 0;
    snd_config_for_each(i, next, list) {
        long rate;
        if (options->rate_count == MOST_RATES || snd_config_get_integer(snd_config_iterator_entry(i), &rate) < 0)
            return -EINVAL;
        options->rates[options->rate_count++] = (unsigned)rate;
    }
    return options->rate_count > 0 ? 0 : -EINVAL;
}

static int read_option(card_options_t* options, const char* id, snd_config_t* value) {
    long number = 0;
    if (!strcmp(id, "comment") || !strcmp(id, "type") || !strcmp(id, "hint")) return 0;
    if (!strcmp(id, "folder")) return snd_config_get_string(value, &options->folder);
    if (!strcmp(id, "ppm")) return snd_config_get_ireal(value, &options->ppm);
    if (!strcmp(id, "rates")) return read_rates(options, value);
    if (snd_config_get_integer(value, &number) < 0 || number < 0) return -EINVAL;
    if (!strcmp(id, "channels") && number >= 1 && number <= MOST_CHANNELS)
        options->channels = (unsigned)number;
    else if (!strcmp(id, "keep"))
        options->keep = number;
    else
        return -EINVAL;
    return 0;
}

int card_options_read(card_options_t* options, snd_config_t* conf) {
    snd_config_iterator_t i, next;
    *options = (card_options_t){.rates = {48000}, .rate_count = 1, .channels = 1};
    snd_config_for_each(i, next, conf) {
        const char* id;
        snd_config_t* value = snd_config_iterator_entry(i);
        if (snd_config_get_id(value, &id) < 0) continue;
        if (read_option(options, id, value) < 0) {
            SNDERR("offhook_virtual: field %s is unknown or out of range", id);
            return -EINVAL;
        }
    }
    if (!options->folder || strlen(options->folder) >= LONGEST_FOLDER) {
        SNDERR("offhook_virtual: a folder is needed");
        return -EINVAL;
    }
    return 0;
}
