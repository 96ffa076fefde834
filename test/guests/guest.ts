import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { killIfAlive } from "../support/children.ts";
import { until } from "../support/until.ts";

/** What a throw-away guest has of its own. */
export interface GuestOptions {
  /** "all": pid, mount, uts, ipc, net and cgroup; "mnt": as in a Pod with a shared process namespace. */
  namespaces?: "all" | "mnt";
  /** A user namespace as well, so that no privilege is needed to make it. By default where we are not root. */
  userNamespace?: boolean;
  timeNamespace?: boolean;
  /** The user of its main process. */
  uid?: number;
  /** Capabilities that it does not have, as setpriv(1) names them. */
  dropCapabilities?: readonly string[];
  /** Its main process is root with no capability and no way to any, though its bounding set is whole. */
  powerless?: boolean;
  /** Where it sees the shared volume. */
  containerRoot?: string;
  /** Variables of its main process. */
  env?: Readonly<Record<string, string>>;
}

/** A running throw-away guest. */
export interface ThrowAwayGuest {
  pid: number;
  /** The shared volume as we see it. */
  sharedRoot: string;
  /** The shared volume as the guest sees it. */
  containerRoot: string;
  close(): Promise<void>;
}

const INIT = fileURLToPath(new URL("init.sh", import.meta.url));

/** Its mount namespace comes last and from the inside, so that none of the processes that make it is seen in it. */
function unshareOptions(options: GuestOptions): string[] {
  const flags: string[] = [];
  if (options.namespaces !== "mnt") {
    flags.push("--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net", "--cgroup");
  }
  if (options.userNamespace ?? process.getuid?.() !== 0) flags.push("--user", "--map-root-user");
  // A process enters its new time namespace only by forking.
  if (options.timeNamespace) flags.push("--time", ...(flags.includes("--fork") ? [] : ["--fork", "--kill-child"]));
  return [...flags, ...(flags.length > 0 ? ["unshare"] : []), "--mount"];
}

/** What setpriv(1) does to the main process. */
function becomeOptions({ uid = 0, dropCapabilities = [], powerless = false }: GuestOptions): string {
  const drop = dropCapabilities.map((name) => `-${name}`).join(",");
  return [
    ...(uid === 0 ? [] : [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"]),
    ...(drop === "" ? [] : [`--bounding-set=${drop}`, `--inh-caps=${drop}`]),
    ...(powerless ? ["--securebits=+noroot", "--inh-caps=-all", "--no-new-privs"] : []),
  ].join(" ");
}

function childOf(parent: number): number {
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      if (Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === parent) return Number(name);
    } catch {
      // It ended while we looked.
    }
  }
  throw new Error(`process ${parent} has no child`);
}

/** Makes a guest with util-linux unshare: namespaces and a root file system of its own. */
export async function makeGuest(options: GuestOptions = {}): Promise<ThrowAwayGuest> {
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-guest-"));
  const root = path.join(directory, "root");
  const sharedRoot = path.join(directory, "shared");
  for (const made of [root, sharedRoot]) mkdirSync(made, { mode: 0o777 });
  const containerRoot = options.containerRoot ?? "/work";
  const variables = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`);
  const flags = unshareOptions(options);
  const proc = flags.includes("--pid") ? "new" : "ours";
  const become = becomeOptions(options);
  const child = spawn(
    "unshare",
    [...flags, "sh", INIT, root, sharedRoot, containerRoot, String(options.uid ?? 0), proc, become, ...variables],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  const exited = once(child, "exit");
  const ready = await Promise.race([once(child.stdout, "data"), exited.then(() => undefined)]);
  if (!ready) throw new Error(`the throw-away guest did not start: ${complaint.trim()}`);
  const pid = flags.includes("--fork") ? childOf(child.pid as number) : (child.pid as number);
  // It said so just before its last execve: a test may take the program away.
  await until("the guest is its main program", () => readFileSync(`/proc/${pid}/comm`, "latin1") === "sleep\n");
  return {
    pid,
    sharedRoot,
    containerRoot,
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        // A test may have ended it, and the word of that is on its way.
        killIfAlive(pid);
        await exited;
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
