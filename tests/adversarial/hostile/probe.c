// Tries what no script of a build may do, by the system calls themselves; static, since a sandbox has no compiler.
// usage: probe [NAME...]; prints NAME, a space and "done" or the error's name for each (all without arguments).
// What it needs to know of the machine stands in /bakehouse/recipe/machine or ./machine, a line "key value" each.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_alg.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define X32 0x40000000
enum { SILENT = 240, STRANGE };  // no errno: nobody answered; the call did something else

static char machine[1 << 14];

// Returns the value of a key in the file "machine", "" when it is not there.
static const char *told(const char *key) {
    static char value[4096];
    size_t length = strlen(key);
    for (char *line = machine; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (!strncmp(line, key, length) && line[length] == ' ') {
            snprintf(value, sizeof value, "%.*s", (int)strcspn(line + length + 1, "\n"), line + length + 1);
            return value;
        }
    return "";
}

static int ended(long result) { return result < 0 ? errno : 0; }

// ---- G2 to G4, G6: who can be reached

static int reach(int family, const void *address, socklen_t size, int kind) {
    int end = socket(family, kind | SOCK_NONBLOCK, 0);
    if (end < 0) return errno;
    if (!connect(end, address, size)) return kind == SOCK_DGRAM ? ended(send(end, "x", 1, 0)) : 0;
    if (errno != EINPROGRESS) return errno;
    struct pollfd ready = {end, POLLOUT, 0};
    if (poll(&ready, 1, 700) < 1) return SILENT;
    int code = 0;
    socklen_t length = sizeof code;
    getsockopt(end, SOL_SOCKET, SO_ERROR, &code, &length);
    return code;
}

static int reach4(const char *address, int port, int kind) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, address, &to.sin_addr);
    return reach(AF_INET, &to, sizeof to, kind);
}

static int reach_unix(const char *name, int hidden) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (!*name) return STRANGE;
    snprintf(to.sun_path + hidden, sizeof to.sun_path - hidden, "%s", name);
    return reach(AF_UNIX, &to, offsetof(struct sockaddr_un, sun_path) + hidden + strlen(name), SOCK_STREAM);
}

static int tcp(void) { return reach4("192.0.2.1", 80, SOCK_STREAM); }
static int udp(void) { return reach4("192.0.2.1", 53, SOCK_DGRAM); }
static int six(void) {
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
    inet_pton(AF_INET6, "2001:db8::1", &to.sin6_addr);
    return reach(AF_INET6, &to, sizeof to, SOCK_STREAM);
}
static int gateway(void) { return reach4("172.17.0.1", 22, SOCK_STREAM); }
static int service(void) { return reach4("127.0.0.1", atoi(told("port")), SOCK_STREAM); }
static int other_address(void) { return reach4(told("address"), atoi(told("port")), SOCK_STREAM); }
static int metadata(void) { return reach4("169.254.169.254", 80, SOCK_STREAM); }
static int abstract_socket(void) { return reach_unix(told("abstract"), 1); }
static int file_socket(void) { return reach_unix(told("socket"), 0); }
static int engine(void) { return reach_unix(told("engine"), 0); }
static int engine_usual(void) { return reach_unix("/var/run/docker.sock", 0) ? reach_unix("/run/podman/podman.sock", 0) : 0; }
static int vsock(void) {
    struct sockaddr_vm to = {.svm_family = AF_VSOCK, .svm_cid = 2, .svm_port = 1};
    int code = reach(AF_VSOCK, &to, sizeof to, SOCK_STREAM);
    return code == EAFNOSUPPORT || code == EPERM || code == EACCES ? code : 0;  // a host that refuses was reached too
}
static int packet(void) { return ended(socket(AF_PACKET, SOCK_RAW, 0)); }
static int raw(void) { return ended(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)); }
static int alg(void) { return ended(socket(AF_ALG, SOCK_SEQPACKET, 0)); }
static int bluetooth(void) { return ended(socket(AF_BLUETOOTH, SOCK_STREAM, 0)); }
static int netlink_events(void) {
    struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_groups = 1};
    int end = socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
    return end < 0 ? errno : ended(bind(end, (void *)&to, sizeof to));
}

// ---- G5 and G8: the machine's files

