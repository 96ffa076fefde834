/** That "auto" never takes nsenter by itself, and that what ends or stops a helper started for a trial chooses nothing. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { test } from "node:test";

import type { ConnectOptions, ExecutorError } from "../../src/index.ts";
import { compile } from "../hostile/compile.ts";
import { finished, plainEnvironment } from "../support/cli.ts";
import { withGuest } from "../support/contract.ts";
import { PackageCopy } from "../support/package-copy.ts";
import { canRun } from "../support/require.ts";

const NEEDS = ["cc", "unshare", "nsenter"];

function unwell(how: "SIGKILL" | "SIGSTOP" | "0"): string {
  return compile("../support/unwell.c", `unwell-${how}`, [`-DHOW=${how}`, "-static"]);
}

async function withCopy(
  helper: string | undefined,
  hasFfi: boolean,
  body: (copy: PackageCopy) => Promise<void>,
): Promise<void> {
  const copy = new PackageCopy(helper, hasFfi);
  try {
    await body(copy);
  } finally {
    copy.close();
  }
}

/** What connecting says, or which backend it took. */
async function connected(copy: PackageCopy, options: ConnectOptions): Promise<ExecutorError | string> {
  const { connect, ExecutorError } = await copy.load();
  try {
    await using guest = await connect(options);
    return guest.backend;
  } catch (error) {
    if (error instanceof ExecutorError) return error;
    throw error;
  }
}

test("a helper that is killed or stopped in its trial is an error, and nothing else is tried", async (t) => {
  if (!canRun(t, NEEDS)) return;
  await withGuest({ namespaces: "mnt", userNamespace: false }, async ({ pid, sharedRoot, containerRoot }) => {
    const attempts = [true, false].flatMap((hasFfi) =>
      (
        [
          ["SIGKILL", /^the helper, started for a trial, was ended by SIGKILL; look for what ended it/],
          [
            "SIGSTOP",
            /^the helper, started for a trial, did not end within 5 s, and was killed; look for what stopped it/,
          ],
        ] as const
      ).map(async ([how, message]) =>
        withCopy(unwell(how), hasFfi, async (copy) => {
          const backend = hasFfi ? "native" : "helper";
          const choices =
            how === "SIGSTOP" ? [{ allowDegraded: true }] : ([{}, { allowDegraded: true }, { backend }] as const);
          for (const choice of choices) {
            const told = await connected(copy, { pid, sharedRoot, containerRoot, ...choice });
            const what = JSON.stringify({ how, hasFfi, choice });
            assert.ok(typeof told !== "string", `${what} took ${String(told)}`);
            assert.deepEqual([told.code, told.details], ["HELPER_LOST", { stage: "trial" }], what);
            assert.match(told.message, message, what);
          }
        }),
      ),
    );
    await Promise.all(attempts);
  });
});

test("where no other backend works, nsenter is taken by name or with allowDegraded only, and the error says what each lacked", async (t) => {
  if (!canRun(t, NEEDS)) return;
  await withGuest({ namespaces: "mnt", userNamespace: false }, async ({ pid }) => {
    for (const [helper, why] of [
      [undefined, "the native helper was not built for \\w+ \\(npm run build, with a C compiler\\)"],
      [unwell("0"), "the helper does not run here \\(exit status 3\\)"],
    ] as const) {
      for (const hasFfi of [true, false]) {
        await withCopy(helper, hasFfi, async (copy) => {
          const native = hasFfi || helper === undefined ? why : "Cannot find package 'koffi' .*";
          const told = await connected(copy, { pid });
          assert.ok(typeof told !== "string", `took ${String(told)}`);
          assert.equal(told.code, "BACKEND_UNAVAILABLE");
          assert.match(
            told.message,
            new RegExp(
              `^no backend works here: native does not: ${native}; helper does not: ${why}; fix one of them, or set allowDegraded \\(--allow-degraded\\) to let steps go through nsenter, where they keep the agent's privileges$`,
            ),
          );
          assert.equal(
            await connected(copy, { pid, allowDegraded: false, backend: "auto" }).then(String),
            String(told),
          );
          assert.equal(await connected(copy, { pid, allowDegraded: true }), "nsenter");
          assert.equal(await connected(copy, { pid, backend: "nsenter" }), "nsenter");
          const byName = await connected(copy, { pid, backend: "helper", allowDegraded: true });
          assert.match(
            String(byName),
            /no backend works here: helper does not: .*; fix that, or use the backend "auto"$/,
          );
        });
      }
    }
  });
});

test("allowDegraded is a boolean", async (t) => {
  if (!canRun(t, NEEDS)) return;
  await withCopy(undefined, true, async (copy) => {
    const told = await connected(copy, { pid: 1, allowDegraded: "yes" as unknown as boolean });
    assert.ok(typeof told !== "string");
    assert.deepEqual(
      [told.code, told.message],
      ["INVALID_OPTION", "the option allowDegraded is of type string; give a boolean"],
    );
  });
});

test("--allow-degraded on the command line, a worker's too, and what goes through nsenter is told", async (t) => {
  if (!canRun(t, NEEDS)) return;
  await withGuest({ namespaces: "mnt", userNamespace: false }, async ({ pid }) => {
    await withCopy(unwell("0"), true, async ({ directory }) => {
      const run = (args: readonly string[], input = "") => {
        const program = path.join(directory, "dist/cli/k8s-executor");
        const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: plainEnvironment() });
        child.stdin.end(input);
        return finished(child);
      };
      const where = ["--pid", String(pid)];
      const refused = await run(["exec", ...where, "echo", "ok"]);
      assert.deepEqual([refused.status, refused.stdout], [125, ""]);
      assert.match(refused.stderr, /^k8s-executor: no backend works here: .*\(--allow-degraded\)/);
      const warning =
        /warning: the script keeps the agent's capabilities, for it goes through nsenter: .*exit status 3/;
      const allowed = await run(["exec", "--allow-degraded", ...where, "echo", "ok"]);
      assert.deepEqual([allowed.status, allowed.stdout], [0, "ok\n"]);
      assert.match(allowed.stderr, warning);
      const byName = await run(["exec", "--backend", "nsenter", ...where, "echo", "ok"]);
      assert.deepEqual(byName, { status: 0, signal: null, stdout: "ok\n", stderr: "" });
      const body = { config: { script: { value: "echo ok" } }, context: {} };
      const request = `${JSON.stringify({ id: 1, request: "execute", body })}\n`;
      const task = await run(["worker", ...where], request);
      assert.match(task.stdout, /"success":false,"message":"no backend works here: [^\n]*allowDegraded/);
      const degraded = await run(["worker", "--allow-degraded", ...where], request);
      assert.match(degraded.stdout, warning);
      assert.match(degraded.stdout, /"success":true/);
    });
  });
});
