/*
 * The reference executor: runs lists of raw system calls on the kernel below, each list in a fresh process with descriptors 0 to 2 only, and tells what came back: the
 * number in rax, every byte of user memory that changed, and for each open descriptor its flags and what poll says of it.
 *
 * Programs come on descriptor 0 and answers go to descriptor 1, little-endian, packed:
 *
 *   program  u32 bytes that follow, u32 steps, u32 needs (1: files, 2: network); then each step
 *   step     u32 number, u32 words, 6 x value, then `words` x word to be stored before the call
 *   value    u32 kind, u32 0, s64 n     0: n   1: address of the arena + n   2: result of step n   3: the int at arena + n
 *   word     u32 at, u32 size, value
 *
 *   answer   u32 bytes that follow, u32 steps done, s32 how it ended (0 at its end, n > 0 killed by signal n, -1 it sleeps); then each step done
 *   result   s64 rax, u32 runs, then each u32 at, u32 length, bytes; u32 descriptors, then each s32 fd, F_GETFD, F_GETFL, revents
 *
 * The process lives in a mount name space of ours, and paths are looked up in an empty tmpfs; a program that binds or connects has a network of its own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARENA ((char *)0x200000000000)
#define ARENA_SIZE 16384
#define MAX_FD 64
#define MAX_STEPS 4096
#define IN_SIZE (4 << 20)
#define OUT_SIZE (32 << 20)
/* What a program needs. */
#define FILES 1
#define NETWORK 2
/* How long a process may stay in one call, in milliseconds, before we look whether it sleeps. */
#define PATIENCE 60

struct value {
	uint32_t kind, pad;
	int64_t n;
};

struct word {
	uint32_t at, size;
	struct value value;
};

struct step {
	uint32_t nr, words;
	struct value args[6];
};

/* Shared with the process that runs the program. */
struct shared {
	volatile uint32_t done;
	volatile uint32_t used;
	char out[OUT_SIZE];
};

static struct shared *shared;
static char in[IN_SIZE];
static char before[ARENA_SIZE];
static int64_t results[MAX_STEPS];

