#define _GNU_SOURCE
#include "system.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert(SYS_READABLE == EPOLLIN && SYS_WRITABLE == EPOLLOUT && SYS_ERROR == EPOLLERR, "bits of epoll");
_Static_assert(SYS_HANG_UP == EPOLLHUP && SYS_PEER_CLOSED == EPOLLRDHUP, "bits of epoll");

int sys_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int sys_epoll_ctl(int epoll, int change, int fd, uint32_t bits, uint64_t token) {
  static const int changes[] = {EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL};
  struct epoll_event event = {.events = bits, .data.u64 = token};
  return epoll_ctl(epoll, changes[change], fd, &event);
}

int sys_epoll_wait(int epoll, sys_event *events, int capacity, int milliseconds) {
  struct epoll_event got[256];
  if (capacity > 256) capacity = 256;
  int n = epoll_wait(epoll, got, capacity, milliseconds);
  for (int i = 0; i < n; i++) events[i] = (sys_event){got[i].events, got[i].data.u64};
  return n < 0 ? 0 : n;
}

int sys_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

void sys_wake(int eventfd) { eventfd_write(eventfd, 1); }

void sys_woken(int eventfd) {
  eventfd_t value;
  eventfd_read(eventfd, &value);
}

static int without_delay(int fd) {
  int one = 1;
  if (fd >= 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

int sys_accept(int listener, struct sockaddr_storage *peer) {
  socklen_t length = sizeof *peer;
  return without_delay(accept4(listener, (struct sockaddr *)peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

int sys_socket(int family) { return without_delay(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

int sys_listen(const struct sockaddr *address, socklen_t length, int backlog) {
  int fd = sys_socket(address->sa_family), one = 1;
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  if (address->sa_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  if (bind(fd, address, length) == 0 && listen(fd, backlog) == 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

int sys_is_taken(const struct sockaddr *address, socklen_t length) {
  // SO_REUSEPORT would let in; without it the kernel refuses an address on which somebody listens.
  int fd = sys_socket(address->sa_family), one = 1;
  if (fd < 0) return errno;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (address->sa_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  int error = bind(fd, address, length) == 0 ? 0 : errno;
  close(fd);
  return error;
}

int sys_socket_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

void sys_reset_on_close(int fd) {
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

long sys_send3(int fd, const void *a, size_t an, const void *b, size_t bn, const void *c, size_t cn) {
  // Small pieces are copied together: that costs less than the kernel's look at each of them.
  char small[4096];
  if (an + bn + cn <= sizeof small) {
    if (an) memcpy(small, a, an);
    if (bn) memcpy(small + an, b, bn);
    if (cn) memcpy(small + an + bn, c, cn);
    return send(fd, small, an + bn + cn, MSG_NOSIGNAL);
  }
  struct iovec parts[3] = {{(void *)a, an}, {(void *)b, bn}, {(void *)c, cn}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
  return sendmsg(fd, &message, MSG_NOSIGNAL);
}

int64_t sys_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int64_t sys_wall_microseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

int sys_cond_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t time) {
  struct timespec deadline = {.tv_sec = time / 1000000000, .tv_nsec = time % 1000000000};
  return pthread_cond_timedwait(condition, mutex, &deadline);
}

int sys_wait_for_ring(sem_t *semaphore, int64_t time) {
  struct timespec deadline = {.tv_sec = time / 1000000000, .tv_nsec = time % 1000000000};
  int result;
  while ((result = sem_clockwait(semaphore, CLOCK_MONOTONIC, &deadline)) != 0 && errno == EINTR) {}
  return result;
}

int64_t sys_thread_cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

// The polynomial 0x1EDC6F41, reflected; bit by bit, for processors without an instruction for it.
static uint32_t crc_by_bits(uint32_t crc, const unsigned char *bytes, size_t count) {
  while (count--) {
    crc ^= *bytes++;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0x82f63b78 & -(crc & 1));
  }
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_by_instruction(uint32_t crc, const unsigned char *bytes, size_t count) {
  uint64_t wide = crc, eight;
  for (; count >= 8; count -= 8, bytes += 8) {
    memcpy(&eight, bytes, 8);
    wide = __builtin_ia32_crc32di(wide, eight);
  }
  for (crc = wide; count; count--, bytes++) crc = __builtin_ia32_crc32qi(crc, *bytes);
  return crc;
}
static int has_crc(void) { return __builtin_cpu_supports("sse4.2"); }
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
static uint32_t crc_by_instruction(uint32_t crc, const unsigned char *bytes, size_t count) {
  uint64_t eight;
  for (; count >= 8; count -= 8, bytes += 8) {
    memcpy(&eight, bytes, 8);
    crc = __crc32cd(crc, eight);
  }
  for (; count; count--, bytes++) crc = __crc32cb(crc, *bytes);
  return crc;
}
static int has_crc(void) { return 1; }
#else
#define crc_by_instruction crc_by_bits
static int has_crc(void) { return 0; }
#endif

uint32_t sys_crc32c(uint32_t crc, const void *bytes, size_t count) {
  return ~(has_crc() ? crc_by_instruction : crc_by_bits)(~crc, bytes, count);
}

long sys_write3(int fd, int64_t offset, const void *a, size_t an, const void *b, size_t bn, const void *c, size_t cn) {
  struct iovec parts[3] = {{(void *)a, an}, {(void *)b, bn}, {(void *)c, cn}};
  return pwritev(fd, parts, 3, offset);
}

void sys_yield_to_others(int nice) {
  // What the kernel calls `struct sched_attr`, as it was at first; glibc has had no name for it before 2.41.
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } wanted = {.size = sizeof wanted, .policy = SCHED_OTHER, .nice = nice, .runtime = 100000000};
  if (syscall(SYS_sched_setattr, 0, &wanted, 0)) setpriority(PRIO_PROCESS, (id_t)gettid(), nice);
}

void sys_sleep(int64_t nanoseconds) {
  struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
  nanosleep(&time, NULL);
}
