/*
 * The rows of the benchmark on the kernel below: `native ROW ITERATIONS` prints nanoseconds per iteration. Each row makes the
 * calls of its namesake in rows.ts, in the same order.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char buf[65536];
static int pair[2], echo[2], listener;
static struct sockaddr_un un = { .sun_family = AF_UNIX };
static struct sockaddr_in in = { .sin_family = AF_INET };
static socklen_t un_len;

/* The answer of a call that must not fail, or, where `want` is not -1, must be just this. */
static long check(const char *what, long got, long want)
{
	if (got < 0 || (want != -1 && got != want)) {
		perror(what);
		exit(1);
	}
	return got;
}

static void none(void) {}

static void make_pair(void)
{
	check("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
}

static void getppid_work(long n)
{
	while (n-- > 0)
		check("getppid", syscall(SYS_getppid), -1);
}

static void getfd_work(long n)
{
	while (n-- > 0)
		check("fcntl", fcntl(0, F_GETFD), -1);
}

static void socket_close(int family, int type, long n)
{
	while (n-- > 0)
		close(check("socket", socket(family, type, 0), -1));
}

static void unix_work(long n) { socket_close(AF_UNIX, SOCK_STREAM, n); }
static void inet_work(long n) { socket_close(AF_INET, SOCK_STREAM, n); }
static void cloexec_work(long n) { socket_close(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, n); }

static void transfer(long size, long n)
{
	while (n-- > 0) {
		check("write", write(pair[0], buf, size), size);
		check("read", read(pair[1], buf, size), size);
	}
}

static void pair1_work(long n) { transfer(1, n); }
static void pair4096_work(long n) { transfer(4096, n); }
static void pair65536_work(long n) { transfer(65536, n); }

/* One byte and one descriptor there, and the descriptor that came closed. */
static void scm_rights_work(long n)
{
	union { struct cmsghdr align; char bytes[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec iov = { buf, 1 };
	while (n-- > 0) {
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
		struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		memset(CMSG_DATA(cmsg), 0, sizeof(int));
		check("sendmsg", sendmsg(pair[0], &msg, 0), 1);
		msg.msg_controllen = sizeof control;
		check("recvmsg", recvmsg(pair[1], &msg, 0), 1);
		int fd;
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof fd);
		check("close", close(fd), 0);
	}
}

static void unix_listen(void)
{
	un_len = offsetof(struct sockaddr_un, sun_path) + 1;
	un_len += snprintf(un.sun_path + 1, sizeof un.sun_path - 1, "sys-indirect-bench-%d", getpid());
	listener = check("socket", socket(AF_UNIX, SOCK_STREAM, 0), -1);
	check("bind", bind(listener, (struct sockaddr *)&un, un_len), 0);
	check("listen", listen(listener, 16), 0);
}

static void unix_connect_work(long n)
{
	while (n-- > 0) {
		int c = check("socket", socket(AF_UNIX, SOCK_STREAM, 0), -1);
		check("connect", connect(c, (struct sockaddr *)&un, un_len), 0);
		int a = check("accept4", accept4(listener, NULL, NULL, SOCK_CLOEXEC), -1);
		close(c);
		close(a);
	}
}

static void tcp_listen(void)
{
	socklen_t len = sizeof in;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = check("socket", socket(AF_INET, SOCK_STREAM, 0), -1);
	check("bind", bind(listener, (struct sockaddr *)&in, len), 0);
	check("getsockname", getsockname(listener, (struct sockaddr *)&in, &len), 0);
	check("listen", listen(listener, 16), 0);
}

/* A close that resets: a million connections would else leave a million ports in TIME_WAIT. */
static void tcp_connect_work(long n)
{
	const struct linger reset = { 1, 0 };
	while (n-- > 0) {
		int c = check("socket", socket(AF_INET, SOCK_STREAM, 0), -1);
		check("setsockopt", setsockopt(c, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
		check("connect", connect(c, (struct sockaddr *)&in, sizeof in), 0);
		int a = check("accept4", accept4(listener, NULL, NULL, SOCK_CLOEXEC), -1);
		close(c);
		close(a);
	}
}

static void *echo_thread(void *arg)
{
	char byte;
	while (read(pair[1], &byte, 1) == 1)
		check("write", write(echo[0], &byte, 1), 1);
	return arg;
}

static void pingpong(void)
{
	pthread_t thread;
	make_pair();
	check("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, echo), 0);
	check("pthread_create", -pthread_create(&thread, NULL, echo_thread, NULL), 0);
}

static void pingpong_work(long n)
{
	while (n-- > 0) {
		check("write", write(pair[0], buf, 1), 1);
		check("read", read(echo[1], buf, 1), 1);
	}
}

static void make_pipe(void)
{
	check("pipe", pipe(pair), 0);
}

static void pipe_transfer(long size, long n)
{
	while (n-- > 0) {
		check("write", write(pair[1], buf, size), size);
		check("read", read(pair[0], buf, size), size);
	}
}

static void pipe1_work(long n) { pipe_transfer(1, n); }
static void pipe4096_work(long n) { pipe_transfer(4096, n); }

static int event;

static void make_eventfd(void)
{
	event = check("eventfd", eventfd(0, 0), -1);
}

static void eventfd_work(long n)
{
	unsigned long long value = 1;
	while (n-- > 0) {
		check("write", write(event, &value, 8), 8);
		check("read", read(event, &value, 8), 8);
	}
}

static int epoll;

static void make_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	epoll = check("epoll_create", epoll_create(1), -1);
	event = check("eventfd", eventfd(1, 0), -1);
	check("epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_ADD, event, &ev), 0);
}

static void epoll_work(long n)
{
	struct epoll_event events[8];
	while (n-- > 0)
		check("epoll_wait", epoll_wait(epoll, events, 8, 0), 1);
}

static struct pollfd fds[64];

static void make_poll(void)
{
	for (int i = 0; i < 64; i++) {
		fds[i].fd = check("eventfd", eventfd(i == 63, 0), -1);
		fds[i].events = POLLIN;
	}
}

static void poll_work(long n)
{
	while (n-- > 0)
		check("poll", poll(fds, 64, 0), 1);
}

static void fork_work(long n)
{
	while (n-- > 0) {
		const pid_t pid = check("fork", fork(), -1);
		if (pid == 0)
			_exit(0);
		check("waitpid", waitpid(pid, NULL, 0), pid);
	}
}

static void spawn_work(long n)
{
	char *const argv[] = { "true", NULL }, *const envp[] = { NULL };
	while (n-- > 0) {
		pid_t pid;
		check("posix_spawn", -posix_spawn(&pid, "/bin/true", NULL, NULL, argv, envp), 0);
		check("waitpid", waitpid(pid, NULL, 0), pid);
	}
}

static volatile sig_atomic_t caught;

static void count(int signo)
{
	(void)signo;
	caught++;
}

static void make_handler(void)
{
	const struct sigaction sa = { .sa_handler = count };
	check("sigaction", sigaction(SIGUSR1, &sa, NULL), 0);
}

static void handler_work(long n)
{
	const pid_t pid = getpid();
	while (n-- > 0)
		check("kill", kill(pid, SIGUSR1), 0);
}

static int word;

static void wait_for(int turn)
{
	while (__atomic_load_n(&word, __ATOMIC_SEQ_CST) != turn)
		syscall(SYS_futex, &word, FUTEX_WAIT, 1 - turn, NULL);
}

static void pass(int turn)
{
	__atomic_store_n(&word, turn, __ATOMIC_SEQ_CST);
	check("futex", syscall(SYS_futex, &word, FUTEX_WAKE, 1), -1);
}

static void *futex_thread(void *arg)
{
	for (;;) {
		wait_for(1);
		pass(0);
	}
	return arg;
}

static void make_futex(void)
{
	pthread_t thread;
	check("pthread_create", -pthread_create(&thread, NULL, futex_thread, NULL), 0);
}

static void futex_work(long n)
{
	while (n-- > 0) {
		pass(1);
		wait_for(0);
	}
}

static const struct {
	const char *name;
	void (*setup)(void);
	void (*work)(long n);
} rows[] = {
	{ "getppid", none, getppid_work },
	{ "fcntl_getfd", none, getfd_work },
	{ "socket_close_unix", none, unix_work },
	{ "socket_close_inet", none, inet_work },
	{ "socket_close_indirect", none, cloexec_work },
	{ "pair_write1_read1", make_pair, pair1_work },
	{ "pair_write4096_read4096", make_pair, pair4096_work },
	{ "pair_write65536_read65536", make_pair, pair65536_work },
	{ "scm_rights_roundtrip", make_pair, scm_rights_work },
	{ "unix_connect_accept4_close", unix_listen, unix_connect_work },
	{ "tcp_connect_accept4_close", tcp_listen, tcp_connect_work },
	{ "pingpong_two_threads", pingpong, pingpong_work },
	{ "pipe_write1_read1", make_pipe, pipe1_work },
	{ "pipe_write4096_read4096", make_pipe, pipe4096_work },
	{ "eventfd_write_read", make_eventfd, eventfd_work },
	{ "epoll_wait_1_of_1", make_epoll, epoll_work },
	{ "poll_64", make_poll, poll_work },
	{ "fork_exit_wait", none, fork_work },
	{ "spawn_wait", none, spawn_work },
	{ "signal_handler_roundtrip", make_handler, handler_work },
	{ "futex_pingpong", make_futex, futex_work },
};

static double now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

/* As in row.ts: the median of parts, since the machine may be taken away in between. */
#define PARTS 16

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median_ns(void (*work)(long n), long n)
{
	double parts[PARTS];
	const long each = (n + PARTS - 1) / PARTS;
	for (int i = 0; i < PARTS; i++) {
		const double start = now();
		work(each);
		parts[i] = (now() - start) / each;
	}
	qsort(parts, PARTS, sizeof *parts, by_size);
	return (parts[PARTS / 2 - 1] + parts[PARTS / 2]) / 2;
}

int main(int argc, char **argv)
{
	const long n = argc == 3 ? atol(argv[2]) : 0;
	for (size_t i = 0; n > 0 && i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(rows[i].name, argv[1]) != 0)
			continue;
		rows[i].setup();
		rows[i].work(n / 10 + 1);
		printf("%f\n", median_ns(rows[i].work, n));
		return 0;
	}
	fprintf(stderr, "usage: native ROW ITERATIONS\n");
	return 2;
}
