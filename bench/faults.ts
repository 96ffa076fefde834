/**
 * The fault table: what is injected while steps are under way, at moments spread over the whole of a step, and what is
 * lost or left; and agents and containers that are short of something, or slow. `npm run bench:faults`, as root. A step counts as lost where it hangs, or says that it succeeded although it did not.
 *
 * Options: --runs N (100) of each fault with each backend; --only TEXT, the rows whose names contain it.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import os from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";

import { connect, ExecutorError, type BackendName, type Guest, type StepResult } from "../src/index.ts";
import { makeGuest, type GuestOptions, type ThrowAwayGuest } from "../test/guests/guest.ts";
import { childrenOf, keepersOf, killIfAlive, openDescriptors } from "../test/support/children.ts";
import { CLI } from "../test/support/cli.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "100" }, only: { type: "string", default: "" } },
});
const RUNS = Number(values.runs);
/** What has not ended by then hangs. */
const PATIENCE_MS = 10_000;
/** The faults come at moments from the start of a step up to this. */
const SPAN_MS = 6;
/** Its marker is in the environment of all of its processes; the second one leaves the process group. */
const SCRIPT = "sleep 0.002; setsid sh -c 'sleep 0.003; echo two; sleep 1000' & echo one; sleep 1000";

/** What a guest has apart from us: as in a Pod, or all, its processes too. */
type Namespaces = "mnt" | "all";
type Outcome = StepResult | ExecutorError | "hangs";

interface Fault {
  name: string;
  /** What a step may truthfully say of it. */
  isTrue: (outcome: Outcome) => boolean;
  inject: (target: ThrowAwayGuest) => void;
}

const isOneOf =
  (...words: string[]) =>
  (outcome: Outcome): boolean =>
    words.includes(outcome instanceof ExecutorError ? outcome.code : outcome === "hangs" ? outcome : outcome.outcome);

const eachHelper = (action: (helper: number) => void): void => keepersOf(process.pid).forEach(action);
const signal = (pid: number, name: NodeJS.Signals): void => {
  if (existsSync(`/proc/${pid}`)) process.kill(pid, name);
};

const FAULTS: readonly Fault[] = [
  { name: "nothing (a timeout ends the step)", isTrue: isOneOf("timed-out"), inject: () => undefined },
  {
    name: "SIGKILL to the helper",
    isTrue: isOneOf("HELPER_LOST", "timed-out"),
    inject: () => eachHelper(killIfAlive),
  },
  {
    name: "SIGSTOP to the helper",
    isTrue: isOneOf("HELPER_LOST", "timed-out"),
    inject: () => eachHelper((helper) => signal(helper, "SIGSTOP")),
  },
  {
    name: "SIGKILL to what the helper started (relay, step, subreaper)",
    isTrue: isOneOf("signaled", "timed-out", "ENTRY_FAILED"),
    inject: () => eachHelper((helper) => childrenOf(helper).forEach(({ pid }) => killIfAlive(pid))),
  },
  {
    name: "SIGKILL to the container's main process",
    isTrue: isOneOf("CONTAINER_GONE", "timed-out"),
    inject: ({ pid }) => killIfAlive(pid),
  },
];

function describe(outcome: Outcome): string {
  if (outcome instanceof ExecutorError) return outcome.message;
  if (outcome === "hangs") return outcome;
  return JSON.stringify({ ...outcome, stdout: outcome.stdout?.length, stderr: outcome.stderr });
}

async function settle(step: PromiseLike<StepResult>): Promise<Outcome> {
  const patience = new AbortController();
  const hangs = delay(PATIENCE_MS, "hangs" as const, { signal: patience.signal }).catch(() => "hangs" as const);
  try {
    return await Promise.race([step, hangs]);
  } catch (error) {
    if (error instanceof ExecutorError) return error;
    throw error;
  } finally {
    patience.abort();
  }
}

