import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { TestContext } from "node:test";

import { connect, type BackendName } from "../../src/index.ts";
import { CONTRACT, type Target } from "../contract/index.ts";
import { makeGuest, type GuestOptions, type ThrowAwayGuest } from "../guests/guest.ts";

export const BACKENDS: readonly BackendName[] = ["native", "helper", "nsenter"];

/** What the contract is to know of a throw-away guest. */
export function targetOf(guest: ThrowAwayGuest, options: GuestOptions): Target {
  const { pid, sharedRoot, containerRoot } = guest;
  const sharesPids = options.namespaces === "mnt" && !options.timeNamespace;
  // A throw-away guest has the machine's own programs.
  const shells = ["bash", "zsh"].filter((shell) => existsSync(`/usr/bin/${shell}`));
  return { pid, sharedRoot, containerRoot, uid: options.uid ?? 0, shells, sharesPids };
}

/** Makes a guest, hands it to the body, and takes it away whatever happens. */
export async function withGuest(options: GuestOptions, body: (guest: ThrowAwayGuest) => Promise<void>): Promise<void> {
  const guest = await makeGuest(options);
  try {
    await body(guest);
  } finally {
    await guest.close();
  }
}

/** Checks the whole contract in this process, each case a subtest. */
export async function checkContract(t: TestContext, target: Target): Promise<void> {
  for (const backend of BACKENDS) {
    const guest = await connect({ ...target, backend });
    for (const { name, run, backends, when } of CONTRACT) {
      if ((backends && !backends.includes(backend)) || (when && !when(target))) continue;
      await t.test(`${backend}: ${name}`, () =>
        run({ target, backend, guest, connect: (options) => connect({ pid: target.pid, backend, ...options }) }),
      );
    }
    guest.close();
  }
}

/** Checks the whole contract in another process; throws with what it printed where a case failed. */
export async function checkContractIn(
  command: readonly string[],
  target: Target,
  options: { cwd?: string; env?: NodeJS.ProcessEnv; backends?: readonly BackendName[] } = {},
): Promise<void> {
  const [program = "", ...args] = command;
  const { backends = BACKENDS, ...where } = options;
  const child = spawn(program, [...args, backends.join(","), JSON.stringify(target)], {
    ...where,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [status] = (await once(child, "close")) as [number | null];
  assertContractPassed(status, output);
}

/** Throws with the failures where the printed contract did not pass, or did not run at all. */
export function assertContractPassed(status: number | null, output: string): void {
  if (status === 0 && /^contract: [1-9]\d* passed, 0 failed$/m.test(output)) return;
  const lines = output.split("\n").filter((line) => !line.startsWith("ok - "));
  throw new Error(`the contract failed (exit status ${status}):\n${lines.join("\n")}`);
}
