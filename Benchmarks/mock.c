// A scripted upstream for measurements: one epoll thread, HTTP/1.1 with keep-alive, loopback only.
//
//   mock PORT [INTERVAL_MS=100] [CHUNKS=50] [VARIED_BYTES=0]
//
// A POST whose body holds "stream":true gets an event stream: its first chunk at once, the others INTERVAL_MS apart,
// then one with finish_reason, then [DONE]. The text of a chunk is "@" and the time it was sent, in 19 digits of
// nanoseconds, so that the reader can tell how long it was on its way. Any other POST gets a chat completion of 2 KB,
// always the same, or with so many bytes of words that differ each time.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <signal.h>
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

// Streams stand in a ring of slots; each tick serves one slot, so that chunks are spread over the interval.
enum { slots = 20, most_request = 1 << 20 };

typedef struct stream_link {
  struct stream_link *previous, *next;
} stream_link;

typedef struct {
  stream_link link;  // first, so that a link is a connection
  int fd;
  int chunks_left;  // of the stream that is running; -1 for none
  char *bytes;      // what was received and not yet answered
  size_t length, capacity;
} connection;

static stream_link ring[slots];
static unsigned next_slot;
static int chunk_count = 50;
static int varied_bytes;
static char reply[8192];
static size_t reply_length;