/** Processes whose environment has this marker. */
function marked(marker: string): number[] {
  return readdirSync("/proc").flatMap((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/environ`, "latin1").includes(marker)
        ? [Number(name)]
        : [];
    } catch {
      return []; // it has just ended
    }
  });
}

/** What is still there a second after the last step. */
async function leftovers(marker: string, shared: string): Promise<{ processes: number; files: number }> {
  const deadline = performance.now() + 1000;
  const look = (): { processes: number; files: number } => ({
    processes: marked(marker).length + keepersOf(process.pid).length,
    files: existsSync(shared) ? readdirSync(shared).filter((name) => name.endsWith(".sh")).length : 0,
  });
  let found = look();
  while (performance.now() < deadline && found.processes + found.files > 0) {
    await delay(20);
    found = look();
  }
  return found;
}

function report(
  name: string,
  backend: string,
  namespaces: Namespaces,
  figures: Readonly<Record<string, number>>,
): void {
  console.log(`| ${name} | ${backend} | ${namespaces} | ${Object.values(figures).join(" | ")} |`);
}

async function inject(fault: Fault, backend: BackendName, namespaces: Namespaces): Promise<void> {
  const marker = `FAULT=${process.pid}-${Math.random()}`;
  const before = openDescriptors();
  const figures = { runs: 0, lost: 0, processes: 0, files: 0, descriptors: 0 };
  let target: ThrowAwayGuest | undefined;
  let guest: Guest | undefined;
  try {
    for (; figures.runs < RUNS; figures.runs++) {
      if (!guest || !target || !existsSync(`/proc/${target.pid}/ns`)) {
        guest?.close();
        await target?.close();
        target = await makeGuest({ namespaces });
        guest = await connect({ ...target, backend });
      }
      const [name = "", value] = marker.split("=");
      const options = { env: { [name]: value }, timeout: 40, forceKillAfterDelay: 10, leftovers: "kill" } as const;
      const step = guest.run({ script: SCRIPT, ...options });
      const settled = settle(step);
      await delay((SPAN_MS * figures.runs) / RUNS);
      fault.inject(target);
      const outcome = await settled;
      if (!fault.isTrue(outcome)) {
        figures.lost++;
        console.error(`${fault.name}, ${backend}: ${describe(outcome)}`);
      }
    }
    const { processes, files } = await leftovers(marker, target?.sharedRoot ?? "");
    Object.assign(figures, { processes, files });
  } finally {
    for (const pid of marked(marker)) killIfAlive(pid);
    guest?.close();
    await target?.close();
  }
  await delay(100);
  figures.descriptors = Math.max(0, openDescriptors() - before);
  report(fault.name, backend, namespaces, figures);
}

/** What is no moment's fault: an agent or a container that is short of something, or slow. */
interface Situation {
  name: string;
  guest?: GuestOptions;
  /** Starts them; answers what became of them. */
  run: (guest: Guest, target: ThrowAwayGuest, env: Readonly<Record<string, string>>) => Promise<Outcome[]>;
  isTrue: (outcome: Outcome) => boolean;
}

const exitedWith =
  (status: number, output?: number) =>
  (outcome: Outcome): boolean =>
    typeof outcome === "object" &&
    "exitCode" in outcome &&
    outcome.exitCode === status &&
    !outcome.isOutputTruncated &&
    (output === undefined || outcome.stdout?.length === output);

function settleAll(count: number, start: () => PromiseLike<StepResult>): Promise<Outcome[]> {
  return Promise.all(Array.from({ length: count }, () => settle(start())));
}

const SITUATIONS: readonly Situation[] = [
  {
    name: "event loop blocked for 30 s",
    async run(guest, _, env) {
      // What fits into the pipes on the way has ended in time; the other ones wait for us.
      const steps = [false, true].flatMap((fits) =>
        Array.from({ length: 8 }, () =>
          guest.run({ script: `seq ${fits ? 3000 : 100_000}; exit 7`, env, timeout: fits ? 20_000 : 0 }),
        ),
      );
      await delay(20);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30_000);
      return Promise.all(steps.map(settle));
    },
    isTrue: (outcome) => exitedWith(7, 13_892)(outcome) || exitedWith(7, 588_894)(outcome),
  },
  {
    name: "slow reader of 1 MB",
    run: (guest, _, env) =>
      settleAll(8, () => {
        const step = guest.run({ script: "seq 150000; exit 7", env });
        step.stdout.on("data", () => {
          step.stdout.pause();
          setTimeout(() => step.stdout.resume(), 2);
        });
        return step;
      }),
    isTrue: exitedWith(7, 938_894),
  },
  {
    name: "flooding writer, ended by a timeout",
    run: (guest, _, env) => settleAll(8, () => guest.run({ script: "yes", env, timeout: 300, maxBuffer: 1000 })),
    isTrue: isOneOf("timed-out"),
  },
  {
    name: "EMFILE: no descriptor left in the agent",
    async run(guest, _, env) {
      const outcomes: Outcome[] = [];
      for (let left = 0; left < 20; left++) {
        const held: number[] = [];
        try {
          for (;;) held.push(openSync("/dev/null", "r"));
        } catch {
          // Now there is none.
        }
        for (let freed = 0; freed < left; freed++) closeSync(held.pop() ?? -1);
        const outcome = settle(guest.run({ script: "exit 7", env }));
        for (const fd of held) closeSync(fd);
        outcomes.push(await outcome);
      }
      return outcomes;
    },
    isTrue: (outcome) => exitedWith(7)(outcome) || isOneOf("RESOURCE_EXHAUSTED")(outcome),
  },
  {
    name: "EAGAIN: the container's user may have 5 processes",
    guest: { uid: 54_321 },
    run(guest, { pid }, env) {
      const asUser = ["--reuid=54321", "--regid=54321", "--clear-groups", "prlimit", "--pid", String(pid), "--nproc=5"];
      execFileSync("setpriv", asUser);
      return settleAll(20, () => guest.run({ script: "read line; exit 7", input: "go\n", env }));
    },
    isTrue: (outcome) => exitedWith(7)(outcome) || isOneOf("RESOURCE_EXHAUSTED")(outcome),
  },
  {
    name: "ENOSPC: no room for the script",
    async run(guest, { sharedRoot }, env) {
      // The descriptor that connect() opened is of the directory below this mount: so connect again, to what is full.
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=16k", "tmpfs", sharedRoot]);
      try {
        await using full = await connect({ pid: guest.pid, sharedRoot, backend: guest.backend });
        return await settleAll(20, () => full.run({ script: `# ${"x".repeat(100_000)}\n:`, env }));
      } finally {
        execFileSync("umount", ["--lazy", sharedRoot]);
      }
    },
    isTrue: isOneOf("SHARED_ROOT"),
  },
];

