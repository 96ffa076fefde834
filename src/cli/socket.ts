import { linkSync, lstatSync, renameSync, unlinkSync, type BigIntStats } from "node:fs";
import { createServer, connect, type Server, type Socket } from "node:net";
import { dirname } from "node:path";

import { errnoText, usageError } from "./usage-error.ts";

/** sun_path of unix(7), with the NUL at the end. */
const LONGEST_PATH = 107;

/** A Unix socket that clients can connect to. */
export interface Listening {
  /** Takes no more clients, and removes the socket. */
  close(): void;
}

function look(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    if (errnoText(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Whether somebody answers. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error) => {
      const errno = errnoText(error);
      if (errno === "ECONNREFUSED" || errno === "ENOENT") resolve(false);
      // A queue that is full is somebody's.
      else if (errno === "EAGAIN") resolve(true);
      else reject(error);
    });
  });
}

function inUse(path: string): Error {
  return usageError(`a worker is listening on ${path} already`, "give another path, or end that worker");
}

/** Removes the socket that a worker left which was killed. */
async function removeStale(path: string): Promise<void> {
  const found = look(path);
  if (!found) return;
  if (!found.isSocket()) throw usageError(`${path} exists and is no socket`, "give another path");
  if (await isAlive(path)) throw inUse(path);
  // Another worker may have replaced it meanwhile: what is moved away is looked at again, and given back.
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errnoText(error) === "ENOENT") return;
    throw error;
  }
  const moved = look(aside);
  // The number of the one that is gone may have been given out again.
  const isTheSame = moved?.ino === found.ino && moved.mtimeNs === found.mtimeNs;
  if (!isTheSame) linkSync(aside, path);
  unlinkSync(aside);
  if (!isTheSame) throw inUse(path);
}

function listenOn(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).once("listening", resolve);
    // The socket is made during the call, and nobody else's for not a moment.
    const before = process.umask(0o177);
    try {
      server.listen(path);
    } finally {
      process.umask(before);
    }
  });
}

/**
 * Listens on a Unix socket of mode 0600. The socket of a worker that was killed is replaced; one that is listened on is not.
 *
 * @throws ExecutorError INVALID_OPTION.
 */
export async function listen(path: string, onClient: (socket: Socket) => void): Promise<Listening> {
  // It is made under another name, for a name can be taken by link(2) at once or not at all.
  const made = `${path}.${process.pid}`;
  if (path === "" || Buffer.byteLength(made) > LONGEST_PATH) {
    throw usageError(
      `the socket path ${JSON.stringify(path)} is ${path === "" ? "empty" : "too long"}`,
      `give one of 1 to ${LONGEST_PATH - 8} bytes`,
    );
  }
  // What libuv says of a missing directory is EACCES.
  if (!look(dirname(path))) throw usageError(`the directory of the socket ${path} does not exist`, "create it");
  const server = createServer(onClient);
  try {
    await removeStale(path);
    await listenOn(server, made);
    linkSync(made, path);
    unlinkSync(made);
  } catch (error) {
    server.close();
    const errno = (error as NodeJS.ErrnoException).code;
    if (errno === "EEXIST") throw inUse(path);
    if (errno === "INVALID_OPTION") throw error;
    throw usageError(`the socket ${path} cannot be made (${errnoText(error)})`, "check its directory");
  }
  const ino = look(path)?.ino;
  server.on("error", () => undefined);
  return {
    close() {
      if (!server.listening) return;
      server.close();
      // Somebody else's is left alone.
      if (look(path)?.ino === ino) unlinkSync(path);
    },
  };
}
