// Requests at a fixed rate, whatever becomes of the answers: an open loop over a few keep-alive connections.
//
//   openload PORT RATE SECONDS [CONNECTIONS=20] [PATH]
//
// Without a path, 1 KB chats; with one, GETs of it. Request n is due at n / RATE. One that finds no free connection waits, and its delay
// counts from when it was due, not from when it was sent: a server that stops for a moment can't hide it. The first second doesn't count.
// Prints one line of JSON.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { most_connections = 256, most_reply = 65536 };

typedef struct {
  int fd;
  bool is_busy;
  int64_t due;  // when its request should have left
  size_t length;
  char bytes[most_reply];
} connection;

static connection connections[most_connections];
static int connection_count = 20;
static char request[8192];
static size_t request_length;
static int64_t start, interval, total, next_request, answered, errors;
static int64_t *delays;
static int64_t delay_count, counted_from;

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void write_request(const char *path) {
  static const char head[] = "Host: localhost\r\nAuthorization: Bearer sk-bench-1234\r\n";
  if (path) {
    request_length = (size_t)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n%s\r\n", path, head);
    return;
  }
  char body[4096];
  int n = snprintf(body, sizeof body, "{\"model\":\"gpt-4o-mini\",\"max_tokens\":500,\"messages\":[{\"role\":\"user\",\"content\":\"");
  while (n < 1000) n += snprintf(body + n, sizeof body - (size_t)n, "tell me about swifts ");
  n += snprintf(body + n, sizeof body - (size_t)n, "\"}]}");
  request_length = (size_t)snprintf(
      request, sizeof request, "POST /v1/chat/completions HTTP/1.1\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", head, n,
      body);
}

static void fail(const char *what) {
  fprintf(stderr, "openload: %s: %s\n", what, strerror(errno));
  exit(1);
}

// Sends what is due, as far as there are free connections.
static void send_due(void) {
  int64_t time = now();
  for (int i = 0; i < connection_count && next_request < total && start + next_request * interval <= time; i++) {
    connection *c = &connections[i];
    if (c->is_busy) continue;
    c->due = start + next_request++ * interval;
    c->is_busy = true;
    if (send(c->fd, request, request_length, MSG_NOSIGNAL) != (ssize_t)request_length) fail("send");
  }
}

// Whether the whole answer is there.
static bool is_whole(connection *c) {
  c->bytes[c->length] = 0;
  char *end = strstr(c->bytes, "\r\n\r\n");
  if (!end) return false;
  char *field = strcasestr(c->bytes, "\r\ncontent-length:");
  return field && field < end && c->length >= (size_t)(end - c->bytes) + 4 + strtoul(field + 17, NULL, 10);
}

static void receive(connection *c) {
  ssize_t count = recv(c->fd, c->bytes + c->length, sizeof c->bytes - 1 - c->length, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) fail("the server closed a connection");
  c->length += (size_t)count;
  if (!is_whole(c)) return;
  if (strncmp(c->bytes, "HTTP/1.1 200", 12)) errors++;
  if (c->due >= counted_from) delays[delay_count++] = now() - c->due;
  answered++;
  c->length = 0;
  c->is_busy = false;
}

static int ascending(const void *a, const void *b) {
  int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
  return left < right ? -1 : left > right;
}

static double at(double part) { return delay_count ? (double)delays[(int64_t)(part * (double)(delay_count - 1))] / 1e6 : 0; }

int main(int count, char **words) {
  if (count < 4) return fprintf(stderr, "use: openload PORT RATE SECONDS [CONNECTIONS] [PATH]\n"), 2;
  long rate = atol(words[2]), seconds = atol(words[3]);
  if (count > 4) connection_count = atoi(words[4]);
  if (rate < 1 || seconds < 2 || connection_count < 1 || connection_count > most_connections) return fprintf(stderr, "openload: bad number\n"), 2;
  write_request(count > 5 ? words[5] : NULL);
  interval = 1000000000 / rate;
  total = rate * seconds;
  delays = calloc((size_t)total, sizeof *delays);
  if (!delays) fail("calloc");

  int poll = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), one = 1;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(poll, EPOLL_CTL_ADD, timer, &event);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  for (int i = 0; i < connection_count; i++) {
    connection *c = &connections[i];
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->fd, (void *)&address, sizeof address)) fail("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    event.data.ptr = c;
    epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event);
  }
  start = now() + 10000000;
  counted_from = start + 1000000000;
  struct itimerspec times = {{interval / 1000000000, interval % 1000000000}, {start / 1000000000, start % 1000000000}};
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &times, NULL);

  struct epoll_event events[64];
  while (answered < total) {
    int ready = epoll_wait(poll, events, 64, 10000);
    if (ready == 0) return fprintf(stderr, "openload: no answer for ten seconds\n"), 1;
    for (int i = 0; i < ready; i++) {
      uint64_t ticks;
      if (events[i].data.ptr) receive(events[i].data.ptr);
      else if (read(timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) fail("timer");
    }
    send_due();
  }
  qsort(delays, (size_t)delay_count, sizeof *delays, ascending);
  printf("{\"requests\":%lld,\"errors\":%lld,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"worst_ms\":%.3f}\n", (long long)answered,
         (long long)errors, at(0.5), at(0.99), at(0.999), at(1));
}
