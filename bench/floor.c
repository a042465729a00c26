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

static const char *const net_files[] = {"net/dev", "net/route", "net/fib_trie", "net/if_inet6", "net/igmp"};

static void info(const char *lxcpath, const char *name, int files, char **cgroup_files) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s/monitor.pid", lxcpath, name);
  if (slurp(path) < 0) return;
  int monitor = atoi(text);
  slurp_of(monitor, "cmdline");
  slurp_of(monitor, "stat");
  snprintf(path, sizeof path, "task/%d/children", monitor);
  slurp_of(monitor, path);
  int init = atoi(text);
  slurp_of(init, "stat");
  slurp_of(init, "cgroup");
  for (int at = 0; at < files; at++) {
    const char *slash = strrchr(cgroup_files[at], '/');
    snprintf(path, sizeof path, "%.*s/lxc.payload.%s%s", (int)(slash - cgroup_files[at]), cgroup_files[at], name, slash);
    slurp(path);
  }
  for (size_t at = 0; at < sizeof net_files / sizeof *net_files; at++) slurp_of(init, net_files[at]);
  slurp_of(init, "stat");
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  for (int round = atoi(argv[3]); round > 0; round--) {
    struct timespec began, ended;
    clock_gettime(CLOCK_MONOTONIC, &began);
    int count = find_names(argv[2]);
    if (strcmp(argv[1], "info") == 0) {
      slurp("/proc/self/mountinfo");
      for (int at = 0; at < count; at++) info(argv[2], names[at], argc - 4, argv + 4);
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    printf("%.1f\n", (double)(ended.tv_sec - began.tv_sec) * 1e6 + (double)(ended.tv_nsec - began.tv_nsec) / 1e3);
  }
  return 0;
}