static int reading(const char *path) {
    char piece[64];
    int file = open(path, O_RDONLY);
    return file < 0 ? errno : ended(read(file, piece, sizeof piece));
}
static int writing(const char *path) { return ended(open(path, O_WRONLY | O_CREAT, 0666)); }
static int shadow(void) { return reading("/etc/shadow"); }
static int planted(void) { return *told("planted") ? reading(told("planted")) : STRANGE; }
static int planted_write(void) { return *told("planted") ? writing(told("planted")) : STRANGE; }
static int home(void) { return *told("home") ? ended(access(told("home"), F_OK)) : STRANGE; }
static int memory_device(void) { return reading("/dev/mem"); }
static int kernel_core(void) { return reading("/proc/kcore"); }
static int disk(void) { return reading("/dev/vda") ? reading("/dev/sda") : 0; }
static int of_first(const char *what) {  // through the first process's root and folder, to what lies outside
    char path[4200];
    snprintf(path, sizeof path, "/proc/1/%s/%s", what, told("planted") + 1);
    return *told("planted") ? reading(path) : STRANGE;
}
static int first_root(void) { return of_first("root"); }
static int first_cwd(void) { return of_first("cwd"); }
static int put_usr(void) { return writing("/usr/bin/evil"); }
static int put_etc(void) { return writing("/etc/passwd"); }
static int put_bin(void) { return writing("/bin/evil"); }
static int put_root(void) { return writing("/evil"); }
static int put_recipe(void) { return writing("/bakehouse/recipe/evil") ? writing("/bakehouse/script/evil") : 0; }
static int put_dev(void) { return writing("/dev/evil"); }
static int sysctl_hostname(void) { return writing("/proc/sys/kernel/hostname"); }
static int sysctl_core(void) { return writing("/proc/sys/kernel/core_pattern"); }
static int sysctl_vm(void) { return writing("/proc/sys/vm/overcommit_memory"); }
static int sysctl_binfmt(void) { return writing("/proc/sys/fs/binfmt_misc/register"); }
static int sysrq(void) { return ended(open("/proc/sysrq-trigger", O_WRONLY)); }
static int sys_write(void) { return ended(open("/sys/kernel/uevent_helper", O_WRONLY)); }
static int group_release(void) { return ended(open("/sys/fs/cgroup/memory/release_agent", O_WRONLY)); }

// ---- G9: mounts and namespaces

static int mounting(void) { return ended(mount("tmpfs", "/tmp", "tmpfs", 0, NULL)); }
static int binding(void) { return ended(mount("/usr", "/tmp", NULL, MS_BIND, NULL)); }
static int remounting(void) { return ended(mount(NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL)); }
static int unmounting(void) { return ended(umount2("/proc", MNT_DETACH)); }
static int pivoting(void) { return ended(syscall(SYS_pivot_root, "/tmp", "/tmp")); }
static int new_user(void) { return ended(unshare(CLONE_NEWUSER)); }
static int new_mounts(void) { return ended(unshare(CLONE_NEWNS)); }
static int new_network(void) { return ended(unshare(CLONE_NEWNET)); }
static int cloned(void) {
    long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (!child) _exit(0);
    return ended(child);
}
static int cloned3(void) {
    struct clone_args how = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &how, sizeof how);
    if (!child) _exit(0);
    return ended(child);
}
static int entering(void) { return ended(setns(open("/proc/1/ns/mnt", O_RDONLY), 0)); }
static int opened_fs(void) { return ended(syscall(SYS_fsopen, "tmpfs", 0)); }
static int opened_tree(void) { return ended(syscall(SYS_open_tree, AT_FDCWD, "/usr", 1 /* clone */)); }
static int rooting(void) { return ended(chroot("/tmp")); }

// ---- G10: powers over the kernel and over others