static void die(const char *what)
{
	fprintf(stderr, "executor: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void read_all(void *buf, size_t len)
{
	for (char *p = buf; len > 0;) {
		ssize_t n = read(0, p, len);
		if (n == 0 && p == buf)
			_exit(0);
		if (n <= 0)
			die("read");
		p += n;
		len -= n;
	}
}

static void write_all(const void *buf, size_t len)
{
	for (const char *p = buf; len > 0;) {
		ssize_t n = write(1, p, len);
		if (n <= 0)
			die("write");
		p += n;
		len -= n;
	}
}

/* A call without the library between, and without errno. */
static int64_t raw(uint64_t nr, const int64_t a[6])
{
	int64_t ret;
	register int64_t r10 asm("r10") = a[3];
	register int64_t r8 asm("r8") = a[4];
	register int64_t r9 asm("r9") = a[5];
	asm volatile("syscall"
		     : "=a"(ret)
		     : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
		     : "rcx", "r11", "memory");
	return ret;
}

static int64_t raw3(uint64_t nr, int64_t a1, int64_t a2, int64_t a3)
{
	const int64_t a[6] = { a1, a2, a3 };
	return raw(nr, a);
}

static int64_t value_of(const struct value *v)
{
	int32_t n;

	switch (v->kind) {
	case 1:
		return (int64_t)ARENA + v->n;
	case 2:
		return results[v->n];
	case 3:
		memcpy(&n, ARENA + v->n, sizeof n);
		return n;
	default:
		return v->n;
	}
}

static void put(const void *p, size_t len)
{
	if (shared->used + len > OUT_SIZE)
		_exit(99);
	memcpy(shared->out + shared->used, p, len);
	shared->used += len;
}

static void put32(uint32_t n)
{
	put(&n, sizeof n);
}

/* The runs of bytes that the call changed. */
static void put_memory(void)
{
	uint32_t at = shared->used, runs = 0;

	put32(0);
	for (uint32_t i = 0; i < ARENA_SIZE; i++) {
		if (before[i] == ARENA[i])
			continue;
		uint32_t start = i;
		while (i < ARENA_SIZE && before[i] != ARENA[i])
			i++;
		put32(start);
		put32(i - start);
		put(ARENA + start, i - start);
		runs++;
	}
	memcpy(shared->out + at, &runs, sizeof runs);
}

/* Each open descriptor above 2. */
static void put_descriptors(void)
{
	uint32_t at = shared->used, fds = 0;

	put32(0);
	for (int fd = 3; fd < MAX_FD; fd++) {
		int64_t flags = raw3(SYS_fcntl, fd, F_GETFD, 0);
		if (flags < 0)
			continue;
		struct pollfd p = { fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0 };
		raw3(SYS_poll, (int64_t)&p, 1, 0);
		put32(fd);
		put32(flags);
		put32(raw3(SYS_fcntl, fd, F_GETFL, 0));
		put32((uint32_t)(int32_t)p.revents);
		fds++;
	}
	memcpy(shared->out + at, &fds, sizeof fds);
}

static void run_program(const char *p, uint32_t steps)
{
	for (uint32_t i = 0; i < steps; i++) {
		const struct step *s = (const void *)p;
		const struct word *w = (const void *)(s + 1);
		int64_t a[6];

		for (uint32_t k = 0; k < s->words; k++, w++) {
			int64_t v = value_of(&w->value);
			memcpy(ARENA + w->at, &v, w->size);
		}
		for (int k = 0; k < 6; k++)
			a[k] = value_of(&s->args[k]);
		memcpy(before, ARENA, ARENA_SIZE);
		results[i] = raw(s->nr, a);
		put(&results[i], sizeof results[i]);
		put_memory();
		put_descriptors();
		shared->done = i + 1;
		p = (const void *)w;
	}
	_exit(0);
}

static void new_network(void);

/* A null device of our own: a program may change its mode and owner, and must not those of this machine. */
static int open_null(const char *directory)
{
	char path[512];

	snprintf(path, sizeof path, "%s/null", directory);
	/* That of the program before; it has to have its name while a program looks at it. */
	unlink(path);
	if (mknod(path, S_IFCHR | 0666, makedev(1, 3)) < 0) {
		/* In a user name space there are no devices, and nothing about those of the machine can be changed. */
		if (errno != EPERM)
			die("mknod");
		return open("/dev/null", O_RDWR);
	}
	if (chmod(path, 0666) < 0)
		die("chmod");
	int fd = open(path, O_RDWR);
	if (fd < 0)
		die("open null");
	return fd;
}

static void child(const char *p, uint32_t steps, int network, const char *directory)
{
	if (network)
		new_network();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mmap(ARENA, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != ARENA)
		die("mmap");
	int null = open_null(directory);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	close_range(3, ~0u, 0);
	umask(022);
	run_program(p, steps);
}

/* 'S' while the process sleeps in a call. */
static char state_of(pid_t pid)
{
	char path[64], text[512];
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 'X';
	text[n] = 0;
	char *end = strrchr(text, ')');
	return end ? end[2] : 'X';
}

/* Wait for the end of `pid`; one that sleeps for too long in one call is killed. How it ended. */
static int32_t wait_for(pid_t pid)
{
	int status;
	uint32_t seen = ~0u;

	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		die("pidfd_open");
	for (;;) {
		struct pollfd p = { pidfd, POLLIN, 0 };
		if (poll(&p, 1, PATIENCE) == 1)
			break;
		char state = state_of(pid);
		if (shared->done == seen && (state == 'S' || state == 'T')) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			close(pidfd);
			return -1;
		}
		seen = shared->done;
	}
	close(pidfd);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	if (WEXITSTATUS(status) == 99) {
		fprintf(stderr, "executor: too much output\n");
		_exit(1);
	}
	return 0;
}

/* A network with nobody in it, and its loopback interface up. */
static void new_network(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		die("unshare CLONE_NEWNET");
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	if (s < 0 || ioctl(s, SIOCSIFFLAGS, &r) < 0)
		die("ip link set lo up");
	close(s);
}

static void isolate(const char *directory)
{
	if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		die("unshare CLONE_NEWNS");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("mount --make-rprivate /");
	if (mount("tmpfs", directory, "tmpfs", 0, "mode=755") < 0)
		die("mount tmpfs");
	if (chdir(directory) < 0 || mkdir("work", 0755) < 0)
		die("mkdir");
	new_network();
}

int main(int argc, char **argv)
{
	uint32_t head[3];

	if (argc != 2) {
		fprintf(stderr, "usage: executor DIRECTORY\n");
		return 2;
	}
	isolate(argv[1]);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
	for (;;) {
		/* Length of what follows, steps, needs. */
		read_all(head, sizeof head);
		if (head[0] > sizeof in || head[1] > MAX_STEPS) {
			errno = E2BIG;
			die("program");
		}
		read_all(in, head[0]);
		if ((head[2] & FILES) && mount("tmpfs", "work", "tmpfs", 0, "mode=755") < 0)
			die("mount tmpfs");
		shared->done = shared->used = 0;
		pid_t pid = fork();
		if (pid < 0)
			die("fork");
		if (pid == 0) {
			if (chdir("work") < 0)
				die("chdir");
			child(in, head[1], head[2] & NETWORK, argv[1]);
		}
		int32_t end = wait_for(pid);
		if (head[2] & FILES)
			umount2("work", MNT_DETACH);
		uint32_t answer[3] = { shared->used, shared->done, end };
		write_all(answer, sizeof answer);
		write_all(shared->out, shared->used);
	}
}
