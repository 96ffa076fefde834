import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";

import { connect, type Guest } from "../../src/index.ts";
import { examined } from "../doctor/run-doctor.ts";
import { killIfAlive } from "../support/children.ts";
import { cli } from "../support/cli.ts";
import { BACKENDS } from "../support/contract.ts";
import { canRun } from "../support/require.ts";

const NEEDS = ["root", "unshare", "setpriv"];
/** What a shell and any other program take for the directory they are in. */
const WHERE = ["sh", "-c", 'pwd; exec env | sed -n "s/^PWD=//p"'];

/** A container whose main process is in a directory of ours, which it has at the same path. */
async function inDirectory(
  name: string,
  body: (directory: string, pid: number) => Promise<void>,
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const place = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-cwd-"));
  chmodSync(place, 0o755);
  const directory = path.join(place, name);
  mkdirSync(directory);
  const child = spawn("unshare", ["--mount", "sh", "-c", "echo ready; exec sleep infinity"], {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(child.stdout, "data");
    await body(directory, child.pid as number);
  } finally {
    const exited = once(child, "exit");
    killIfAlive(child.pid as number);
    await exited;
    rmSync(place, { recursive: true, force: true });
  }
}

async function withEach(pid: number, body: (guest: Guest) => Promise<void>, config?: string): Promise<void> {
  for (const backend of BACKENDS) {
    await using guest = await connect({ pid, backend, config });
    await body(guest);
  }
}

test("a main process whose directory was deleted: steps run in /, and say so", async (t) => {
  if (!canRun(t, NEEDS)) return;
  await inDirectory("work", async (directory, pid) => {
    // Once it is deleted while guests are connected, and once before.
    const check = async (guest: Guest): Promise<void> => {
      const step = guest.exec(WHERE);
      const { stdout, exitCode, warnings } = await step;
      assert.deepEqual([stdout, exitCode, warnings.length], ["/\n/", 0, 1]);
      const why = guest.backend === "nsenter" ? "cannot be entered" : "does not exist";
      const whose = "the working directory of the container's main process";
      assert.equal(warnings[0], `${whose}, ${JSON.stringify(directory)}, ${why}; the step ran in /`);
      // What somebody asked for is another matter, also relative to that directory.
      for (const cwd of [directory, "sub", "."]) {
        await assert.rejects(guest.exec(["true"], { cwd }), {
          code: "WORKING_DIRECTORY",
          message: new RegExp(`^the working directory "${directory}/?(sub)?" `),
        });
      }
      const own = await guest.exec(WHERE, { env: { PWD: "/mine" }, cwd: "/etc" });
      assert.deepEqual([own.stdout?.split("\n")[0], own.warnings], ["/etc", []]);
    };
    await withEach(pid, async (guest) => {
      rmdirSync(directory);
      await check(guest);
      mkdirSync(directory);
    });
    rmdirSync(directory);
    await withEach(pid, check);
    const { stdout, stderr, status } = await cli(["exec", "--pid", String(pid), "--", "pwd"], { cwd: "/" });
    assert.deepEqual([stdout, status], ["/\n", 0]);
    assert.match(stderr, /^k8s-executor: warning: the working directory .* does not exist; the step ran in \/\n$/);
    const { status: found, what } = (await examined(["--pid", String(pid)])).finding("entry");
    assert.equal(found, "degraded");
    assert.match(what, /the working directory .* does not exist; the step ran in \/$/);
  });
});

test("where the deleted directory was made again, steps are in the new one, as those of a runtime's exec", async (t) => {
  if (!canRun(t, NEEDS)) return;
  // Its name alone does not tell that a directory was deleted.
  for (const name of ["work", "work (deleted)"]) {
    await inDirectory(name, async (directory, pid) => {
      const check = async (guest: Guest): Promise<void> => {
        const { stdout, warnings } = await guest.exec(["pwd"]);
        assert.deepEqual([stdout, warnings], [directory, []]);
      };
      await withEach(pid, check);
      rmdirSync(directory);
      mkdirSync(directory);
      await withEach(pid, check);
    });
  }
});

test("a directory that the step's user may not enter: the step runs in /, unless it was asked for", async (t) => {
  if (!canRun(t, NEEDS)) return;
  await inDirectory("private", async (directory, pid) => {
    chmodSync(directory, 0o700);
    const config = path.join(directory, "k8s-executor.json");
    writeFileSync(config, JSON.stringify({ containers: { maven: { cwd: directory } } }));
    const user = "1000:1000";
    await withEach(pid, async (guest) => {
      const { stdout, warnings } = await guest.exec(WHERE, { user });
      assert.equal(stdout, "/\n/");
      const why = guest.backend === "nsenter" ? "cannot be entered" : "may not be entered by the container's user";
      assert.deepEqual(
        warnings.map((warning) => warning.slice(warning.indexOf(", "))),
        [`, ${JSON.stringify(directory)}, ${why}; the step ran in /`],
      );
      await assert.rejects(guest.exec(WHERE, { user, cwd: directory }), { code: "WORKING_DIRECTORY" });
      assert.equal((await guest.exec(["pwd"])).stdout, directory);
    });
  });
});

test("a default of the configuration or of the container's own was asked for", async (t) => {
  if (!canRun(t, NEEDS)) return;
  const name = { K8S_EXECUTOR_CONTAINER: "maven" };
  await inDirectory(
    "work",
    async (directory, pid) => {
      const config = path.join(directory, "k8s-executor.json");
      writeFileSync(config, JSON.stringify({ containers: { maven: { cwd: "/no/such" } } }));
      await withEach(
        pid,
        async (guest) => {
          await assert.rejects(guest.exec(["true"]), { code: "WORKING_DIRECTORY", message: /"\/no\/such"/ });
        },
        config,
      );
    },
    name,
  );
  await inDirectory(
    "work",
    async (_, pid) => {
      await withEach(pid, async (guest) => {
        await assert.rejects(guest.exec(["true"]), { code: "WORKING_DIRECTORY", message: /"\/none"/ });
      });
    },
    { ...name, K8S_EXECUTOR_CWD: "/none" },
  );
});
