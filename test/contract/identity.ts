import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { SUPERVISED, type Case } from "./case.ts";

function umaskOf(pid: number): string {
  const umask = /^Umask:\s*0*(\d{3})$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return umask ?? "";
}

/** Who a step is. */
export const identity: readonly Case[] = [
  {
    name: "a step is the container's user, with no capability that its main process lacks",
    backends: SUPERVISED,
    async run({ guest, target }) {
      const { stdout } = await guest.run({
        script: "grep -E '^(Uid|Gid|CapBnd|CapInh|CapAmb|Umask)' /proc/self/status",
      });
      const field = (name: string, text = ""): string =>
        new RegExp(`^${name}:\\s*(.*)$`, "m").exec(text)?.[1] ?? assert.fail(`no ${name} in ${text}`);
      const theirs = readFileSync(`/proc/${target.pid}/status`, "utf8");
      for (const name of ["CapBnd", "CapInh", "CapAmb", "Umask"])
        assert.equal(field(name, stdout), field(name, theirs), name);
      for (const name of ["Uid", "Gid"]) assert.equal(field(name, stdout).split(/\s/)[0], String(target.uid), name);
    },
  },
  {
    name: "a step has its container's user, group and umask, by every backend",
    async run({ guest, target }) {
      const { stdout } = await guest.run({ script: "id -u; id -g; umask" });
      assert.equal(stdout?.replace(/^0+(?=\d{3}$)/m, ""), `${target.uid}\n${target.uid}\n${umaskOf(target.pid)}`);
    },
  },
  {
    name: "a script in a file has the descriptors 0, 1 and 2, and nothing else",
    backends: SUPERVISED,
    async run({ guest }) {
      // The fourth is the directory that ls itself reads.
      const expected = ["0", "1", "2", "3"];
      assert.deepEqual((await guest.exec(["ls", "/proc/self/fd"])).stdout?.split("\n"), expected);
      assert.deepEqual((await guest.run({ script: "exec /bin/ls /proc/self/fd" })).stdout?.split("\n"), expected);
    },
  },
  {
    name: "signals have their default effect",
    backends: SUPERVISED,
    async run({ guest }) {
      const { stdout } = await guest.exec(["cat", "/proc/self/status"]);
      const masks = [...(stdout ?? "").matchAll(/^Sig(?:Blk|Ign|Cgt):\s*([0-9a-f]{16})$/gm)].map(([, mask]) => mask);
      assert.deepEqual(
        masks,
        Array.from({ length: 3 }, () => "0".repeat(16)),
      );
    },
  },
];
