/**
 * Runs steps of another user beside guests of its own, and prints what it learns of what they leave, as JSON. For a process whose
 * /proc hides others' processes: test/e2e/hidden-processes.test.ts.
 */
import { once } from "node:events";

import { connect, containers, ExecutorError, type BackendName, type Guest } from "../../src/index.ts";
import { makeGuest } from "../guests/guest.ts";

/** What was learnt of one backend in one guest. */
export interface Learnt {
  namespaces: "all" | "mnt";
  backend: BackendName;
  /** The count where nothing is left, a daemon, and a background job: null where it is unknown. */
  nothing: number | null;
  daemon: number | null;
  background: number | null;
  /** How many containers are found while those run. */
  containers: number;
  /** What the last one's result says of what is not as it should be. */
  limitations: readonly string[];
  /** After the cancellation of a step whose child left its group and ignores SIGTERM. */
  canceled: { outcome: string; left: number | null; child: string };
  /** The code of the error that killLeftovers() rejects with. */
  killLeftovers: string;
}

const DAEMON = "(setsid sh -c 'echo $$; exec sleep 300 >/dev/null 2>&1 </dev/null' &) | { read pid; echo $pid; }";
const STUBBORN = "setsid sh -c 'trap \"\" TERM; echo $$; while :; do sleep 0.01; done' & wait";
const USER = { user: 1000 };

async function stateOf(guest: Guest, pid: string): Promise<string> {
  const { stdout } = await guest.run({ script: `kill -0 ${pid} 2>/dev/null && echo alive || echo gone`, ...USER });
  return stdout ?? "";
}

async function learn(namespaces: "all" | "mnt", backend: BackendName, guest: Guest): Promise<Learnt> {
  const nothing = await guest.run({ script: ":", ...USER });
  const daemon = await guest.run({ script: DAEMON, ...USER });
  const step = guest.run({ script: "sleep 300 >/dev/null 2>&1 & echo $!", ...USER });
  const background = await step;
  const found = (await containers()).filter(({ role }) => role === "guest");
  const killed = await step.killLeftovers().then(
    () => "none",
    (error: unknown) => (error instanceof ExecutorError ? error.code : String(error)),
  );
  const controller = new AbortController();
  const stubborn = guest.run({ script: STUBBORN, signal: controller.signal, forceKillAfterDelay: 50, ...USER });
  const [chunk] = (await once(stubborn.stdout, "data")) as [Buffer];
  controller.abort();
  const canceled = await stubborn;
  const child = await stateOf(guest, chunk.toString().trim());
  await guest.run({ script: `kill -9 ${daemon.stdout} ${background.stdout}`, ...USER });
  return {
    namespaces,
    backend,
    nothing: nothing.leftoverProcesses ?? null,
    daemon: daemon.leftoverProcesses ?? null,
    background: background.leftoverProcesses ?? null,
    containers: found.length,
    limitations: background.limitations,
    canceled: { outcome: canceled.outcome, left: canceled.leftoverProcesses ?? null, child },
    killLeftovers: killed,
  };
}

const learnt: Learnt[] = [];
for (const namespaces of ["all", "mnt"] as const) {
  const made = await makeGuest({ namespaces });
  try {
    for (const backend of ["native", "helper", "nsenter"] as const) {
      const guest = await connect({ pid: made.pid, backend });
      learnt.push(await learn(namespaces, backend, guest));
      guest.close();
    }
  } finally {
    await made.close();
  }
}
console.log(JSON.stringify(learnt));