async function endure(situation: Situation, backend: BackendName): Promise<void> {
  const marker = `FAULT=${process.pid}-${Math.random()}`;
  const target = await makeGuest({ namespaces: "mnt", ...situation.guest });
  const guest = await connect({ ...target, backend });
  const before = openDescriptors();
  try {
    const [name = "", value = ""] = marker.split("=");
    const outcomes = await situation.run(guest, target, { [name]: value });
    const lost = outcomes.filter((outcome) => !situation.isTrue(outcome));
    for (const outcome of lost) console.error(`${situation.name}, ${backend}: ${describe(outcome)}`);
    const { processes, files } = await leftovers(marker, target.sharedRoot);
    // Streams close in a later turn.
    await delay(100);
    const descriptors = Math.max(0, openDescriptors() - before);
    report(situation.name, backend, "mnt", { runs: outcomes.length, lost: lost.length, processes, files, descriptors });
  } finally {
    for (const pid of marked(marker)) killIfAlive(pid);
    guest.close();
    await target.close();
  }
}

/** The agent itself is killed: nobody is left to say anything, so only what it leaves counts. */
async function killAgent(backend: BackendName, namespaces: Namespaces): Promise<void> {
  const marker = `FAULT=${process.pid}-${Math.random()}`;
  const target = await makeGuest({ namespaces });
  const runs = Math.ceil(RUNS / 5);
  const { pid, sharedRoot, containerRoot } = target;
  try {
    for (let run = 0; run < runs; run++) {
      const where = ["--pid", String(pid), "--shared-root", sharedRoot, "--container-root", containerRoot];
      const args = ["run", ...where, "--backend", backend, "--env", marker, "--script", SCRIPT];
      const agent = spawn(CLI, args, { stdio: ["ignore", "pipe", "ignore"] });
      if (run % 2 === 0) await once(agent.stdout, "data");
      else await delay(60 + (60 * run) / runs);
      agent.kill("SIGKILL");
      await once(agent, "close");
    }
    const { processes, files } = await leftovers(marker, sharedRoot);
    report("SIGKILL to the agent", backend, namespaces, { runs, lost: 0, processes, files, descriptors: 0 });
  } finally {
    for (const left of marked(marker)) killIfAlive(left);
    await target.close();
  }
}

console.log(
  `${process.release.name} ${process.version}, Linux ${os.release()}, ${os.cpus().length} x ${os.cpus()[0]?.model}\n`,
);
console.log("| fault | backend | apart | runs | steps lost | processes left | files left | descriptors leaked |");
console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
const isWanted = ({ name }: { name: string }): boolean => name.includes(values.only);
for (const backend of ["native", "helper"] as const) {
  for (const namespaces of ["mnt", "all"] as const) {
    for (const fault of FAULTS.filter(isWanted)) await inject(fault, backend, namespaces);
    if (isWanted({ name: "SIGKILL to the agent" })) await killAgent(backend, namespaces);
  }
  for (const situation of SITUATIONS.filter(isWanted)) await endure(situation, backend);
}
