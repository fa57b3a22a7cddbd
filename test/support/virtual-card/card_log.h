/* The card's log: one line an event, appended whole, so that any number of readers can follow it.
 *
 *   <CLOCK_MONOTONIC ns> <pid>-<count> <playback|capture> <event> [name=value ...]
 */
#pragma once
#include <stdint.h>

/** Nanoseconds of CLOCK_MONOTONIC: the one time axis of the card, of its log and of Node's `process.hrtime`. */
int64_t monotonic_ns(void);

typedef struct {
    int fd;                /**< Opened for appending; -1: nothing is logged. */
    char stream[40];       /**< Names one opening of one PCM. */
    const char* direction; /**< "playback" or "capture". */
} card_log_t;

/** Opens FOLDER/log for a new stream. A log that cannot be opened costs only the log. */
void card_log_open(card_log_t* log, const char* folder, const char* direction);

/** Appends one line for an event that happened at `at` [ns]; `format` gives the rest of the line, or is "". */
__attribute__((format(printf, 4, 5))) void card_log_write(const card_log_t* log, int64_t at, const char* event,
                                                          const char* format, ...);

void card_log_close(card_log_t* log);
