/** waitid(2): by pid, for a child that has ended. */
export const P_PID = 1;
export const WEXITED = 4;
/** Leaves it to be reaped. */
export const WNOWAIT = 0x01000000;

/** The C functions we call, as koffi makes them. */
export interface Functions {
  pipe2(ends: Int32Array, flags: number): number;
  close(fd: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  fchown(fd: number, uid: number, gid: number): number;
  fchmod(fd: number, mode: number): number;
  memfd_create(name: string, flags: number): number;
  pwrite(fd: number, bytes: Uint8Array, length: number, offset: number): number;
  write(fd: number, bytes: Uint8Array, length: number): number;
  kill(pid: number, signal: number): number;
  socketpair(domain: number, type: number, protocol: number, ends: Int32Array): number;
  sendmsg(fd: number, message: Uint8Array, flags: number): number;
  waitid(type: number, id: number, info: Int32Array, options: number): number;
  actionsInit(actions: Uint8Array): number;
  actionsDestroy(actions: Uint8Array): number;
  addDup2(actions: Uint8Array, from: number, to: number): number;
  attributesInit(attributes: Uint8Array): number;
  setSignalMask(attributes: Uint8Array, mask: Uint8Array): number;
  setSignalDefault(attributes: Uint8Array, set: Uint8Array): number;
  setFlags(attributes: Uint8Array, flags: number): number;
  spawn(
    pid: Int32Array,
    path: string,
    actions: Uint8Array,
    attributes: Uint8Array,
    argv: readonly (string | null)[],
    envp: readonly (string | null)[],
  ): number;
  waitidLater(pid: number): Promise<void>;
}

/** What bind() gives. */
export interface Bound {
  functions: Functions;
  errno: () => number;
  /** Where the bytes of an array are. They stay there only if its memory is an ArrayBuffer of its own. */
  addressOf: (array: Uint8Array) => bigint;
}

/** Loads koffi and binds the functions of the libc that this process runs on. Throws whatever keeps koffi from loading. */
export async function bind(): Promise<Bound> {
  const { default: koffi } = await import("koffi");
  const libc = koffi.load(null);
  const waitid = libc.func("int waitid(int type, int id, void *info, int options)");
  const functions = {
    pipe2: libc.func("int pipe2(int32_t *ends, int flags)"),
    close: libc.func("int close(int fd)"),
    // Variadic in C; all the commands we use take one integer.
    fcntl: (fd: number, command: number, argument: number): unknown => fcntl(fd, command, "int", argument),
    fchown: libc.func("int fchown(int fd, uint32_t uid, uint32_t gid)"),
    fchmod: libc.func("int fchmod(int fd, uint32_t mode)"),
    memfd_create: libc.func("int memfd_create(const char *name, unsigned int flags)"),
    pwrite: libc.func("intptr_t pwrite(int fd, const void *bytes, size_t length, intptr_t offset)"),
    write: libc.func("intptr_t write(int fd, const void *bytes, size_t length)"),
    kill: libc.func("int kill(int pid, int signal)"),
    socketpair: libc.func("int socketpair(int domain, int type, int protocol, int32_t *ends)"),
    sendmsg: libc.func("intptr_t sendmsg(int fd, const void *message, int flags)"),
    waitid,
    actionsInit: libc.func("int posix_spawn_file_actions_init(void *actions)"),
    actionsDestroy: libc.func("int posix_spawn_file_actions_destroy(void *actions)"),
    addDup2: libc.func("int posix_spawn_file_actions_adddup2(void *actions, int from, int to)"),
    attributesInit: libc.func("int posix_spawnattr_init(void *attributes)"),
    setSignalMask: libc.func("int posix_spawnattr_setsigmask(void *attributes, const void *mask)"),
    setSignalDefault: libc.func("int posix_spawnattr_setsigdefault(void *attributes, const void *set)"),
    setFlags: libc.func("int posix_spawnattr_setflags(void *attributes, short flags)"),
    spawn: libc.func(
      "int posix_spawn(int32_t *pid, const char *path, void *actions, void *attributes, const char **argv, const char **envp)",
    ),
    waitidLater: (pid: number): Promise<void> =>
      new Promise((resolve, reject) => {
        // No siginfo: a buffer could be collected while another thread writes to it.
        waitid.async(P_PID, pid, null, WEXITED | WNOWAIT, (error: Error | null) => {
          if (error === null) resolve();
          else reject(error);
        });
      }),
  };
  const fcntl = libc.func("int fcntl(int fd, int command, ...)");
  return {
    functions: functions as unknown as Functions,
    errno: () => koffi.errno(),
    addressOf: (array) => koffi.address(array),
  };
}
