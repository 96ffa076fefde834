import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, test } from "node:test";

import { ExecutorError } from "../../src/index.ts";
import type { Report } from "../../src/doctor/index.ts";
import { makeGuest } from "../guests/guest.ts";
import { CLI, finished, plainEnvironment, type CliResult } from "../support/cli.ts";
import { killIfAlive } from "../support/children.ts";
import { withGuest } from "../support/contract.ts";
import { callsOfHelper, FilteredPackage, forbid } from "../support/forbidden.ts";
import { canRun } from "../support/require.ts";

const REFUSALS = ["EPERM", "ENOSYS"] as const;
const BACKENDS = ["native", "helper"] as const;
const NEEDS = ["root", "cc", "unshare", "setpriv"];

/** Steps run without them. fchown: a step of the agent's own user needs none. */
const OPTIONAL = [
  "clone3",
  "close_range",
  "fchown",
  "flock",
  "keyctl",
  "pidfd_open",
  "utimensat",
  // What the main process has otherwise than the agent; where it is refused, `limitations` says so.
  "ioprio_get",
  "ioprio_set",
  "personality",
  "sched_setaffinity",
  "sched_setscheduler",
  "setpriority",
];

/** Connecting is refused, but not by what was tried: nothing can be told without write, or ended without exit_group. */
const TOO_BASIC = ["execve", "exit_group", "write"];
/** It says EPERM for a reason of its own, so it is not tried, and a step without it says so. */
const AMBIGUOUS = ["setgroups", "setsid"];

/** Only the helper backend needs them, to copy the helper into memory and to be connected to. */
const WITHOUT_FFI: ReadonlySet<string> = new Set([
  "execveat",
  "sendfile",
  "accept4",
  "bind",
  "getsockopt",
  "listen",
  "recvfrom",
  "socket",
]);

const needed = (): string[] =>
  callsOfHelper().filter((call) => ![...OPTIONAL, ...TOO_BASIC, ...AMBIGUOUS, "name"].includes(call));

let made: FilteredPackage | undefined;
after(() => made?.close());

function filteredPackage(): FilteredPackage {
  return (made ??= new FilteredPackage());
}

async function rejection(promise: Promise<unknown>): Promise<ExecutorError> {
  return promise.then(
    (value) => assert.fail(`it was fulfilled with ${JSON.stringify(value)}`),
    (error: unknown) => error as ExecutorError,
  );
}