static int join_keys(void) { return ended(syscall(SYS_keyctl, 1, "evil", 0, 0, 0)); }
static int add_key(void) { return ended(syscall(SYS_add_key, "user", "evil", "x", 1, -4)); }
static int request_key(void) { return ended(syscall(SYS_request_key, "user", "evil", NULL, 0)) == ENOKEY ? 0 : errno; }
static int keys_32(void) {  // the same by the door of 32-bit programs, which a filter may forget
    long result = 288;
    __asm__ volatile("int $0x80" : "+a"(result) : "b"(1), "c"(0), "d"(0), "S"(0), "D"(0) : "memory");
    return result < 0 ? (int)-result : 0;
}
static int keys_x32(void) { return ended(syscall(SYS_keyctl | X32, 1, "evil", 0, 0, 0)); }
static int trace_first(void) {
    if (getppid() == 1) return STRANGE;
    if (ptrace(PTRACE_SEIZE, 1, 0, 0)) return errno;
    ptrace(PTRACE_DETACH, 1, 0, 0);
    return 0;
}
static int read_first(void) {
    char piece[16];
    struct iovec here = {piece, sizeof piece}, there = {(void *)0x400000, sizeof piece};
    int code = ended(process_vm_readv(1, &here, 1, &there, 1, 0));
    return code == EFAULT ? 0 : code;  // it may read, and hit nothing
}
static int steal_descriptor(void) { return ended(syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, 1, 0), 0, 0)); }
static int compare(void) { return ended(syscall(SYS_kcmp, 1, getpid(), 0, 0, 0)); }
static int node_char(void) { return ended(mknod("/tmp/evil-char", S_IFCHR | 0666, makedev(1, 1))); }
static int node_block(void) { return ended(mknod("/tmp/evil-block", S_IFBLK | 0666, makedev(254, 0))); }
static int set_time(void) { struct timeval now; gettimeofday(&now, NULL); return ended(settimeofday(&now, NULL)); }
static int set_clock(void) { struct timespec now; clock_gettime(CLOCK_REALTIME, &now); return ended(clock_settime(CLOCK_REALTIME, &now)); }
static int adjust(void) { struct timex how = {.modes = ADJ_OFFSET_SINGLESHOT}; return ended(adjtimex(&how)); }
static int host_name(void) { return ended(sethostname("evil", 4)); }
static int type_to_terminal(void) {
    int terminal = open("/dev/tty", O_RDWR);
    return terminal < 0 ? errno : ended(ioctl(terminal, TIOCSTI, "x"));
}
static int type_to_output(void) { return ended(ioctl(1, TIOCSTI, "x")); }
static int own_terminal(void) {  // TIOCSTI into a terminal of one's own, which then is somebody's shell
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || unlockpt(terminal)) return errno;
    setsid();
    int slave = open(ptsname(terminal), O_RDWR);
    return slave < 0 ? errno : ended(ioctl(slave, TIOCSTI, "x"));
}
static int bpf(void) {
    union bpf_attr how = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    return ended(syscall(SYS_bpf, BPF_MAP_CREATE, &how, sizeof how));
}
static int perf(void) {
    struct perf_event_attr how = {.type = PERF_TYPE_SOFTWARE, .size = sizeof how, .config = PERF_COUNT_SW_CPU_CLOCK, .exclude_kernel = 1};
    return ended(syscall(SYS_perf_event_open, &how, 0, -1, -1, 0));
}
static int fault_handler(void) { return ended(syscall(SYS_userfaultfd, 1 /* user mode only */)); }
static int uring(void) { char setup[256] = {0}; return ended(syscall(SYS_io_uring_setup, 1, setup)); }
static int module(void) { return ended(syscall(SYS_finit_module, 0, "", 0)); }
static int kexec(void) { return ended(syscall(SYS_kexec_load, 0, 0, NULL, 4)); }
static int swap(void) { return ended(syscall(SYS_swapoff, "/tmp/evil")); }
static int accounting(void) { return ended(syscall(SYS_acct, "/tmp/evil")); }
static int ports(void) { return ended(syscall(SYS_iopl, 3)); }
static int kernel_log(void) { char text[64]; return ended(syscall(SYS_syslog, 3, text, sizeof text)); }
static int by_handle(void) {
    struct { struct file_handle head; char rest[128]; } handle = {.head.handle_bytes = 8, .head.handle_type = 1};
    return ended(open_by_handle_at(open("/tmp", O_RDONLY), &handle.head, O_RDONLY));
}
static int watch_all(void) { return ended(syscall(SYS_fanotify_init, 0, 0)); }
static int become_root(void) { return ended(setuid(0)) || geteuid() ? errno : 0; }
static int low_priority(void) { return ended(setpriority(PRIO_PROCESS, 0, -10)); }
static int own_limits(void) { struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY}; return ended(setrlimit(RLIMIT_CORE, &all)); }
static int immortal(void) { int file = open("/proc/self/oom_score_adj", O_WRONLY); return file < 0 ? errno : ended(write(file, "-1000", 5)); }
static int change_owner(void) { int file = open("/tmp/owned", O_CREAT | O_WRONLY, 0600); return ended(fchown(file, 0, 0)); }
static int file_power(void) {  // cap_setuid as a file's attribute
    static const unsigned char all[20] = {1, 0, 0, 2, 255, 255, 255, 255};
    close(open("/tmp/powerful", O_CREAT | O_WRONLY, 0755));
    return ended(setxattr("/tmp/powerful", "security.capability", all, sizeof all, 0));
}
static int immutable(void) {
    int file = open("immutable", O_CREAT | O_RDWR, 0644), flags = 0x10;
    return file < 0 ? errno : ended(ioctl(file, _IOW('f', 2, long), &flags));
}
static int real_time(void) { struct sched_param how = {.sched_priority = 1}; return ended(sched_setscheduler(0, SCHED_FIFO, &how)); }

