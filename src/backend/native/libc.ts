import os from "node:os";

import { SystemError } from "../../errors/index.ts";
import { signalName } from "../signal-name.ts";
import type { ProcessEnd } from "../trial.ts";
import { bind, P_PID, WEXITED, WNOWAIT } from "./bindings.ts";
import { MessageBuffer } from "./message-buffer.ts";

const O_CLOEXEC = 0o2000000;
const O_NONBLOCK = 0o4000;
const F_DUPFD_CLOEXEC = 1030;
const F_ADD_SEALS = 1033;
/** F_SEAL_SEAL | SHRINK | GROW | WRITE. */
const ALL_SEALS = 0x0f;
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
/** Since Linux 6.3; before that every memfd is executable and the flag unknown. */
const MFD_EXEC = 0x10;
const WNOHANG = 1;
const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
/** MSG_DONTWAIT | MSG_NOSIGNAL. */
const SEND_FLAGS = 0x40 | 0x4000;
const EAGAIN = 11;
/** Too many descriptors of this user are on their way, unix(7). */
const ETOOMANYREFS = 109;
/** POSIX_SPAWN_SETSIGDEF | SETSIGMASK | SETSID. */
const SPAWN_FLAGS = 0x04 | 0x08 | 0x80;
const { ECHILD, EINVAL, EPERM } = os.constants.errno;
/** Of a siginfo_t, in words of four bytes; and that a child exited rather than was killed. */
const SIGINFO = { code: 2, status: 6 } as const;
const CLD_EXITED = 1;
/** Larger than the structures of any libc: posix_spawn's take 80 and 336 bytes in glibc and musl. */
const ACTIONS_SIZE = 512;
const ATTRIBUTES_SIZE = 1024;

/**
 * The part of libc that starts a helper, called in our own process. Each method throws a SystemError.
 *
 * What these calls would cost with child_process instead, and why not: README.md, Architecture.
 */
export interface Libc {
  /** A pipe, [read end, write end], both close-on-exec. */
  pipe(nonblocking?: boolean): [number, number];
  close(fd: number): void;
  /** The same file at a number of at least `minimum`; closes the old one. */
  moveAbove(fd: number, minimum: number): number;
  /** Another descriptor of the same file, at a number of at least `minimum`. */
  copyAbove(fd: number, minimum: number): number;
  chown(fd: number, uid: number, gid: number): void;
  /** A file in memory with these bytes; the file offset stays at 0. */
  memfd(name: string, bytes: Uint8Array, kind: "data" | "program"): number;
  write(fd: number, bytes: Uint8Array): void;
  kill(pid: number, signal: number): void;
  /** Two connected sockets for messages, both close-on-exec. */
  socketPair(): [number, number];
  /**
   * Sends one message, which is at most 64 bytes, with descriptors. Never waits.
   *
   * @returns Whether it was sent; false where the other end has to receive first.
   */
  send(socket: number, message: Uint8Array, descriptors: readonly number[]): boolean;
  /** Starts a program with no environment, all signals blocked and at their default, and only these descriptors besides close-on-exec ones. */
  spawn(path: string, argv: readonly string[], descriptors: readonly (readonly [from: number, to: number])[]): number;
  /** Whether this child, which has not been reaped, has ended. It stays to be reaped. */
  hasEnded(pid: number): boolean;
  /** How this child has ended; it is then gone. Undefined: it has not. */
  reap(pid: number): ProcessEnd | undefined;
  /** Waits for a child's end, on a thread of koffi's. It stays to be reaped: until then its number is its own. */
  wait(pid: number): Promise<void>;
}

