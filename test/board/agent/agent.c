/*
 * The hand of the test inside the virtual board. It speaks frames over one virtio-serial port, both ways:
 *   "ID WORD ARGUMENT LENGTH\n" and LENGTH bytes
 *   run - COMMAND      starts /bin/sh -c COMMAND in a session of its own; comes back as "pid N", "out" and "err" with
 * its output, and "exit CODE" (negative: the number of the signal that ended it) in - BYTES         to that process's
 * standard input       eof - -   closes it kill SIGNAL -      to its whole process group write PATH BYTES   one write:
 * sysfs, configfs, files; "ok" read PATH -        the whole file back as "data" "ok", "data", "out" and "err" have the
 * board's monotonic clock in us as their argument; "fail" the errno.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_PROCESSES = 64, LONGEST_FRAME = 1 << 26, PIECE = 65536 };

struct process {
    int id, pid;
    int in, out, err;
    bool ended;
    int code;
};

struct frame {
    int id;
    char word[16];
    char argument[400];
    size_t length;
    char* bytes;
};

static struct process processes[MOST_PROCESSES];
static int port;

static long long nowUs(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

/* Writes all of it. Returns false when nobody takes it any more. */
static bool writeAll(int to, const void* bytes, size_t length) {
    for (const char* at = bytes; length > 0;) {
        ssize_t done = write(to, at, length);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return false;
        at += done;
        length -= (size_t)done;
    }
    return true;
}

static bool readAll(int from, void* bytes, size_t length) {
    for (char* at = bytes; length > 0;) {
        ssize_t done = read(from, at, length);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        at += done;
        length -= (size_t)done;
    }
    return true;
}

static void say(int id, const char* word, long long argument, const void* bytes, size_t length) {
    char head[96];
    int size = snprintf(head, sizeof head, "%d %s %lld %zu\n", id, word, argument, length);
    if (writeAll(port, head, (size_t)size)) writeAll(port, bytes, length);
}

static void fail(int id, int error) {
    const char* words = strerror(error);
    say(id, "fail", error, words, strlen(words));
}

static struct process* processOf(int id) {
    for (int i = 0; i < MOST_PROCESSES; i++) {
        if (processes[i].pid && processes[i].id == id) return &processes[i];
    }
    return NULL;
}

static void become(const char* command, int in, int out, int err) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    dup2(in, 0);
    dup2(out, 1);
    dup2(err, 2);
    execl("/bin/sh", "sh", "-c", command, (char*)NULL);
    _exit(127);
}

static void run(int id, const char* command) {
    int i = 0, in[2], out[2], err[2];
    while (i < MOST_PROCESSES && processes[i].pid) i++;
    if (i == MOST_PROCESSES || pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) {
        say(id, "exit", 126, NULL, 0);
        return;
    }
    int pid = fork();
    if (pid == 0) become(command, in[0], out[1], err[1]);
    close(in[0]);
    close(out[1]);
    close(err[1]);
    processes[i] = (struct process){.id = id, .pid = pid, .in = in[1], .out = out[0], .err = err[0]};
    say(id, "pid", pid, NULL, 0);
}

static void writeFile(const struct frame* frame) {
    /* What is the kernel's must be there, what is a file is made anew. */
    bool kernels = !strncmp(frame->argument, "/sys/", 5) || !strncmp(frame->argument, "/dev/", 5);
    int file = open(frame->argument, O_WRONLY | (kernels ? 0 : O_CREAT | O_TRUNC), 0644);
    bool done = file >= 0 && writeAll(file, frame->bytes, frame->length);
    int error = errno;
    if (file >= 0) close(file);
    if (done) {
        say(frame->id, "ok", nowUs(), NULL, 0);
    } else {
        fail(frame->id, error);
    }
}

static void readFile(const struct frame* frame) {
    int file = open(frame->argument, O_RDONLY);
    size_t room = PIECE, length = 0;
    char* bytes = malloc(room);
    ssize_t done = -1;
    while (file >= 0 && bytes && (done = read(file, bytes + length, room - length)) > 0) {
        length += (size_t)done;
        if (length == room) bytes = realloc(bytes, room *= 2);
    }
    if (done < 0) {
        fail(frame->id, errno);
    } else {
        say(frame->id, "data", nowUs(), bytes, length);
    }
    free(bytes);
    if (file >= 0) close(file);
}

