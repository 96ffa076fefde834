import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";

import { connect, ExecutorError, type Step } from "../../src/index.ts";
import { inCgroups } from "../support/cgroups.ts";
import { withGuest } from "../support/contract.ts";
import { helpersOf } from "../support/children.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";

const SUPERVISED = ["native", "helper"] as const;

/** The exit status, or the code of the error. */
async function outcomeOf(step: Step): Promise<number | string | undefined> {
  try {
    return (await step).exitCode;
  } catch (error) {
    if (error instanceof ExecutorError) return error.code;
    throw error;
  }
}

/** The directory that limits the number of processes. */
function pidsLimit(directories: ReadonlyMap<string, string>): string {
  return path.join(directories.get("pids") ?? directories.get("") ?? "", "pids.max");
}

for (const backend of SUPERVISED) {
  test(`${backend}: where the container's user may have no more processes, some steps fail for that and the rest go on`, async (t) => {
    if (!canRun(t, ["root", "unshare", "setpriv", "prlimit"])) return;
    // A user that no other file has: the kernel counts the processes of all of them.
    await withGuest({ namespaces: "mnt", uid: 54_321 }, async ({ pid, sharedRoot, containerRoot }) => {
      // The kernel refuses the first that is over it: of main process and steps, the seventh.
      // As that user, for only CAP_SYS_RESOURCE may limit another's.
      const asUser = ["--reuid=54321", "--regid=54321", "--clear-groups", "prlimit", "--pid", String(pid)];
      assert.equal(spawnSync("setpriv", [...asUser, "--nproc=5"]).status, 0);
      await using guest = await connect({ pid, sharedRoot, containerRoot, backend });
      const steps = Array.from({ length: 12 }, () => guest.run({ script: "read line", stdin: "pipe" }));
      const errors: unknown[] = [];
      for (const step of steps) step.catch((error: unknown) => errors.push(error));
      await until("all but five were refused", () => errors.length === 7);
      for (const error of errors) {
        assert.ok(error instanceof ExecutorError);
        assert.equal(error.code, "RESOURCE_EXHAUSTED");
        assert.match(error.message, /limit of processes is reached/);
      }
      for (const step of steps) step.stdin?.end("go\n");
      const outcomes = await Promise.all(steps.map(outcomeOf));
      assert.equal(outcomes.filter((outcome) => outcome === 0).length, 5);
      assert.equal(await outcomeOf(guest.run({ script: "exit 4" })), 4);
      assert.deepEqual(readdirSync(sharedRoot), []);
    });
  });

  test(`${backend}: an agent that may start no more processes or has no memory left says which, and goes on`, async (t) => {
    if (!canRun(t, ["root", "unshare", "prlimit"])) return;
    await withGuest({ namespaces: "mnt" }, async ({ pid, sharedRoot, containerRoot }) => {
      const program = `
        import { connect } from ${JSON.stringify(path.resolve("dist/index.js"))};
        const guest = await connect(${JSON.stringify({ pid, sharedRoot, containerRoot, backend })});
        process.stdin.on("data", async (chunk) => {
          const say = ({ exitCode, code, message }) => console.log(JSON.stringify(exitCode ?? [code, message]));
          await guest.run({ script: "exit 3" }).then(say, say);
        });
        console.log(JSON.stringify((await guest.run({ script: "exit 5" })).exitCode));`;
      const agent = spawn(process.execPath, ["--input-type=module", "--eval", program], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      const answers = createInterface(agent.stdout)[Symbol.asyncIterator]();
      const next = async (): Promise<unknown> => JSON.parse(String((await answers.next()).value));
      const ask = (): Promise<unknown> => {
        agent.stdin.write("go\n");
        return next();
      };
      try {
        assert.equal(await next(), 5);
        // Where steps are started, not where they are asked for.
        const [resident = 0] = helpersOf(agent.pid ?? 0);
        await inCgroups(resident, async (directories) => {
          writeFileSync(pidsLimit(directories), "1");
          const [code, message] = (await ask()) as [string, string];
          assert.equal(code, "RESOURCE_EXHAUSTED");
          assert.match(message, /limit of processes is reached/);
          writeFileSync(pidsLimit(directories), "max");
          assert.equal(await ask(), 3);
        });
        const limitMemory = (bytes: string): void => {
          assert.equal(spawnSync("prlimit", ["--pid", String(resident), `--as=${bytes}`]).status, 0);
        };
        // Less than it has: whatever needs more memory fails.
        limitMemory("10000:unlimited");
        const [code, message] = (await ask()) as [string, string];
        limitMemory("unlimited:unlimited");
        assert.equal(code, "RESOURCE_EXHAUSTED");
        assert.match(message, /memory ran out/);
        assert.equal(await ask(), 3);
        assert.deepEqual(readdirSync(sharedRoot), []);
      } finally {
        agent.kill("SIGKILL");
        await once(agent, "close");
      }
    });
  });
}
