// Calls of glibc and the kernel that Swift can't import: macros, variadics, functions behind _GNU_SOURCE.
#pragma once
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

// One event of sys_epoll_wait: the bits of <sys/epoll.h> and the token given to sys_epoll_ctl.
typedef struct { uint32_t bits; uint64_t token; } sys_event;

enum { SYS_READABLE = 1, SYS_WRITABLE = 4, SYS_ERROR = 8, SYS_HANG_UP = 16, SYS_PEER_CLOSED = 0x2000 };  // EPOLLIN … EPOLLRDHUP

int sys_epoll_create(void);
// Adds (`change` 0) or changes (1) the interest of `fd`, or removes it (2). 0, or -1 with errno.
int sys_epoll_ctl(int epoll, int change, int fd, uint32_t bits, uint64_t token);
// Waits at most `milliseconds` (-1: for ever). The number of events, 0 when a signal came.
int sys_epoll_wait(int epoll, sys_event *events, int capacity, int milliseconds);
int sys_eventfd(void);
void sys_wake(int eventfd);
void sys_woken(int eventfd);

// A connected, non-blocking, close-on-exec socket with TCP_NODELAY, or -1 with errno.
int sys_accept(int listener, struct sockaddr_storage *peer);
int sys_socket(int family);
int sys_listen(const struct sockaddr *address, socklen_t length, int backlog);
// 0 when an address can be had that no other socket listens on, else the errno. `sys_listen` shares with sockets of other programs.
int sys_is_taken(const struct sockaddr *address, socklen_t length);
int sys_socket_error(int fd);
// A reset instead of an orderly end when `fd` is closed.
void sys_reset_on_close(int fd);

// Sends three pieces as one, without a signal when the peer is gone. Bytes taken, or -1 with errno.
long sys_send3(int fd, const void *a, size_t an, const void *b, size_t bn, const void *c, size_t cn);

// Monotonic nanoseconds.
int64_t sys_now(void);
int64_t sys_wall_microseconds(void);
// pthread_cond_timedwait until a monotonic time in nanoseconds, for a condition that counts by that clock.
int sys_cond_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t time);
// Waits for a semaphore until a monotonic time in nanoseconds: 0, or -1 when that comes first.
int sys_wait_for_ring(sem_t *semaphore, int64_t time);
// CPU time of the calling thread, nanoseconds.
int64_t sys_thread_cpu(void);

// CRC-32C (Castagnoli) of more bytes behind those that gave `crc`; begin with 0. Source: RFC 3720 §B.4.
uint32_t sys_crc32c(uint32_t crc, const void *bytes, size_t count);
// Writes three pieces to a place of a file as one write. Bytes taken, or -1 with errno.
long sys_write3(int fd, int64_t offset, const void *a, size_t an, const void *b, size_t bn, const void *c, size_t cn);
// Puts the calling thread behind the others where they compete for a core: 0 (as they) to 19. Whoever wakes takes the core from it at once: its
// own turns are the longest that there are, 100 ms, and shorter ones go first. Source: sched_setattr(2), Linux 6.12; older kernels know the
// number alone.
void sys_yield_to_others(int nice);
// Puts the calling thread to sleep for so many nanoseconds.
void sys_sleep(int64_t nanoseconds);
