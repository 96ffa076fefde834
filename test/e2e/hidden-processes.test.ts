import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { procMountOptions } from "../../src/container/index.ts";
import type { Finding, Report } from "../../src/doctor/index.ts";
import { REPOSITORY } from "../support/programs.ts";
import type { Learnt } from "../support/hidden-steps.ts";
import { canRun } from "../support/require.ts";

/** The mount option, and what the kernel calls it. A group of its own, for the default one is root's. */
const WAYS: readonly (readonly [option: string, shown: string])[] = [
  ["hidepid=1,gid=4242", "noaccess"],
  ["hidepid=2,gid=4242", "invisible"],
  ["hidepid=4", "ptraceable"],
];

/** Runs a program of Node's in a process namespace whose /proc hides what is another user's, as root without SYS_PTRACE. */
async function runHidden(option: string, ...program: string[]): Promise<string> {
  const without = ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"];
  // The sh stays as init, to reap what becomes an orphan: a container's init cannot end before.
  const script = 'mount -o "remount,$1" proc /proc && shift && "$@"; exit $?';
  const hide = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script, "sh", option];
  const { stdout } = await promisify(execFile)("unshare", [...hide, ...without, process.execPath, ...program]).catch(
    (error: { code?: unknown; stdout?: string }) => {
      // doctor's own exit status
      if (error.code === 1 && error.stdout) return { stdout: error.stdout };
      throw error;
    },
  );
  return stdout;
}

for (const [option, shown] of WAYS) {
  test(`what a step leaves is found or said to be unknown where /proc is mounted with ${option}`, async (t) => {
    if (!canRun(t, ["unshare", "setpriv", "root"])) return;
    const program = path.join(REPOSITORY, "test/support/hidden-steps.ts");
    const learnt = JSON.parse(await runHidden(option, "--import", "tsx", program)) as Learnt[];
    assert.equal(learnt.length, 6);
    for (const { limitations, ...its } of learnt) {
      const { namespaces, backend } = its;
      const isSupervised = backend !== "nsenter";
      assert.deepEqual(its, {
        namespaces,
        backend,
        nothing: isSupervised ? 0 : null,
        daemon: isSupervised ? 1 : null,
        background: null,
        containers: 1,
        // nsenter finds what left the group by /proc only.
        canceled: {
          outcome: "canceled",
          left: isSupervised ? 0 : null,
          child: isSupervised ? "gone" : "alive",
        },
        killLeftovers: "PERMISSION_DENIED",
      });
      const reason = isSupervised
        ? `what the step left in the background cannot be counted (/proc hides processes, hidepid=${shown})`
        : "/proc hides processes: what leaves the process group is not ended";
      assert.ok(limitations.includes(reason), limitations.join("\n"));
    }
  });
}

test("doctor says that /proc hides processes, and what to add", async (t) => {
  if (!canRun(t, ["unshare", "setpriv", "root"])) return;
  const doctor = [path.join(REPOSITORY, "dist/cli/main.js"), "doctor", "--json"];
  const findings = ({ agent }: Report): Finding[] => agent.checks.filter(({ check }) => check === "proc");
  const [hidden, ...others] = findings(JSON.parse(await runHidden("hidepid=2,gid=4242", ...doctor)) as Report);
  assert.equal(others.length, 0);
  assert.deepEqual(
    [hidden?.status, hidden?.what],
    ["degraded", "/proc hides processes from this one (hidepid=invisible)"],
  );
  assert.match(hidden?.mend?.yaml ?? "", /- SYS_PTRACE$/m);
  // Root's group is the one that everything is shown to.
  assert.deepEqual(findings(JSON.parse(await runHidden("hidepid=2", ...doctor)) as Report), []);
  assert.deepEqual(findings(JSON.parse(await runHidden("hidepid=off", ...doctor)) as Report), []);
});

test("the options of /proc are those of the last one that was mounted there", () => {
  const line = (at: string, options: string): string => `22 27 0:21 / ${at} rw,nosuid shared:5 - proc proc ${options}`;
  const options = procMountOptions(
    [line("/proc", "rw"), line("/proc", "rw,gid=7,hidepid=invisible"), line("/p", "rw,hidepid=1")].join("\n"),
  );
  assert.deepEqual([options.get("hidepid"), options.get("gid")], ["invisible", "7"]);
  assert.equal(procMountOptions("").get("hidepid"), undefined);
});
