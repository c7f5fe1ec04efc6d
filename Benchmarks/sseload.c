// N concurrent event streams through a proxy, and how long their chunks were on the way.
//
//   sseload PORT N           runs N streams to their end
//   sseload PORT N hold      opens N streams, waits for a chunk on each, prints "holding", and keeps them until stdin ends
//   sseload PORT N [hold] messages     the same as an Anthropic client
//
// Prints one JSON object. A chunk's delay is now minus the time in its text (see mock.c), for chunks sent since all
// streams were open.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { digits = 19, carry_most = 31, most_delays = 4 << 20 };

typedef struct {
  int fd;
  int chunks;
  uint8_t carried;         // bytes of an unfinished text
  char carry[carry_most];
} stream;

// When all streams stood open: what was sent before tells about the rush, not about the relay.
static long long all_open;
static long long *delays;
static size_t delay_count;
// What the last frame of a stream has in it.
static const char *end_mark = "[DONE]";

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int by_value(const void *a, const void *b) {
  long long x = *(const long long *)a, y = *(const long long *)b;
  return (x > y) - (x < y);
}

static double milliseconds_at(double part) {
  return delay_count ? (double)delays[(size_t)((double)(delay_count - 1) * part)] / 1e6 : 0;
}

// Takes what has come; true at the end mark.
static bool take(stream *s, char *bytes, size_t length) {
  long long time = now();
  size_t end_length = strlen(end_mark);
  char *at = bytes, *end = bytes + length, *kept = end - (length < end_length - 1 ? length : end_length - 1);
  while ((at = memchr(at, '@', (size_t)(end - at)))) {
    if (end - at < digits + 2) {
      kept = at;
      break;
    }
    if (strspn(at + 1, "0123456789") == digits) {
      s->chunks++;
      long long sent = strtoll(at + 1, NULL, 10);
      if (sent > all_open && delay_count < most_delays) delays[delay_count++] = time - sent;
    }
    at += 2;
  }
  s->carried = (uint8_t)(end - kept);
  memcpy(s->carry, kept, s->carried);
  return memmem(bytes, length, end_mark, end_length) != NULL;
}

static int open_stream(uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  if (fd < 0 || connect(fd, (void *)&address, sizeof address)) return -1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

int main(int count, char **words) {
  if (count < 3) return fprintf(stderr, "use: sseload PORT N [hold] [messages]\n"), 2;
  uint16_t port = (uint16_t)atoi(words[1]);
  int total = atoi(words[2]);
  bool holds = false, asks_messages = false;
  for (int i = 3; i < count; i++) {
    holds |= !strcmp(words[i], "hold");
    asks_messages |= !strcmp(words[i], "messages");
  }
  if (asks_messages) end_mark = "message_stop\"}";
  char body[2048], request[4096];
  int length = snprintf(body, sizeof body, "{\"model\":\"gpt-4o-mini\",%s\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"",
      asks_messages ? "\"max_tokens\":500," : "");
  while (length < 900) length += snprintf(body + length, sizeof body - (size_t)length, "tell me about swifts ");
  length += snprintf(body + length, sizeof body - (size_t)length, "\"}]}");
  length = snprintf(request, sizeof request,
      "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
      "Authorization: Bearer sk-bench-1234\r\nContent-Length: %d\r\n\r\n%s",
      asks_messages ? "/v1/messages" : "/v1/chat/completions", length, body);

  stream *streams = calloc((size_t)total, sizeof *streams);
  delays = malloc(sizeof *delays * most_delays);
  if (!streams || !delays) abort();
  int poll = epoll_create1(0);
  long long start = now();
  for (int i = 0; i < total; i++) {
    streams[i].fd = open_stream(port);
    if (streams[i].fd < 0 || send(streams[i].fd, request, (size_t)length, MSG_NOSIGNAL) != length) return perror("sseload"), 1;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
    epoll_ctl(poll, EPOLL_CTL_ADD, streams[i].fd, &event);
  }
  all_open = now();
  if (holds) {
    fcntl(0, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
    epoll_ctl(poll, EPOLL_CTL_ADD, 0, &event);
  }

  int open = total, complete = 0, started = 0;
  bool is_held = false;
  struct epoll_event events[512];
  static char buffer[65536 + carry_most + 1];
  while (open) {
    int ready = epoll_wait(poll, events, 512, 30000);
    if (ready == 0 && !is_held) break;  // stalled: the figures tell how many are missing
    for (int i = 0; i < ready; i++) {
      if (events[i].data.u32 == UINT32_MAX) {
        char byte;
        if (read(0, &byte, 1) == 0) open = 0;
        continue;
      }
      stream *s = &streams[events[i].data.u32];
      memcpy(buffer, s->carry, s->carried);
      ssize_t got = recv(s->fd, buffer + s->carried, 65536, MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) continue;
      bool was_silent = s->chunks == 0, is_done = false;
      if (got > 0) {
        buffer[s->carried + (size_t)got] = 0;
        is_done = take(s, buffer, s->carried + (size_t)got);
        started += was_silent && s->chunks > 0;
        complete += is_done;
      }
      if (got > 0 && !is_done) continue;
      epoll_ctl(poll, EPOLL_CTL_DEL, s->fd, NULL);
      close(s->fd);
      open--;
    }
    if (holds && !is_held && started == total) {
      is_held = true;
      printf("holding\n");
      fflush(stdout);
    }
  }
  long chunks = 0;
  for (int i = 0; i < total; i++) chunks += streams[i].chunks;
  qsort(delays, delay_count, sizeof *delays, by_value);
  printf("{\"streams\":%d,\"complete\":%d,\"chunks\":%ld,\"seconds\":%.3f,\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"max_ms\":%.4f}\n", total,
      complete, chunks, (double)(now() - start) / 1e9, milliseconds_at(0.5), milliseconds_at(0.99), milliseconds_at(1));
  return 0;
}
