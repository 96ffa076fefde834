import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

import { killIfAlive } from "./children.ts";

/** A process in a mount namespace of its own. */
export interface Alone {
  pid: number;
  child: ChildProcess;
  end(): Promise<void>;
}

/**
 * Starts a bash script in a mount namespace of its own, and waits until it has said "ready".
 *
 * @param env Its whole environment but PATH.
 */
export async function startAlone(script: string, env: NodeJS.ProcessEnv = {}): Promise<Alone> {
  const child = spawn("unshare", ["--mount", "bash", "-c", script], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], ...env },
    detached: true, // so that what it started ends with it
  });
  const exited = once(child, "exit");
  const said: unknown = await Promise.race([once(child.stdout, "data"), exited.then(() => undefined)]);
  if (String(said) !== "ready\n" || child.pid === undefined) throw new Error(`it did not start: ${String(said)}`);
  const { pid } = child;
  const end = async (): Promise<void> => {
    killIfAlive(-pid);
    await exited;
  };
  return { pid, child, end };
}

/** Hands it to the body, and ends it whatever happens. */
export async function withAlone(
  script: string,
  env: NodeJS.ProcessEnv,
  body: (alone: Alone) => Promise<void>,
): Promise<void> {
  const alone = await startAlone(script, env);
  try {
    await body(alone);
  } finally {
    await alone.end();
  }
}
