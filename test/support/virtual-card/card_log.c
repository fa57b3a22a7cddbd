#include "card_log.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int64_t monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void card_log_open(card_log_t* log, const char* folder, const char* direction) {
    static atomic_uint count;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/log", folder);
    log->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    log->direction = direction;
    snprintf(log->stream, sizeof log->stream, "%d-%u", getpid(), atomic_fetch_add(&count, 1));
}

void card_log_write(const card_log_t* log, int64_t at, const char* event, const char* format, ...) {
    char line[400];
    if (log->fd < 0) return;
    int head = snprintf(line, sizeof line, "%lld %s %s %s ", (long long)at, log->stream, log->direction, event);
    va_list values;
    va_start(values, format);
    int tail = vsnprintf(line + head, sizeof line - (size_t)head - 1, format, values);
    va_end(values);
    int end = head + tail;
    if (tail == 0) end--; /* No values: no space before the line's end. */
    if (end > (int)sizeof line - 2) end = (int)sizeof line - 2;
    line[end] = '\n';
    /* A full disk must not end the stream: the log is an instrument, not the card. */
    (void)!write(log->fd, line, (size_t)end + 1);
}

void card_log_close(card_log_t* log) {
    if (log->fd >= 0) close(log->fd);
    log->fd = -1;
}
