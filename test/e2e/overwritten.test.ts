import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { connect } from "../../src/index.ts";
import { compile } from "../hostile/compile.ts";
import { BACKENDS, withGuest } from "../support/contract.ts";
import { cli } from "../support/cli.ts";
import { canRun } from "../support/require.ts";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What its environment was; LD_LIBRARY_PATH ends in what could be taken for a PATH. */
const VARIABLES = { FIRST: "1", LD_LIBRARY_PATH: "/nowhere", HOME: "/home", PATH: "/bin:/usr/bin", LAST: "kept" };
/** The length of the first, and of "LD_LIBRARY_". */
const UP_TO_PATH = "FIRST=1\0LD_LIBRARY_".length;

/** Runs the program as a process of the guest's, and a body with its pid. */
async function withTitle(
  inside: number,
  args: readonly string[],
  uid: number,
  body: (pid: number) => Promise<void>,
): Promise<void> {
  const become = ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--"];
  const child = spawn("nsenter", ["-t", String(inside), "-m", "--", ...become, "/work/title", ...args], {
    env: VARIABLES,
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(child.stdout, "data");
    await body(child.pid ?? 0);
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

test("a main process that wrote its title over its environment: HOME is its user's, PATH the default, and that is told", async (t) => {
  if (!canRun(t, ["root", "cc", "unshare", "setpriv", "nsenter"])) return;
  await withGuest({ namespaces: "mnt" }, async ({ pid: inside, sharedRoot }) => {
    copyFileSync(compile("../guests/title.c", "title", ["-static"]), path.join(sharedRoot, "title"));
    const partial = String(["/work/title", "partial", "nn", ""].join("\0").length + UP_TO_PATH - 1);
    for (const [args, uid, home, searched, last, told] of [
      // Longer than the arguments, and the rest is NUL.
      [["pad", "60"], 0, "/root", DEFAULT_PATH, "", "HOME is that of its user in /etc/passwd, PATH is the default, "],
      [
        ["pad", "60"],
        1000,
        "/home",
        DEFAULT_PATH,
        "",
        "HOME is that of its user in /etc/passwd, PATH is the default, ",
      ],
      // A user that the container does not know.
      [["pad", "60"], 4242, "/", DEFAULT_PATH, "", "HOME is that of its user in /etc/passwd, PATH is the default, "],
      // Shorter than the arguments: only that the environment begins with NUL tells of it.
      [["pad", "5"], 0, "/root", DEFAULT_PATH, "", "HOME is that of its user in /etc/passwd, PATH is the default, "],
      // It ends in the middle of LD_LIBRARY_PATH: what is left of that is no PATH, and the rest is whole.
      [["partial", partial], 0, "/home", "/bin:/usr/bin", "kept", ""],
    ] as const) {
      await withTitle(inside, args, uid, async (pid) => {
        for (const backend of BACKENDS) {
          await using guest = await connect({ pid, backend });
          const { stdout, limitations } = await guest.run({ script: 'printf "%s\n" "$HOME" "$PATH" "$LAST" "$FIRST"' });
          const what = [args[0], uid, backend];
          assert.deepEqual([...what, stdout?.split("\n")], [...what, [home, searched, last, ""]]);
          const limitation = `the container's main process wrote its title over its environment: ${told}other variables of the container may be missing`;
          assert.ok(limitations.includes(limitation), limitations.join("; "));
          assert.ok(guest.limitations.includes(limitation));
          const asRoot = await guest.run({ script: 'echo "$HOME"', ...(backend === "nsenter" ? {} : { user: 0 }) });
          if (backend !== "nsenter") assert.equal(asRoot.stdout, "/root");
        }
        const { stderr } = await cli(["exec", "--verbose", "--pid", String(pid), "true"]);
        assert.match(
          stderr,
          /^k8s-executor: note: the container's main process wrote its title over its environment: /m,
        );
      });
    }
  });
});

test("a main process with a title of its own that did not reach its environment has all of that", async (t) => {
  if (!canRun(t, ["root", "cc", "unshare", "setpriv", "nsenter"])) return;
  await withGuest({ namespaces: "mnt" }, async ({ pid: inside, sharedRoot }) => {
    copyFileSync(compile("../guests/title.c", "title", ["-static"]), path.join(sharedRoot, "title"));
    await withTitle(inside, ["partial", "5", "and", "more", "arguments"], 0, async (pid) => {
      await using guest = await connect({ pid });
      const { stdout } = await guest.run({ script: 'printf "%s\n" "$HOME" "$PATH" "$LAST" "$FIRST"' });
      assert.deepEqual(stdout?.split("\n"), ["/home", "/bin:/usr/bin", "kept", "1"]);
      assert.deepEqual(guest.limitations, []);
    });
  });
});
