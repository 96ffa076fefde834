import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, linkSync, readdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { connect, type BackendName } from "../../src/index.ts";
import type { ThrowAwayGuest } from "../guests/guest.ts";
import { keeperOf } from "../support/children.ts";
import { startCli } from "../support/cli.ts";
import { withGuest } from "../support/contract.ts";
import { until } from "../support/until.ts";

const BACKENDS = ["native", "helper"] as const;

function at({ pid, sharedRoot, containerRoot }: ThrowAwayGuest, backend: BackendName): string[] {
  return ["--pid", `${pid}`, "--shared-root", sharedRoot, "--container-root", containerRoot, "--backend", backend];
}

/** An agent and its helper, both killed in the middle of a step: nobody is left to remove its script. */
async function crash(target: ThrowAwayGuest, backend: BackendName): Promise<void> {
  const agent = startCli(["run", ...at(target, backend), "--script", "echo ready; exec sleep 1000"]);
  await once(agent.stdout as NonNullable<typeof agent.stdout>, "data");
  const helper = keeperOf(agent.pid ?? 0);
  process.kill(helper, "SIGSTOP");
  agent.kill("SIGKILL");
  await once(agent, "exit");
  process.kill(helper, "SIGKILL");
  await until("the helper has ended, and its lock with it", () => !existsSync(`/proc/${helper}/ns`));
}

const scriptsIn = (directory: string): string[] => readdirSync(directory).filter((name) => name.endsWith(".sh"));

for (const backend of BACKENDS) {
  test(`${backend}: a script that a crash left behind is removed by the next agent`, async () => {
    await withGuest({}, async (target) => {
      for (const crashed of BACKENDS) {
        await crash(target, crashed);
        assert.equal(scriptsIn(target.sharedRoot).length, 1);
        const guest = await connect({ ...target, backend });
        assert.deepEqual(scriptsIn(target.sharedRoot), []);
        guest.close();
      }
    });
  });

  test(`${backend}: what is in use or not ours is never removed`, async () => {
    await withGuest({}, async (target) => {
      const { sharedRoot } = target;
      // In use, by another agent.
      const other = startCli(
        ["run", ...at(target, backend), "--script", 'echo ready; read line; exec cat "$0"', "--stdin"],
        {
          stdio: ["pipe", "pipe", "inherit"],
        },
      );
      let output = "";
      other.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
      await until("it runs", () => output === "ready\n");
      const [inUse = ""] = scriptsIn(sharedRoot);
      // Ours, but changed since; and with a second name, which may be somebody's.
      await crash(target, backend);
      const changed = scriptsIn(sharedRoot).find((name) => name !== inUse) ?? "";
      utimesSync(path.join(sharedRoot, changed), new Date(), new Date());
      await crash(target, backend);
      const linked = scriptsIn(sharedRoot).find((name) => name !== inUse && name !== changed) ?? "";
      linkSync(path.join(sharedRoot, linked), path.join(sharedRoot, "kept"));
      // Somebody's, with a name as ours have, and the time of that name.
      const stranger = "0190a5e0-0000-7000-8000-000000000000.sh";
      writeFileSync(path.join(sharedRoot, stranger), "exit 0", { mode: 0o700 });
      utimesSync(path.join(sharedRoot, stranger), 0x0190a5e00000 / 1000, 0x0190a5e00000 / 1000 + 1);
      const link = "0190a5e0-0000-7000-8000-000000000001.sh";
      symlinkSync(inUse, path.join(sharedRoot, link));
      const guest = await connect({ ...target, backend });
      assert.deepEqual(scriptsIn(sharedRoot).toSorted(), [inUse, changed, linked, stranger, link].toSorted());
      // The lock does not keep a script from being run by itself: it is not open for writing.
      assert.equal((await guest.run({ script: 'test -n "$AGAIN" && exit 6; AGAIN=1 exec "$0"' })).exitCode, 6);
      guest.close();
      other.stdin?.end("go\n");
      await once(other, "exit");
      assert.match(output, /exec cat/);
    });
  });
}

test("a fresh script has the mark of its name", async () => {
  await withGuest({}, async (target) => {
    const guest = await connect({ ...target, backend: "native" });
    const step = guest.run({ script: "echo ready; read line", stdin: "pipe" });
    await once(step.stdout, "data");
    const [name = ""] = scriptsIn(target.sharedRoot);
    const milliseconds = Number.parseInt(name.replaceAll("-", "").slice(0, 12), 16);
    const below = Number(BigInt(`0x${name.slice(24, 36)}`) % 1_000_000n);
    const { mtimeNs } = statSync(path.join(target.sharedRoot, name), { bigint: true });
    assert.equal(mtimeNs, BigInt(milliseconds) * 1_000_000n + BigInt(below));
    step.stdin?.end();
    await step;
    guest.close();
  });
});
