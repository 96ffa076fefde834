import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { connect, type Guest } from "../../src/index.ts";
import { examined } from "../doctor/run-doctor.ts";
import { cli } from "../support/cli.ts";
import { BACKENDS, withGuest } from "../support/contract.ts";
import { refusingVolume, type RefusingVolume } from "../support/refusing-volume.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";

const NEEDS = ["root", "unshare", "setpriv", "bindfs"];
/** All that a volume without owners and modes may refuse. */
const REFUSALS = [["--chown-deny"], ["--chown-deny", "--chgrp-deny", "--chmod-deny"]];

async function withVolume(
  refusals: readonly string[],
  uid: number,
  body: (guest: Guest, volume: RefusingVolume) => Promise<void>,
): Promise<void> {
  const volume = await refusingVolume(refusals, uid);
  try {
    for (const backend of BACKENDS) {
      await using guest = await connect({ pid: volume.pid, sharedRoot: volume.directory, backend });
      await body(guest, volume);
      // FUSE keeps what is removed under another name until all have closed it.
      await until("the script is gone", () => readdirSync(volume.directory).length === 0);
    }
  } finally {
    await volume.close();
  }
}

test("a volume that refuses chown and chmod is no failure where the step can read its script", async (t) => {
  if (!canRun(t, NEEDS)) return;
  for (const refusals of REFUSALS) {
    await withVolume(refusals, 0, async (guest, { directory }) => {
      const { stdout, warnings } = await guest.run({ script: 'echo "$0"', cwd: "/", transport: "file" });
      assert.deepEqual([path.dirname(stdout ?? ""), warnings], [directory, []]);
    });
  }
  // As NFS does with root_squash: what root makes is another's.
  const squash = ["--chown-deny", "--chgrp-deny", "--create-for-user=1000", "--create-for-group=1000"];
  for (const uid of [0, 1000]) {
    await withVolume(squash, uid, async (guest, { directory }) => {
      const { stdout, warnings } = await guest.run({ script: 'echo "$0"', cwd: "/", transport: "file" });
      assert.deepEqual([path.dirname(stdout ?? ""), warnings], [directory, []]);
    });
  }
});

test("a script that the volume does not give to the step's user travels in memory, unless a file was asked for", async (t) => {
  if (!canRun(t, NEEDS)) return;
  await withVolume(["--chown-deny"], 1000, async (guest) => {
    const { stdout, warnings } = await guest.run({ script: 'echo "$0"; id -u', cwd: "/" });
    assert.equal(stdout, "/dev/fd/3\n1000");
    assert.deepEqual(warnings, [
      "the shared volume refuses to give files to the user 1000:1000 (EPERM), who cannot read the script file; the script ran from memory, as /dev/fd/3",
    ]);
    await assert.rejects(guest.run({ script: ":", cwd: "/", transport: "file" }), {
      code: "SHARED_ROOT",
      message:
        /^the user 1000:1000 cannot read the script \/\S+\.sh in .*: the shared volume refuses to give the file to it \(EPERM\)/,
      remedy: 'use the transport "memfd", or run the agent as that user',
    });
  });
});

test("the command line and doctor say so, too", async (t) => {
  if (!canRun(t, NEEDS)) return;
  const volume = await refusingVolume(["--chown-deny"], 1000);
  try {
    const options = ["--pid", String(volume.pid), "--shared-root", volume.directory, "--cwd", "/"];
    const { stdout, stderr, status } = await cli(["run", ...options, "--script", "echo ok"]);
    assert.deepEqual([stdout, status], ["ok\n", 0]);
    assert.match(
      stderr,
      /^k8s-executor: warning: the shared volume refuses to give files to the user 1000:1000 \(EPERM\)/,
    );
    const { status: found, what, mend } = (await examined(options.slice(0, 4))).finding("shared-root");
    assert.equal(found, "degraded");
    assert.match(what, /refuses to give files to the user 1000:1000/);
    assert.equal(mend?.yaml, undefined);
  } finally {
    await volume.close();
  }
});

test("a directory that keeps the step's user from its script is named, and no container root is blamed", async (t) => {
  if (!canRun(t, NEEDS)) return;
  await withGuest({ namespaces: "mnt" }, async ({ pid, sharedRoot, containerRoot }) => {
    const below = path.join(sharedRoot, "closed");
    mkdirSync(below);
    chmodSync(below, 0o750);
    for (const backend of BACKENDS) {
      await using guest = await connect({ pid, backend, sharedRoot: below, containerRoot: `${containerRoot}/closed` });
      await assert.rejects(guest.run({ script: ":", cwd: "/", user: "1000:1000" }), {
        code: "SHARED_ROOT",
        message: new RegExp(
          `^the user 1000:1000 cannot read the script ${containerRoot}/closed/\\S+\\.sh in the container of process ${pid}: ` +
            `it may not enter the directory "${containerRoot}/closed" \\(mode 0750, owner 0:0\\)`,
        ),
        remedy: 'let that user enter the directory, or use the transport "memfd"',
      });
      assert.deepEqual(readdirSync(below), []);
    }
  });
});
