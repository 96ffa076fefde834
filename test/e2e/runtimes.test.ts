import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";

import { withGuest } from "../support/contract.ts";
import { deno, REPOSITORY } from "../support/programs.ts";
import { canRun } from "../support/require.ts";

test("under Deno without --allow-ffi, steps go through nsenter where that is allowed, and the reason is told", async (t) => {
  if (!canRun(t, ["unshare", "nsenter", "deno"])) return;
  await withGuest({}, async ({ pid, sharedRoot, containerRoot }) => {
    const program = `import { connect } from "${REPOSITORY}/src/index.ts";
      const target = ${JSON.stringify({ pid, sharedRoot, containerRoot })};
      await connect(target).catch(({ code, message }) => console.log(code, /allowDegraded/.test(message)));
      const guest = await connect({ ...target, allowDegraded: true });
      const { stdout, backend } = await guest.run({ script: "echo $GUEST $JOB; dirname $0", env: { JOB: "job" } });
      console.log(JSON.stringify({ stdout, backend, reason: guest.backendReason }));
      for (const backend of ["native", "helper"]) await connect({ ...target, backend }).catch((e) => console.log(e.code));`;
    // What README.md tells users of Deno to allow at the least.
    const permissions = ["--allow-read", "--allow-write", "--allow-run", "--allow-env", "--allow-sys"];
    const output = execFileSync(deno(), ["run", "--no-prompt", ...permissions, "-"], {
      cwd: REPOSITORY,
      input: program,
      encoding: "utf8",
    });
    const [refused, line = "", ...codes] = output.trim().split("\n");
    const { stdout, backend, reason } = JSON.parse(line) as Record<string, string>;
    assert.equal(refused, "BACKEND_UNAVAILABLE true");
    assert.deepEqual([stdout, backend], ["yes job\n/work", "nsenter"]);
    assert.deepEqual(codes, ["BACKEND_UNAVAILABLE", "BACKEND_UNAVAILABLE"]);
    assert.match(reason ?? "", /native does not: .*; helper does not: .*allow-all/);
    assert.deepEqual(readdirSync(sharedRoot), []);
  });
});

test("without koffi, steps go through the helper, and without the helper through nothing but what is allowed", async (t) => {
  if (!canRun(t, ["unshare", "nsenter"])) return;
  const copy = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-package-"));
  try {
    cpSync(path.join(REPOSITORY, "dist"), path.join(copy, "dist"), { recursive: true });
    cpSync(path.join(REPOSITORY, "native/build"), path.join(copy, "native/build"), { recursive: true });
    cpSync(path.join(REPOSITORY, "node_modules/uuid"), path.join(copy, "node_modules/uuid"), { recursive: true });
    writeFileSync(path.join(copy, "package.json"), '{ "type": "module" }');
    await withGuest({}, async ({ pid }) => {
      const program = `const { connect } = await import("${copy}/dist/index.js");
        const guest = await connect({ pid: ${pid}, allowDegraded: process.argv.includes("degraded") });
        console.log((await guest.exec(["echo", "hello"])).stdout, guest.backend, guest.backendReason);`;
      const run = (...args: string[]): string =>
        execFileSync(process.execPath, ["--input-type=module", "--eval", program, ...args], {
          encoding: "utf8",
          stdio: ["ignore", "pipe", "pipe"],
        });
      assert.match(run(), /^hello helper the first that works here; native does not: .*koffi/);
      rmSync(path.join(copy, "native"), { recursive: true });
      assert.throws(() => run(), /BACKEND_UNAVAILABLE/);
      assert.match(
        run("degraded"),
        /^hello nsenter .*native does not: the native helper was not built.*helper does not: /,
      );
    });
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test("without a C compiler the build says so in one line, and succeeds", () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", path.join(REPOSITORY, "native/build.ts")],
    { encoding: "utf8", cwd: REPOSITORY, env: { PATH: "/nonexistent", CC: "none", HOME: "/tmp" } },
  );
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^no C compiler found, so the native helper is not built[^\n]*\n$/);
});
