import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { mustFail } from "./alive.ts";
import { SUPERVISED, type HostileCase } from "./case.ts";
import { ATTACK, withHostileGuest } from "./hostile-guest.ts";

const MAKE: Readonly<Record<string, (file: string) => void>> = {
  "a FIFO": (file) => void execFileSync("mkfifo", ["-m", "666", file]),
  "a directory": (file) => mkdirSync(file),
  "a file": (file) => writeFileSync(file, "x".repeat(1000)),
  "a loop": (file) => symlinkSync("ptmx", file),
  "the null device": (file) => symlinkSync("null", file),
  "a slave of a terminal": (file) => symlinkSync("/dev/tty", file),
  "a descriptor on the way in": (file) => symlinkSync("/proc/self/fd/1", file),
  nothing: () => undefined,
};

/** What stands in the place of the terminals' multiplexer is the guest's to choose. */
export const oddTerminals: HostileCase = {
  name: "odd-terminals",
  needs: ["root", "cc", "unshare", "setpriv", "mkfifo"],
  run: () =>
    withHostileGuest({}, async (target) => {
      const file = path.join(target.root, "dev/ptmx");
      for (const [what, make] of Object.entries(MAKE)) {
        rmSync(file, { recursive: true, force: true });
        make(file);
        for (const backend of SUPERVISED) {
          const guest = await target.connect(backend);
          const limits = { timeout: 3000, forceKillAfterDelay: 100 };
          const step = guest.exec([ATTACK, "where"], { tty: true, input: "typed\n", ...limits });
          await mustFail(`${backend}, a terminal that is ${what}`, step, "ENTRY_FAILED");
        }
      }
    }),
};