/** Loads libc through koffi. Throws whatever keeps koffi from loading. */
export async function loadLibc(): Promise<Libc> {
  const { functions: c, errno, addressOf } = await bind();
  const check = (call: string, result: number): number => {
    if (result < 0) throw new SystemError(call, errno());
    return result;
  };
  const checkCode = (call: string, code: number): void => {
    if (code !== 0) throw new SystemError(call, code);
  };
  const writeAll = (fd: number, bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length;) {
      at += check("pwrite", c.pwrite(fd, bytes.subarray(at), bytes.length - at, at));
    }
  };
  const createMemfd = (name: string, flags: number): number => {
    const fd = c.memfd_create(name, flags | MFD_EXEC);
    // EPERM: by a seccomp filter that knows no such flag.
    if (fd < 0 && [EINVAL, EPERM].includes(errno())) return check("memfd_create", c.memfd_create(name, flags));
    return check("memfd_create", fd);
  };

  // What calls write into, made once: each new one would cost about as much as its call.
  const ends = new Int32Array(2);
  const pid = new Int32Array(1);
  const siginfo = new Int32Array(32);
  const actions = Buffer.alloc(ACTIONS_SIZE);
  const outgoing = new MessageBuffer(addressOf);

  /** The same for each start. They hold no memory of libc's in any libc. */
  let attributes: Buffer | undefined;
  const makeAttributes = (): Buffer => {
    const made = Buffer.alloc(ATTRIBUTES_SIZE);
    /** A sigset_t. */
    const allSignals = Buffer.alloc(128, 0xff);
    checkCode("posix_spawnattr_init", c.attributesInit(made));
    checkCode("posix_spawnattr_setsigmask", c.setSignalMask(made, allSignals));
    checkCode("posix_spawnattr_setsigdefault", c.setSignalDefault(made, allSignals));
    checkCode("posix_spawnattr_setflags", c.setFlags(made, SPAWN_FLAGS));
    return made;
  };

  return {
    pipe(nonblocking = false) {
      check("pipe2", c.pipe2(ends, O_CLOEXEC | (nonblocking ? O_NONBLOCK : 0)));
      return [ends[0] ?? -1, ends[1] ?? -1];
    },
    close(fd) {
      // The descriptor is gone whatever close says, and nothing here is written behind.
      c.close(fd);
    },
    moveAbove(fd, minimum) {
      if (fd >= minimum) return fd;
      const moved = check("fcntl", c.fcntl(fd, F_DUPFD_CLOEXEC, minimum));
      c.close(fd);
      return moved;
    },
    copyAbove(fd, minimum) {
      return check("fcntl", c.fcntl(fd, F_DUPFD_CLOEXEC, minimum));
    },
    chown(fd, uid, gid) {
      check("fchown", c.fchown(fd, uid, gid));
    },
    memfd(name, bytes, kind) {
      const program = kind === "program";
      const fd = program
        ? createMemfd(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)
        : check("memfd_create", c.memfd_create(name, MFD_CLOEXEC));
      try {
        writeAll(fd, bytes);
        if (program) {
          // Not readable: for an agent that is not root the kernel then makes the helper undumpable from its start.
          check("fchmod", c.fchmod(fd, 0o111));
          check("fcntl", c.fcntl(fd, F_ADD_SEALS, ALL_SEALS));
        }
        return fd;
      } catch (error) {
        c.close(fd);
        throw error;
      }
    },
    write(fd, bytes) {
      check("write", c.write(fd, bytes, bytes.length));
    },
    kill(process, signal) {
      check("kill", c.kill(process, signal));
    },
    socketPair() {
      check("socketpair", c.socketpair(AF_UNIX, SOCK_SEQPACKET | O_CLOEXEC, 0, ends));
      return [ends[0] ?? -1, ends[1] ?? -1];
    },
    send(socket, message, descriptors) {
      const sent = c.sendmsg(socket, outgoing.fill(message, descriptors), SEND_FLAGS);
      if (sent >= 0) return true;
      const error = errno();
      if (error === EAGAIN || error === ETOOMANYREFS) return false;
      throw new SystemError("sendmsg", error);
    },
    spawn(path, argv, descriptors) {
      attributes ??= makeAttributes();
      checkCode("posix_spawn_file_actions_init", c.actionsInit(actions));
      try {
        for (const [from, to] of descriptors) {
          checkCode("posix_spawn_file_actions_adddup2", c.addDup2(actions, from, to));
        }
        checkCode("posix_spawn", c.spawn(pid, path, actions, attributes, [...argv, null], [null]));
      } finally {
        c.actionsDestroy(actions);
      }
      return pid[0] ?? -1;
    },
    hasEnded(child) {
      siginfo[0] = 0;
      // Not found: the embedding program reaped it.
      return c.waitid(P_PID, child, siginfo, WEXITED | WNOHANG | WNOWAIT) !== 0 || siginfo[0] !== 0;
    },
    reap(child) {
      // Only a child that has ended is written into it.
      siginfo[0] = 0;
      if (c.waitid(P_PID, child, siginfo, WEXITED | WNOHANG) !== 0) {
        if (errno() !== ECHILD) throw new SystemError("waitid", errno());
        return { exitCode: undefined, signal: undefined }; // the embedding program reaped it
      }
      if (siginfo[0] === 0) return undefined;
      const [code, status = 0] = [siginfo[SIGINFO.code], siginfo[SIGINFO.status]];
      return code === CLD_EXITED
        ? { exitCode: status, signal: undefined }
        : { exitCode: undefined, signal: signalName(status) };
    },
    wait: (child) => c.waitidLater(child),
  };
}
