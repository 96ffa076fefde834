import assert from "node:assert/strict";
import { test } from "node:test";

import {
  buildMeasured,
  compilePrograms,
  describeRuntime,
  MeasuredPlace,
  measureIn,
} from "../../bench/machine/index.ts";
import type { ContenderName, Group, Task } from "../../bench/measured/index.ts";
import { median, present, quantile } from "../../bench/report/index.ts";
import { REPOSITORY } from "../support/programs.ts";
import { canRun } from "../support/require.ts";

const CASE = "exec true";
const CONTENDERS: readonly ContenderName[] = ["native", "nsenter", "spawn"];
const RUNS = 3;
/** The share of the samples that lies below the one that is compared: what else the machine does only makes them longer. */
const UNDISTURBED = 0.1;

/**
 * What native may take of the time of each other one. Far above what it does take (`npm run bench`), for the machine may
 * be loaded; and below what it would take through child_process.
 */
const LIMITS = [
  { scenario: "startup", heldMB: 0, rounds: 100, nsenter: 0.6, spawn: 1.25 },
  { scenario: "held", heldMB: 500, rounds: 20, nsenter: 0.25, spawn: 0.3 },
] as const;

function timeOf({ series }: Group, contender: ContenderName): number {
  return quantile(
    series.filter((one) => one.contender === contender).flatMap((one) => present(one)),
    UNDISTURBED,
  );
}

test("native starts a program in a fraction of nsenter's time, and of Node's own without a container", async (t) => {
  if (!canRun(t, ["unshare", "nsenter", "busybox", "cc"])) return;
  const program = buildMeasured();
  const programs = compilePrograms();
  const runtime = describeRuntime(process.execPath);
  const place = await MeasuredPlace.make("mnt", CONTENDERS, programs);
  try {
    for (const { scenario, heldMB, rounds, ...limits } of LIMITS) {
      const task: Task = {
        ...place.target,
        scenario,
        repository: REPOSITORY,
        rounds,
        isQuick: false,
        heldMB: [heldMB],
        contenders: CONTENDERS,
        cases: [CASE],
        programs,
        scratch: programs.directory,
        nsenterOptions: [],
      };
      const ratios = { nsenter: [] as number[], spawn: [] as number[] };
      for (let run = 0; run < RUNS; run++) {
        const [group, ...others] = await measureIn(runtime, program, task);
        assert.ok(group && others.length === 0);
        assert.deepEqual(group.missing, []);
        for (const name of ["nsenter", "spawn"] as const) {
          ratios[name].push(timeOf(group, "native") / timeOf(group, name));
        }
      }
      for (const name of ["nsenter", "spawn"] as const) {
        const found = median(ratios[name]);
        t.diagnostic(`${heldMB} MB held: native / ${name} ${ratios[name].map((one) => one.toFixed(3)).join(", ")}`);
        assert.ok(found <= limits[name], `${heldMB} MB held: native / ${name} is ${found}, above ${limits[name]}`);
      }
    }
  } finally {
    await place.close();
    programs.close();
  }
});
