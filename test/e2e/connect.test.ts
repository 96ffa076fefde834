import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { connect } from "../../src/index.ts";
import { makeGuest } from "../guests/guest.ts";
import { childrenOf, openDescriptors } from "../support/children.ts";
import { withGuest } from "../support/contract.ts";
import { withAlone } from "../support/own-namespace.ts";
import { REPOSITORY } from "../support/programs.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";

test("a pid that is no container's is refused in one sentence, and leaks nothing", async () => {
  const bad: [number, string, RegExp][] = [
    [0, "INVALID_OPTION", /pid 0 is not a process id; give a positive whole number/],
    [-5, "INVALID_OPTION", /pid -5/],
    [1.5, "INVALID_OPTION", /pid 1.5/],
    [Number.NaN, "INVALID_OPTION", /pid NaN/],
    [2 ** 31, "INVALID_OPTION", /pid 2147483648/],
    [4_194_305, "TARGET_NOT_FOUND", /no process has pid 4194305/],
    [process.pid, "TARGET_NOT_ENTERABLE", /is in this process's own container/],
  ];
  const before = openDescriptors();
  for (const [pid, code, message] of bad) await assert.rejects(connect({ pid }), { code, message });
  assert.equal(openDescriptors(), before);
});

test("a zombie is refused", async () => {
  // A child of sh's that has ended and that sh, having become sleep, never waits for.
  const parent = spawn("sh", ["-c", "true & exec sleep 1000"]);
  try {
    await until("there is a zombie", () => childrenOf(parent.pid ?? 0).some(({ state }) => state === "Z"));
    const [zombie] = childrenOf(parent.pid ?? 0);
    await assert.rejects(connect({ pid: zombie?.pid ?? 0 }), { code: "TARGET_NOT_ENTERABLE", message: /zombie/ });
  } finally {
    parent.kill("SIGKILL");
    await once(parent, "exit");
  }
});

test("a pid that is given to another process is never entered", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const first = await makeGuest();
  const guest = await connect({ pid: first.pid });
  await first.close();
  const impostor = await startAs(first.pid);
  try {
    await assert.rejects(guest.exec(["true"]), { code: "CONTAINER_GONE" });
  } finally {
    guest.close();
    impostor.kill("SIGKILL");
    await once(impostor, "exit");
  }
});

/** Starts a process with this very pid, in a mount namespace of its own. */
async function startAs(pid: number): Promise<ChildProcess> {
  for (let attempt = 0; attempt < 100; attempt++) {
    // The kernel gives out the number after this one next, unless another process comes first.
    writeFileSync("/proc/sys/kernel/ns_last_pid", String(pid - 1));
    const child = spawn("unshare", ["--mount", "sleep", "1000"]);
    if (child.pid === pid) return child;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  throw new Error(`pid ${pid} was not given out again`);
}

test("without privilege the missing capability is named", async (t) => {
  if (!canRun(t, ["root", "setpriv", "unshare"])) return;
  const attempt = (pid: number, ...setpriv: string[]): string => {
    const program = `import { connect } from "${path.join(REPOSITORY, "dist/index.js")}";
      const report = ({ code, message }) => console.log(code, message);
      await connect({ pid: ${pid} }).then(async (guest) => report(await guest.exec(["true"])), report).catch(report);`;
    const { stdout, stderr } = spawnSync(
      "setpriv",
      [...setpriv, process.execPath, "--input-type=module", "--eval", program],
      { encoding: "utf8", cwd: "/" },
    );
    return stdout + stderr;
  };
  await withGuest({ namespaces: "mnt" }, async ({ pid }) => {
    assert.match(
      attempt(pid, "--bounding-set=-sys_ptrace", "--inh-caps=-all", "--reuid=12345", "--clear-groups"),
      /^PERMISSION_DENIED not permitted to look into process \d+: this process lacks CAP_SYS_PTRACE; add SYS_PTRACE/,
    );
  });
  await withGuest({ namespaces: "mnt", dropCapabilities: ["sys_admin", "sys_chroot"] }, async ({ pid }) => {
    assert.match(
      attempt(pid, "--bounding-set=-sys_admin"),
      /^PERMISSION_DENIED not permitted to join the mnt namespace of process \d+: this process lacks CAP_SYS_ADMIN; add SYS_ADMIN/,
    );
    assert.match(
      attempt(pid, "--bounding-set=-sys_chroot"),
      /^PERMISSION_DENIED not permitted to join the mnt namespace of process \d+: this process lacks CAP_SYS_CHROOT; add SYS_CHROOT/,
    );
  });
});

test("a main process in a directory too deep to have a path is entered at the root", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const name = "d".repeat(100);
  // In a file system of its own, which goes with it.
  const deep = `mount -t tmpfs none /mnt; cd /mnt; for i in $(seq 50); do mkdir ${name}; cd -P ${name}; done; echo ready; exec sleep 1000`;
  await withAlone(deep, {}, async ({ pid }) => {
    const guest = await connect({ pid });
    assert.equal((await guest.exec(["pwd"])).stdout, "/");
    guest.close();
  });
});

test("a closed guest refuses further steps, and closing twice is no error", async () => {
  await withGuest({}, async ({ pid }) => {
    const before = openDescriptors();
    const guest = await connect({ pid });
    const step = guest.run({ script: "echo still" });
    guest.close();
    guest.close();
    assert.equal((await step).stdout, "still");
    await assert.rejects(guest.exec(["true"]), { code: "INVALID_OPTION", message: /closed/ });
    await until("the descriptors are closed", () => openDescriptors() <= before);
  });
});

test("a machine that is not Linux is refused", async () => {
  const platform = Object.getOwnPropertyDescriptor(process, "platform") ?? {};
  Object.defineProperty(process, "platform", { ...platform, value: "darwin" });
  try {
    await assert.rejects(connect({ pid: 1 }), { code: "UNSUPPORTED_PLATFORM", message: /runs darwin/ });
  } finally {
    Object.defineProperty(process, "platform", platform);
  }
});
