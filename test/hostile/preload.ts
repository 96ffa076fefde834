import { chmodSync, copyFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Step } from "../../src/index.ts";
import { describe, outcomeOf } from "./alive.ts";
import { boundingSetOf, requireWithin } from "./capabilities.ts";
import { SUPERVISED, type HostileCase } from "./case.ts";
import { compile } from "./compile.ts";
import { withHostileGuest } from "./hostile-guest.ts";

const ENV = { LD_PRELOAD: "/work/libnss_evil.so.2", LD_LIBRARY_PATH: "/work", LD_AUDIT: "/work/libnss_evil.so.2" };

/** A guest's own code in every program that loads libraries, by each way there is: it must never have power to abuse. */
export const preload: HostileCase = {
  name: "preload",
  needs: ["root", "cc", "unshare", "setpriv"],
  async run() {
    for (const uid of [0, 1000]) {
      await withHostileGuest({ uid, env: ENV }, async (target) => {
        const log = path.join(target.sharedRoot, "log");
        writeFileSync(log, "");
        chmodSync(log, 0o666);
        const library = path.join(target.sharedRoot, "libnss_evil.so.2");
        copyFileSync(compile("preload.c", "preload.so", ["-shared", "-fPIC", '-DLOG="/work/log"']), library);
        writeFileSync(`${target.root}/etc/ld.so.preload`, "/work/libnss_evil.so.2\n");
        writeFileSync(`${target.root}/etc/nsswitch.conf`, "passwd: evil\ngroup: evil\n");
        // One in which the library was not loaded would prove nothing.
        const mustLoad = async (what: string, start: () => Step): Promise<void> => {
          const { size } = statSync(log);
          const outcome = await outcomeOf(what, start());
          if (statSync(log).size === size) throw new Error(`${what} did not load the library: ${describe(outcome)}`);
        };
        for (const backend of SUPERVISED) {
          for (const memfd of [false, true]) {
            const guest = await target.connect(backend, { memfd });
            await mustLoad(`${backend}: a script`, () => guest.run({ script: "id; /bin/true; exit 0" }));
            await mustLoad(`${backend}: a program`, () => guest.exec(["id", "--user", "--name"]));
          }
        }
        requireWithin("a program with the guest's library", readFileSync(log, "utf8"), boundingSetOf(target.pid));
      });
    }
  },
};