/** Runs the command line, all of it, under a filter. */
function underFilter(refusal: (typeof REFUSALS)[number], call: string, args: readonly string[]): Promise<CliResult> {
  const [program = "", ...rest] = [...forbid(refusal, call), CLI, ...args];
  return finished(spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"], env: plainEnvironment() }));
}

for (const namespaces of ["mnt", "all"] as const) {
  test(`a step runs without a system call that it can do without (${namespaces})`, async (t) => {
    if (!canRun(t, NEEDS)) return;
    const filtered = filteredPackage();
    const { connect } = await filtered.load();
    await withGuest({ namespaces }, async ({ pid, sharedRoot, containerRoot }) => {
      for (const call of OPTIONAL) {
        for (const refusal of REFUSALS) {
          for (const backend of BACKENDS) {
            const what = `${call} ${refusal} ${backend}`;
            filtered.refuse(refusal, call);
            await using guest = await connect({ pid, sharedRoot, containerRoot, backend });
            const { stdout } = await guest.exec(["echo", "ok"], { reject: true });
            assert.equal(stdout, "ok", what);
            for (const transport of ["memfd", "file"] as const) {
              if (call === "fchown" && transport === "file") continue;
              const script = { script: "echo ok; read line; echo $line", input: "yes\n", transport, reject: true };
              assert.equal((await guest.run(script)).stdout, "ok\nyes", `${what} ${transport}`);
            }
            const inTerminal = await guest.exec(["tty"], { tty: true, reject: true });
            assert.match(inTerminal.stdout ?? "", /^\/dev\/pts\/\d+\r?$/, what);
          }
        }
      }
    });
  });
}

test("a helper that lacks a system call that it needs is not chosen, and the error names the call", async (t) => {
  if (!canRun(t, NEEDS)) return;
  const filtered = filteredPackage();
  const { connect } = await filtered.load();
  await withGuest({ namespaces: "mnt" }, async ({ pid }) => {
    for (const call of needed()) {
      for (const refusal of REFUSALS) {
        filtered.refuse(refusal, call);
        for (const backend of ["native", "helper", "auto"] as const) {
          if (WITHOUT_FFI.has(call) && backend !== "helper") {
            await using guest = await connect({ pid, backend });
            assert.equal((await guest.exec(["echo", "ok"])).stdout, "ok");
            continue;
          }
          const what = `${call} ${refusal} ${backend}`;
          const { code, message, details } = await rejection(connect({ pid, backend }));
          assert.equal(code, "BACKEND_UNAVAILABLE", what);
          assert.match(message, new RegExp(`the kernel or a seccomp filter refuses ${call};`), what);
          assert.match(message, /allow these system calls in the agent's seccomp profile/, what);
          assert.deepEqual(details, { systemCalls: call }, what);
        }
      }
    }
    filtered.refuse("EPERM", "signalfd4");
    await using guest = await connect({ pid, allowDegraded: true });
    assert.equal(guest.backend, "nsenter");
    assert.match(guest.backendReason, /native does not: .* refuses signalfd4; helper does not: .* refuses signalfd4$/);
    for (const refusal of REFUSALS) {
      filtered.refuse(refusal, "write");
      const { code, message } = await rejection(connect({ pid }));
      assert.deepEqual([refusal, code], [refusal, "BACKEND_UNAVAILABLE"]);
      assert.match(message, /native does not: the helper does not run here \(exit status 125\); helper does not: /);
    }
  });
});

test("a step that is refused a call that may be refused for a reason of its own says what it was about", async (t) => {
  if (!canRun(t, NEEDS)) return;
  const filtered = filteredPackage();
  const { connect } = await filtered.load();
  await withGuest({ namespaces: "mnt" }, async ({ pid }) => {
    for (const [call, code, message] of [
      ["setgroups", "PERMISSION_DENIED", /^not permitted to take the container's supplementary groups: the kernel/],
      ["setsid", "ENTRY_FAILED", /could not be entered: session failed with EPERM; .*seccomp/],
    ] as const) {
      filtered.refuse("EPERM", call);
      for (const backend of BACKENDS) {
        await using guest = await connect({ pid, backend });
        const error = await rejection(guest.exec(["echo", "ok"]).then(({ stdout }) => stdout));
        assert.deepEqual([call, backend, error.code], [call, backend, code]);
        assert.match(error.message, message);
      }
    }
  });
});

test("where pidfd_open is refused, the end of the container ends its steps, and only that is said to be one", async (t) => {
  if (!canRun(t, NEEDS)) return;
  const filtered = filteredPackage();
  const { connect } = await filtered.load();
  for (const backend of BACKENDS) {
    filtered.refuse("EPERM", "pidfd_open");
    const throwAway = await makeGuest({ namespaces: "mnt" });
    const { pid } = throwAway;
    try {
      await using guest = await connect({ pid, backend });
      const step = guest.run({ script: "echo started; exec sleep 1000" });
      await once(step.stdout, "data");
      killIfAlive(pid);
      assert.deepEqual([backend, (await rejection(step.then(() => 0))).code], [backend, "CONTAINER_GONE"]);
    } finally {
      await throwAway.close();
    }
  }
});

test("where close_range is refused, a step inherits nothing that the agent's program has open", async (t) => {
  if (!canRun(t, [...NEEDS, "bash"])) return;
  await withGuest({ namespaces: "mnt" }, async ({ pid }) => {
    for (const backend of BACKENDS) {
      // Node makes those close-on-exec that it finds at its start, up to the first gap.
      const args = [
        "exec",
        "--backend",
        backend,
        "--pid",
        String(pid),
        "sh",
        "-c",
        "for fd in 3 50 4000; do ! [ -e /proc/$$/fd/$fd ] || echo $fd; done",
      ];
      const program = ['exec 50</etc/passwd 4000</etc/passwd; exec "$@"', "bash", ...forbid("EPERM", "close_range")];
      const child = spawn("bash", ["-c", ...program, CLI, ...args], {
        stdio: ["ignore", "pipe", "pipe"],
        env: plainEnvironment(),
      });
      const { status, stdout, stderr } = await finished(child);
      assert.deepEqual([status, stdout, stderr], [0, "", ""]);
    }
  });
});

test("the whole command line runs under a filter that refuses a newer system call, and doctor tells of it", async (t) => {
  if (!canRun(t, NEEDS)) return;
  await withGuest({ namespaces: "mnt" }, async ({ pid }) => {
    for (const refusal of REFUSALS) {
      for (const call of ["pidfd_open", "close_range", "statx", "keyctl", "flock", "utimensat"]) {
        for (const backend of BACKENDS) {
          const args = ["exec", "--pid", String(pid), "--backend", backend, "echo", "ok"];
          const { status, stdout, stderr } = await underFilter(refusal, call, args);
          assert.deepEqual([call, refusal, backend, status, stdout, stderr], [call, refusal, backend, 0, "ok\n", ""]);
        }
      }
      // FFI needs it, and Node does not.
      const byHelper = await underFilter(refusal, "waitid", ["exec", "--verbose", "--pid", String(pid), "echo", "ok"]);
      assert.deepEqual([byHelper.status, byHelper.stdout], [0, "ok\n"]);
      assert.match(byHelper.stderr, new RegExp(`by helper \\(.*; native does not: waitid failed: ${refusal}\\)`));
      const { status, stdout } = await underFilter(refusal, "pidfd_open", ["doctor", "--json", "--pid", String(pid)]);
      const { agent, containers } = JSON.parse(stdout) as Report;
      const seccomp = agent.checks.find(({ check }) => check === "seccomp");
      assert.deepEqual([status, seccomp?.status], [0, "degraded"]);
      assert.match(seccomp?.what ?? "", /^a filter, which steps have too; it refuses pidfd_open$/);
      assert.equal(seccomp?.effect, "a step goes on for up to 0.1 s when its container has ended");
      const entry = containers
        .find((container) => container.pid === pid)
        ?.checks.find(({ check }) => check === "entry");
      assert.deepEqual([entry?.status, entry?.what], ["ok", "entered by native"]);
    }
  });
});
