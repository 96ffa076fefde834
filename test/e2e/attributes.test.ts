import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { ATTRIBUTES, parseAffinity, readForeignAttributes } from "../../src/container/attributes.ts";
import { accessProc } from "../../src/system/index.ts";
import type { StepResult } from "../../src/index.ts";
import { compile } from "../hostile/compile.ts";
import { CLI, finished, plainEnvironment } from "../support/cli.ts";
import { withGuest } from "../support/contract.ts";
import { canRun } from "../support/require.ts";

const NEEDS = ["cc", "unshare", "nice", "chrt", "taskset", "ionice", "setpriv", "root"];
const UNLIKE = fileURLToPath(new URL("../guests/unlike.c", import.meta.url));
/** What the agent is run with, so that nothing of it is as in the guest. */
const OTHERWISE = ["nice", "-n", "5", "chrt", "--batch", "0", "taskset", "-c", "0", "ionice", "-c", "3"];
/** Shows what a process has, as files of its own /proc directory. */
const FILES = ["stat", "status", "timerslack_ns", "personality", "coredump_filter"];
const SHOW = `for file in ${FILES.join(" ")}; do echo "== $file"; cat /proc/self/$file; done; echo "== io"; ionice -p $$`;

function show(pid: number): string {
  const files = FILES.map((file) => `== ${file}\n${readFileSync(`/proc/${pid}/${file}`, "latin1")}`);
  return [...files, "== io\n", execFileSync("ionice", ["-p", String(pid)], { encoding: "utf8" })].join("");
}

function parse(shown: string): Record<string, string | undefined> {
  const file = (name: string): string => new RegExp(`^== ${name}\n([^=]*)`, "m").exec(shown)?.[1]?.trim() ?? "";
  const stat = file("stat");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const line = (name: string): string | undefined => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(shown)?.[1];
  return {
    nice: fields[16],
    priority: fields[37],
    policy: fields[38],
    affinity: line("Cpus_allowed"),
    hugePages: line("THP_enabled"),
    timerSlack: file("timerslack_ns"),
    personality: file("personality"),
    coredumpFilter: file("coredump_filter"),
    io: file("io"),
  };
}

/** Runs the command line as an agent that has all of it otherwise. Answers the result, and what its step showed. */
async function runUnlike(
  pid: number,
  backend: string,
  before: readonly string[] = [],
): Promise<{ result: StepResult; shown: string }> {
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-attributes-"));
  try {
    const json = path.join(directory, "result");
    const cli = [CLI, "exec", "--pid", String(pid), "--backend", backend, `--json=${json}`, "sh", "-c", SHOW];
    const unlike = compile(UNLIKE, "unlike", []);
    const child = spawn(unlike, [...OTHERWISE, ...before, ...cli], { env: plainEnvironment() });
    const { status, stdout, stderr } = await finished(child);
    assert.equal(status, 0, stderr);
    return { result: JSON.parse(readFileSync(json, "utf8")) as StepResult, shown: stdout };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

for (const namespaces of ["all", "mnt"] as const) {
  test(`namespaces ${namespaces}: a step is scheduled, and all else, as its container's main process`, async (t) => {
    if (!canRun(t, NEEDS)) return;
    await withGuest({ namespaces }, async ({ pid }) => {
      for (const backend of ["native", "helper"]) {
        const { result, shown } = await runUnlike(pid, backend);
        assert.deepEqual(parse(shown), parse(show(pid)), backend);
        const told = result.limitations.filter((text) => ATTRIBUTES.some((name) => text.includes(name)));
        assert.deepEqual(told, []);
      }
    });
  });
}

test("what the agent lacks privilege for is a limitation", async (t) => {
  if (!canRun(t, NEEDS)) return;
  await withGuest({ namespaces: "mnt" }, async ({ pid }) => {
    const without = ["setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"];
    for (const backend of ["native", "helper"]) {
      const { result, shown } = await runUnlike(pid, backend, without);
      const { nice, policy, affinity } = parse(shown);
      const main = parse(show(pid));
      assert.deepEqual([nice, policy, affinity], ["5", main["policy"], main["affinity"]], backend);
      assert.ok(result.limitations.includes("the container's nice value was not taken over (CAP_SYS_NICE is missing)"));
      // Only CAP_SYS_NICE may read another process's.
      assert.ok(
        result.limitations.includes("the step kept the agent's timer slack, for the container's cannot be read"),
        result.limitations.join("\n"),
      );
    }
  });
});

test("nsenter takes over none of it, and says so", async (t) => {
  if (!canRun(t, NEEDS)) return;
  await withGuest({ namespaces: "mnt" }, async ({ pid }) => {
    const { result, shown } = await runUnlike(pid, "nsenter");
    assert.equal(parse(shown)["nice"], "5");
    for (const name of ["nice value", "scheduling policy", "timer slack", "personality", "coredump_filter"])
      assert.ok(result.limitations.includes(`the container's ${name} is not taken over`), name);
  });
});

test("of a process that has what we have, nothing is taken over", () => {
  assert.deepEqual(readForeignAttributes(accessProc(), "/proc/self"), { values: [], affinity: [], unknown: [] });
});

test("an affinity is as many numbers as it takes", () => {
  assert.deepEqual(parseAffinity("3"), [3n]);
  assert.deepEqual(parseAffinity("1,00000000,80000001"), [0x80000001n, 1n]);
  assert.deepEqual(parseAffinity(""), []);
});