static const struct { const char *name; int (*attempt)(void); } attempts[] = {
    {"tcp", tcp}, {"udp", udp}, {"six", six}, {"gateway", gateway}, {"service", service}, {"other-address", other_address},
    {"metadata", metadata}, {"abstract-socket", abstract_socket}, {"file-socket", file_socket}, {"engine", engine},
    {"engine-usual", engine_usual}, {"vsock", vsock}, {"packet", packet}, {"raw", raw}, {"alg", alg},
    {"bluetooth", bluetooth}, {"netlink-events", netlink_events},
    {"shadow", shadow}, {"planted", planted}, {"planted-write", planted_write}, {"home", home},
    {"memory-device", memory_device}, {"kernel-core", kernel_core}, {"disk", disk}, {"first-root", first_root}, {"first-cwd", first_cwd},
    {"put-usr", put_usr}, {"put-etc", put_etc}, {"put-bin", put_bin}, {"put-root", put_root}, {"put-recipe", put_recipe},
    {"put-dev", put_dev}, {"sysctl-hostname", sysctl_hostname}, {"sysctl-core", sysctl_core}, {"sysctl-vm", sysctl_vm},
    {"sysctl-binfmt", sysctl_binfmt}, {"sysrq", sysrq}, {"sys-write", sys_write}, {"group-release", group_release},
    {"mount", mounting}, {"bind", binding}, {"remount", remounting}, {"umount", unmounting}, {"pivot", pivoting},
    {"new-user", new_user}, {"new-mounts", new_mounts}, {"new-network", new_network}, {"clone", cloned}, {"clone3", cloned3},
    {"setns", entering}, {"fsopen", opened_fs}, {"open-tree", opened_tree}, {"chroot", rooting},
    {"keyctl", join_keys}, {"add-key", add_key}, {"request-key", request_key}, {"keyctl-32", keys_32}, {"keyctl-x32", keys_x32},
    {"ptrace-first", trace_first}, {"read-first", read_first}, {"steal-descriptor", steal_descriptor}, {"kcmp", compare},
    {"mknod-char", node_char}, {"mknod-block", node_block}, {"settimeofday", set_time}, {"clock-settime", set_clock},
    {"adjtimex", adjust}, {"sethostname", host_name}, {"tiocsti-tty", type_to_terminal}, {"tiocsti-output", type_to_output},
    {"tiocsti-own", own_terminal}, {"bpf", bpf}, {"perf", perf}, {"userfaultfd", fault_handler}, {"io-uring", uring},
    {"module", module}, {"kexec", kexec}, {"swap", swap}, {"acct", accounting}, {"iopl", ports}, {"syslog", kernel_log},
    {"by-handle", by_handle}, {"fanotify", watch_all}, {"setuid", become_root}, {"nice", low_priority}, {"core", own_limits},
    {"oom", immortal}, {"chown", change_owner}, {"file-power", file_power}, {"immutable", immutable}, {"real-time", real_time},
};

// Runs one attempt in a process of its own, which a filter may kill and a call may block.
static const char *outcome(int (*attempt)(void)) {
    static char text[32];
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
        alarm(2);
        _exit(attempt());
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGALRM ? "hung" : WTERMSIG(status) == SIGSYS ? "killed" : "crashed";
    int code = WEXITSTATUS(status);
    if (!code) return "done";
    if (code == SILENT) return "silence";
    if (code == STRANGE) return "untried";
    snprintf(text, sizeof text, "%s", strerrorname_np(code) ? strerrorname_np(code) : "?");
    return text;
}

int main(int count, char **words) {
    int file = open("/bakehouse/recipe/machine", O_RDONLY);
    if (file < 0) file = open("machine", O_RDONLY);
    if (file >= 0 && read(file, machine, sizeof machine - 1) < 0) return 1;
    for (size_t n = 0; n < sizeof attempts / sizeof *attempts; n++) {
        int wanted = count < 2;
        for (int w = 1; w < count; w++) wanted |= !strcmp(words[w], attempts[n].name);
        if (wanted) printf("%s %s\n", attempts[n].name, outcome(attempts[n].attempt));
    }
    return 0;
}