static const char stream_head[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
    "x-request-id: req_0123456789\r\nTransfer-Encoding: chunked\r\n\r\n";

static void enlist(connection *c) {
  stream_link *head = &ring[next_slot++ % slots];
  c->link = (stream_link){.previous = head, .next = head->next};
  head->next->previous = &c->link;
  head->next = &c->link;
}

static void delist(connection *c) {
  if (!c->link.next) return;
  c->link.next->previous = c->link.previous;
  c->link.previous->next = c->link.next;
  c->link = (stream_link){0};
}

static bool put(connection *c, const char *bytes, size_t length) {
  return send(c->fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static bool put_event(connection *c, const char *event, const char *tail) {
  char out[1024];
  int length = snprintf(out, sizeof out, "%zx\r\n%s\r\n%s", strlen(event), event, tail);
  return put(c, out, (size_t)length);
}

// Sends the next chunk, or the end behind the last one. False when the peer can't take it.
static bool step(connection *c) {
  static const char shape[] =
      "data: {\"id\":\"chatcmpl-AbCdEf0123456789\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"
      "\"model\":\"gpt-4o-mini\",\"system_fingerprint\":\"fp_0123456789\",\"choices\":[{\"index\":0,\"delta\":{%s},"
      "\"logprobs\":null,\"finish_reason\":%s}]}\n\n";
  char event[768], delta[64];
  if (c->chunks_left-- > 0) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(delta, sizeof delta, "\"content\":\"@%019lld \"", now.tv_sec * 1000000000LL + now.tv_nsec);
    snprintf(event, sizeof event, shape, delta, "null");
    return put_event(c, event, "");
  }
  delist(c);
  snprintf(event, sizeof event, shape, "", "\"stop\"");
  return put_event(c, event, "") && put_event(c, "data: [DONE]\n\n", "0\r\n\r\n");
}

// Adds a word as words.lua does, common ones more often than rare ones (Zipf).
static char *put_word(char *end) {
  static uint64_t state = 88172645463325252;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  unsigned word = (unsigned)exp((double)(state >> 11) / 9007199254740992.0 * log(30000)) - 1;
  char last = "bdfghjklmnprstvw"[word % 16];
  do {
    *end++ = "bdfghjklmnprstvw"[word % 80 / 5];
    *end++ = "aeiou"[word % 5];
    word /= 80;
  } while (word);
  *end++ = last;
  *end++ = ' ';
  return end;
}

static void write_reply(void) {
  static char body[8192];
  int n = snprintf(body, sizeof body,
      "{\"id\":\"chatcmpl-AbCdEf0123456789\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"gpt-4o-mini\","
      "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"");
  if (varied_bytes) {
    for (char *end = body + n, *start = end; end - start < varied_bytes; n = (int)(end - body)) end = put_word(end);
  } else {
    while (n < 1800) n += snprintf(body + n, sizeof body - (size_t)n, "Swifts sleep on the wing and drink in flight. ");
  }
  n += snprintf(body + n, sizeof body - (size_t)n,
      "\"},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":120,\"completion_tokens\":340,"
      "\"total_tokens\":460},\"system_fingerprint\":\"fp_0123456789\"}");
  reply_length = (size_t)snprintf(reply, sizeof reply,
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nx-request-id: req_0123456789\r\n\r\n%s", n, body);
}

// Answers the requests that are complete. False when the connection is of no use any more.
static bool answer(connection *c) {
  while (c->chunks_left < 0) {
    char *end = c->length ? memmem(c->bytes, c->length, "\r\n\r\n", 4) : NULL;
    if (!end) return c->length < most_request;
    size_t head = (size_t)(end - c->bytes) + 4, body = 0;
    end[2] = 0;
    char *field = strcasestr(c->bytes, "\r\ncontent-length:");
    if (field) body = strtoul(field + 17, NULL, 10);
    end[2] = '\r';
    if (body > most_request) return false;
    if (c->length < head + body) return true;
    bool is_stream = memmem(c->bytes + head, body, "\"stream\":true", 13) || memmem(c->bytes + head, body, "\"stream\": true", 14);
    c->length -= head + body;
    memmove(c->bytes, c->bytes + head + body, c->length);
    if (!is_stream) {
      if (varied_bytes) write_reply();
      if (!put(c, reply, reply_length)) return false;
      continue;
    }
    if (!c->length) {  // an idle stream holds no buffer here
      free(c->bytes);
      c->bytes = NULL;
      c->capacity = 0;
    }
    c->chunks_left = chunk_count;
    enlist(c);
    if (!put(c, stream_head, sizeof stream_head - 1) || !step(c)) return false;
  }
  return true;
}

static void end_connection(connection *c) {
  delist(c);
  close(c->fd);
  free(c->bytes);
  free(c);
}

static void receive(connection *c) {
  if (c->capacity - c->length < 16384) {
    c->capacity = c->length + 16384;
    c->bytes = realloc(c->bytes, c->capacity);
    if (!c->bytes) abort();
  }
  ssize_t count = recv(c->fd, c->bytes + c->length, c->capacity - c->length - 1, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count > 0) {
    c->length += (size_t)count;
    c->bytes[c->length] = 0;
    if (answer(c)) return;
  }
  end_connection(c);
}

static void tick(int timer) {
  static unsigned slot;
  uint64_t times;
  if (read(timer, &times, sizeof times) != sizeof times) return;
  while (times--) {
    stream_link *head = &ring[slot++ % slots];
    for (stream_link *link = head->next; link != head;) {
      connection *c = (connection *)link;
      link = link->next;
      if (!step(c)) {
        delist(c);
        shutdown(c->fd, SHUT_RDWR);  // epoll tells of the end, which frees it
      } else if (!c->link.next && c->length && !answer(c)) {
        shutdown(c->fd, SHUT_RDWR);
      }
    }
  }
}

static void accept_all(int listener, int poll) {
  int fd, one = 1;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connection *c = calloc(1, sizeof *c);
    if (!c) abort();
    c->fd = fd;
    c->chunks_left = -1;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
  }
}

int main(int count, char **words) {
  if (count < 2) return fprintf(stderr, "use: mock PORT [INTERVAL_MS] [CHUNKS]\n"), 2;
  long interval = count > 2 ? atol(words[2]) : 100;
  if (count > 3) chunk_count = atoi(words[3]);
  if (count > 4) varied_bytes = atoi(words[4]);
  if (varied_bytes < 0 || varied_bytes > 6000) return fprintf(stderr, "mock: at most 6000 varied bytes\n"), 2;
  write_reply();
  for (int i = 0; i < slots; i++) ring[i] = (stream_link){&ring[i], &ring[i]};

  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) return perror("mock"), 1;
  long pace = interval * 1000000 / slots;
  struct itimerspec times = {{pace / 1000000000, pace % 1000000000}, {pace / 1000000000, pace % 1000000000}};
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), poll = epoll_create1(0);
  timerfd_settime(timer, 0, &times, NULL);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = &listener};
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  event.data.ptr = &timer;
  epoll_ctl(poll, EPOLL_CTL_ADD, timer, &event);

  struct epoll_event events[256];
  for (;;) {
    int ready = epoll_wait(poll, events, 256, -1);
    bool is_time = false;
    for (int i = 0; i < ready; i++) {
      if (events[i].data.ptr == &listener) accept_all(listener, poll);
      else if (events[i].data.ptr == &timer) is_time = true;
      else receive(events[i].data.ptr);
    }
    if (is_time) tick(timer);
  }
}
