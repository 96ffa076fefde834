import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { SUPERVISED, type Case } from "./case.ts";

/** Where a step runs. */
export const directories: readonly Case[] = [
  {
    name: "by default a step is in the main process's directory",
    async run({ guest, target }) {
      const { stdout } = await guest.run({ script: 'pwd; echo "$PWD"' });
      const home = target.uid === 0 ? "/root" : "/home";
      assert.equal(stdout, `${home}\n${home}`);
    },
  },
  {
    name: "a directory below the shared root is mapped to the container's view",
    async run({ guest, target }) {
      const directory = path.join(target.sharedRoot, "pipelines", "build it");
      mkdirSync(directory, { recursive: true });
      const { stdout } = await guest.run({ script: 'pwd; echo "$PWD"', cwd: directory });
      const theirs = `${target.containerRoot}/pipelines/build it`;
      assert.equal(stdout, `${theirs}\n${theirs}`);
      const root = await guest.run({ script: "pwd", cwd: target.sharedRoot });
      assert.equal(root.stdout, target.containerRoot);
    },
  },
  {
    name: "a path of the container's is taken as it is, a relative one from the main process's directory",
    async run({ guest }) {
      assert.equal((await guest.run({ script: "pwd", cwd: "/usr/bin/.." })).exitCode, 0);
      assert.equal((await guest.run({ script: "pwd -P", cwd: "../tmp" })).stdout, "/tmp");
      assert.equal((await guest.exec(["pwd"], { cwd: "/etc" })).stdout, "/etc");
    },
  },
  {
    name: "a missing directory, a file and a FIFO are errors, at once",
    async run({ guest, target }) {
      writeFileSync(path.join(target.sharedRoot, "file"), "");
      await guest.run({ script: "rm -f /tmp/fifo; mkfifo /tmp/fifo", reject: true });
      for (const cwd of ["/no/such/directory", path.join(target.sharedRoot, "file"), "/tmp/fifo"]) {
        await assert.rejects(guest.run({ script: ":", cwd }), {
          code: "WORKING_DIRECTORY",
          message: /the working directory ".*" .* in the container/,
        });
      }
    },
  },
  {
    name: "a directory that the container's user may not enter is an error",
    backends: SUPERVISED,
    // Root may enter any.
    when: ({ uid }) => uid !== 0,
    async run({ guest, target }) {
      const directory = path.join(target.sharedRoot, "private");
      mkdirSync(directory, { mode: 0o700, recursive: true });
      await assert.rejects(guest.run({ script: ":", cwd: directory }), {
        code: "WORKING_DIRECTORY",
        message: /may not be entered by the container's user/,
      });
    },
  },
  {
    name: "a link to a descriptor of the helper's leads nowhere",
    backends: SUPERVISED,
    async run({ guest }) {
      for (const fd of [3, 4, 6, 7, 8, 9, 10]) {
        await guest.run({ script: `rm -f /tmp/link; ln -s /proc/self/fd/${fd} /tmp/link`, reject: true });
        // Fails on a helper that closes its descriptors only by exec: fd 6 is then the agent's /proc directory.
        await assert.rejects(guest.run({ script: "ls", cwd: "/tmp/link" }), { code: "WORKING_DIRECTORY" });
      }
    },
  },
];