static void obey(const struct frame* frame) {
    struct process* process = processOf(frame->id);
    if (!strcmp(frame->word, "run")) {
        run(frame->id, frame->bytes);
    } else if (!strcmp(frame->word, "write")) {
        writeFile(frame);
    } else if (!strcmp(frame->word, "read")) {
        readFile(frame);
    } else if (process && !strcmp(frame->word, "in") && process->in >= 0) {
        /* A process that is gone is told of by its exit. */
        writeAll(process->in, frame->bytes, frame->length);
    } else if (process && !strcmp(frame->word, "eof") && process->in >= 0) {
        close(process->in);
        process->in = -1;
    } else if (process && !strcmp(frame->word, "kill")) {
        kill(-process->pid, atoi(frame->argument));
    }
}

/* Reads one frame; false when the host hung up or what it says is none. */
static bool hear(struct frame* frame) {
    char head[512];
    size_t length = 0;
    do {
        if (length == sizeof head - 1 || !readAll(port, head + length, 1)) return false;
    } while (head[length++] != '\n');
    head[length] = 0;
    if (sscanf(head, "%d %15s %399s %zu", &frame->id, frame->word, frame->argument, &frame->length) != 4) return false;
    if (frame->length > LONGEST_FRAME || !(frame->bytes = malloc(frame->length + 1))) return false;
    frame->bytes[frame->length] = 0;
    if (readAll(port, frame->bytes, frame->length)) return true;
    free(frame->bytes);
    return false;
}

/* Passes a piece of output on; false, and the pipe is closed, at its end. */
static bool pass(int id, int* from, const char* word) {
    static char bytes[PIECE];
    ssize_t length = read(*from, bytes, sizeof bytes);
    if (length > 0) {
        say(id, word, nowUs(), bytes, (size_t)length);
        return true;
    }
    close(*from);
    *from = -1;
    return false;
}

static void reap(int signals) {
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) > 0) {
    }
    int status, pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (int i = 0; i < MOST_PROCESSES; i++) {
            if (processes[i].pid != pid) continue;
            processes[i].ended = true;
            processes[i].code = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
        }
    }
}

/* What it left in its pipes, then its end. A child of its own may hold them open for ever, so nothing is waited for. */
static void bury(struct process* process) {
    int* pipes[] = {&process->out, &process->err};
    for (int i = 0; i < 2; i++) {
        if (*pipes[i] < 0) continue;
        fcntl(*pipes[i], F_SETFL, O_NONBLOCK);
        while (*pipes[i] >= 0 && pass(process->id, pipes[i], i == 0 ? "out" : "err")) {
        }
    }
    if (process->in >= 0) close(process->in);
    say(process->id, "exit", process->code, NULL, 0);
    *process = (struct process){0};
}

static void turn(int signals) {
    struct pollfd waiting[2 + 2 * MOST_PROCESSES] = {{port, POLLIN, 0}, {signals, POLLIN, 0}};
    for (int i = 0; i < MOST_PROCESSES; i++) {
        const struct process* process = &processes[i];
        waiting[2 + 2 * i] = (struct pollfd){process->pid ? process->out : -1, POLLIN, 0};
        waiting[3 + 2 * i] = (struct pollfd){process->pid ? process->err : -1, POLLIN, 0};
    }
    if (poll(waiting, 2 + 2 * MOST_PROCESSES, -1) < 0) return;
    for (int i = 0; i < MOST_PROCESSES; i++) {
        if (waiting[2 + 2 * i].revents) pass(processes[i].id, &processes[i].out, "out");
        if (waiting[3 + 2 * i].revents) pass(processes[i].id, &processes[i].err, "err");
    }
    if (waiting[1].revents) reap(signals);
    for (int i = 0; i < MOST_PROCESSES; i++) {
        if (processes[i].ended) bury(&processes[i]);
    }
    struct frame frame;
    if (!(waiting[0].revents & (POLLIN | POLLHUP))) return;
    if (hear(&frame)) {
        obey(&frame);
        free(frame.bytes);
    } else {
        usleep(20000); /* The host hung up; the port has no event for its coming back. */
    }
}

int main(int count, char** arguments) {
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ended, NULL);
    signal(SIGPIPE, SIG_IGN);
    int signals = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
    port = count == 2 ? open(arguments[1], O_RDWR | O_CLOEXEC) : -1;
    if (port < 0 || signals < 0) {
        fprintf(stderr, "agent: %s: %s\n", count == 2 ? arguments[1] : "no port", strerror(errno));
        return 1;
    }
    say(0, "hello", nowUs(), NULL, 0);
    for (;;) turn(signals);
}
