/*
 * The floor: what reading the same files costs without a language runtime, an object or a test of anything.
 *
 *   floor names LXCPATH ROUNDS
 *   floor info  LXCPATH ROUNDS TREE/FILE...     (TREE/lxc.payload.NAME/FILE is read)
 *
 * Prints the microseconds of each round.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char text[1 << 20];

static int slurp(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC), length = 0;
  text[0] = 0;
  if (file < 0) return -1;
  for (ssize_t had; length < (int)sizeof text - 1 && (had = read(file, text + length, sizeof text - 1 - length)) > 0;) length += had;
  close(file);
  text[length] = 0;
  return length;
}

static int slurp_of(int pid, const char *file) {
  char path[640];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
  return slurp(path);
}

static char names[4096][128];

/* Abstract sockets @LXCPATH/NAME/command. */
static int find_names(const char *lxcpath) {
  char prefix[256];
  int count = 0;
  if (slurp("/proc/net/unix") < 0) return 0;
  size_t length = (size_t)snprintf(prefix, sizeof prefix, " @%s/", lxcpath);
  for (char *at = text; count < 4096 && (at = strstr(at, prefix)) != NULL; at += length) {
    char *end = strstr(at + length, "/command\n");
    if (end == NULL || end - at - length >= sizeof names[0]) continue;
    char *line = at;
    while (line > text && line[-1] != '\n') line--;
    if (strncmp(line + 28, "00010000", 8) != 0 && strstr(line, " 00010000 ") == NULL) continue;
    memcpy(names[count], at + length, (size_t)(end - at) - length);
    names[count++][(size_t)(end - at) - length] = 0;
  }
  return count;
}

/* Of guests with one interface and no address of IPv4, as those of the benchmark are, no other is read. */
static const char *const net_files[] = {"net/dev", "net/if_inet6", "net/fib_trie"};

/* Who was found in an earlier round: of those is only looked at whether they live. */
static struct { char name[128]; int monitor, init; } known[4096];

static void find_processes(const char *lxcpath, const char *name, int at) {
  char path[512];
  known[at].monitor = known[at].init = 0;
  snprintf(path, sizeof path, "%s/%s/monitor.pid", lxcpath, name);
  if (slurp(path) < 0) return;
  known[at].monitor = atoi(text);
  slurp_of(known[at].monitor, "cmdline");
  snprintf(path, sizeof path, "task/%d/children", known[at].monitor);
  slurp_of(known[at].monitor, path);
  known[at].init = atoi(text);
  slurp_of(known[at].init, "cgroup");
  strcpy(known[at].name, name);
}

static void look_at(int pid) {
  char path[64];
  snprintf(path, sizeof path, "task/%d/stat", pid);
  slurp_of(pid, path);
}

static void see_whether_there(int pid) {
  char path[64];
  struct stat directory;
  snprintf(path, sizeof path, "/proc/%d", pid);
  lstat(path, &directory);
}

static void info(const char *lxcpath, const char *name, int at_name, int files, char **cgroup_files) {
  char path[512];
  if (strcmp(known[at_name].name, name) != 0) find_processes(lxcpath, name, at_name);
  int init = known[at_name].init;
  look_at(known[at_name].monitor);
  look_at(init);
  for (int at = 0; at < files; at++) {
    const char *slash = strrchr(cgroup_files[at], '/');
    snprintf(path, sizeof path, "%.*s/lxc.payload.%s%s", (int)(slash - cgroup_files[at]), cgroup_files[at], name, slash);
    slurp(path);
  }
  for (size_t at = 0; at < sizeof net_files / sizeof *net_files; at++) slurp_of(init, net_files[at]);
  see_whether_there(init);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  for (int round = atoi(argv[3]); round > 0; round--) {
    struct timespec began, ended;
    clock_gettime(CLOCK_MONOTONIC, &began);
    int count = find_names(argv[2]);
    if (strcmp(argv[1], "info") == 0) {
      slurp("/proc/self/mountinfo");
      for (int at = 0; at < count; at++) info(argv[2], names[at], at, argc - 4, argv + 4);
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    printf("%.1f\n", (double)(ended.tv_sec - began.tv_sec) * 1e6 + (double)(ended.tv_nsec - began.tv_nsec) / 1e3);
  }
  return 0;
}
