import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { connect, type Guest } from "../../src/index.ts";
import type { GuestOptions, ThrowAwayGuest } from "../guests/guest.ts";
import { withGuest } from "../support/contract.ts";
import { canRun } from "../support/require.ts";

const POD: GuestOptions = { namespaces: "mnt", dropCapabilities: ["sys_admin", "sys_ptrace"] };
const WHO = "id -u; id -g; id -G; echo $HOME $USER; grep CapEff /proc/self/status | cut -f2";
const SYS_ADMIN = 1n << 21n;

async function withEach(
  options: GuestOptions,
  body: (guest: Guest, target: ThrowAwayGuest, backend: string) => Promise<void>,
): Promise<void> {
  for (const backend of ["native", "helper"] as const) {
    await withGuest(options, async (target) => {
      await using guest = await connect({ pid: target.pid, backend });
      await body(guest, target, backend);
    });
  }
}

test("a step can be another user of the container, by name or number", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  await withEach(POD, async (guest, { pid }) => {
    appendFileSync(`/proc/${pid}/root/etc/group`, "docker:x:77:root,builder\n");
    const who = async (user: string | number, groups?: string[]): Promise<string | undefined> =>
      (await guest.run({ script: WHO, user, groups })).stdout;
    const none = "0".repeat(16);
    assert.equal(await who("builder"), `1000\n1000\n1000 77\n/home builder\n${none}`);
    assert.equal(await who(1000), `1000\n1000\n1000 77\n/home builder\n${none}`);
    assert.equal(await who("builder:docker"), `1000\n77\n77\n/home builder\n${none}`);
    assert.equal(await who("4242"), `4242\n0\n0\n/\n${none}`);
    assert.equal(await who("4242:4343"), `4242\n4343\n4343\n/\n${none}`);
    assert.equal(await who("builder", ["5", "docker"]), `1000\n1000\n1000 5 77\n/home builder\n${none}`);
    const given = await guest.run({ script: "echo $HOME", user: "builder", env: { HOME: "/mine" } });
    assert.equal(given.stdout, "/mine");
  });
});

test("root in the container of another user has the container's capabilities, not the agent's", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  await withEach({ ...POD, uid: 1000 }, async (guest) => {
    const { stdout } = await guest.run({ script: `${WHO}; grep CapBnd /proc/self/status | cut -f2`, user: "root" });
    const [uid, gid, , home, effective, bounding] = (stdout ?? "").split("\n");
    assert.deepEqual([uid, gid, home, effective], ["0", "0", "/root root", bounding]);
    assert.equal(BigInt(`0x${effective}`) & SYS_ADMIN, 0n);
  });
});

test("a privileged step keeps the agent's capabilities, and says so", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  await withEach(POD, async (guest) => {
    const { stdout, limitations } = await guest.run({
      script: "grep CapEff /proc/self/status | cut -f2",
      privileged: true,
    });
    assert.notEqual(BigInt(`0x${stdout}`) & SYS_ADMIN, 0n);
    assert.ok(limitations.includes("the step kept the agent's capabilities (privileged)"));
    const other = await guest.run({ script: "grep CapEff /proc/self/status | cut -f2", privileged: true, user: 1000 });
    assert.equal(other.stdout, "0".repeat(16));
    assert.match(other.limitations.join(), /no capabilities, for its user is not root \(privileged changes nothing\)/);
  });
});

test("users and groups that the container does not have are refused by name", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  await withEach(POD, async (guest) => {
    const bad: [Parameters<Guest["exec"]>[1], RegExp][] = [
      [{ user: "nobody-here" }, /no user "nobody-here"; name one of its \/etc\/passwd/],
      [{ user: "builder:nothing" }, /no group "nothing"/],
      [{ groups: ["nothing"] }, /no group "nothing"/],
      [{ user: "" }, /the user "" is none/],
      [{ user: "1:2:3" }, /the user "1:2:3" is none/],
      [{ user: "4294967295" }, /the user id 4294967295 is too large to be one; ids go up to 4294967294/],
      [{ user: "1:4294967295" }, /the group id 4294967295 is too large/],
      [{ groups: ["5", ""] }, /no group ""/],
    ];
    for (const [options, message] of bad) {
      await assert.rejects(guest.exec(["true"], options), { code: "INVALID_OPTION", message });
    }
  });
});

test("a number is never a name, whatever a hostile container calls its users and groups", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  await withEach(POD, async (guest, { pid }) => {
    const etc = `/proc/${pid}/root/etc`;
    writeFileSync(`${etc}/passwd`, "4242:x:0:0::/root:\n");
    writeFileSync(`${etc}/group`, "4343:x:0:\n");
    const { stdout } = await guest.run({ script: "id -u; id -g; id -G", user: "4242:4343", groups: ["4343"] });
    assert.equal(stdout, "4242\n4343\n4343");
  });
});

test("a user namespace that denies setgroups keeps the agent's groups out all the same", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const before = process.getgroups?.() ?? [];
  try {
    await withEach({ namespaces: "mnt", userNamespace: true }, async (guest, { pid }) => {
      const groupsOf = (process: number | string): string | undefined =>
        /^Groups:[ \t]*(.*?)[ \t]*$/m.exec(readFileSync(`/proc/${process}/status`, "latin1"))?.[1];
      const its = groupsOf(pid);
      process.setgroups?.([27, 4]);
      const stepsGroups = async (groups?: string[]): Promise<string | undefined> => {
        const step = guest.run({ script: "echo $$; read line", stdin: "pipe", groups });
        const [number] = (await once(step.stdout, "data")) as [Buffer];
        const found = groupsOf(number.toString().trim());
        step.stdin?.end();
        const { limitations } = await step;
        assert.deepEqual(limitations, guest.limitations);
        return found;
      };
      assert.equal(await stepsGroups(), its);
      assert.equal(await stepsGroups(["0"]), "0");
      process.setgroups?.(before);
      await using weak = await connect({ pid, backend: "nsenter" });
      await assert.rejects(weak.exec(["true"], { user: 0 }), /nsenter backend cannot set the user/);
      await assert.rejects(weak.exec(["true"], { groups: [0] }), /nsenter backend cannot set supplementary groups/);
    });
  } finally {
    process.setgroups?.(before);
  }
});

test("a hostile /etc/passwd is read as data, inside the container's root, and never waited for", async (t) => {
  if (!canRun(t, ["root", "unshare", "mkfifo"])) return;
  await withEach(POD, async (guest, { pid }) => {
    const passwd = `/proc/${pid}/root/etc/passwd`;
    const uidOf = async (): Promise<string | undefined> => (await guest.exec(["id", "-u"], { user: "builder" })).stdout;
    const put = (change: () => void): void => {
      rmSync(passwd, { force: true });
      change();
    };
    // What is outside has no builder: to be found, the link must end inside.
    put(() => {
      writeFileSync(`/proc/${pid}/root/users`, "\0\n::::\nbuilder:x:x\n builder:x:1:1\nbuilder:x:1001:1001::/b:\n");
      symlinkSync("../../../../../users", passwd);
    });
    assert.equal(await uidOf(), "1001");
    const refused: [() => void, RegExp][] = [
      [() => assert.equal(spawnSync("mkfifo", [passwd]).status, 0), /no regular file/],
      [() => symlinkSync("/dev/zero", passwd), /no regular file/],
      [() => symlinkSync("passwd", passwd), /ELOOP/],
      [() => writeFileSync(passwd, Buffer.alloc(2 << 20, "x")), /more than 1048576 bytes/],
    ];
    for (const [change, message] of refused) {
      put(change);
      await assert.rejects(guest.exec(["true"], { user: "builder" }), { code: "ENTRY_FAILED", message });
    }
    // A process's descriptors are no way out: the link's text counts, and that names no file.
    put(() => symlinkSync(`/proc/${process.pid}/root/etc/passwd`, passwd));
    await assert.rejects(guest.exec(["true"], { user: "builder" }), /no user "builder"|cannot be read/);
  });
});

test("numbers need no account file; what would be looked up in one that cannot be read is a warning", async (t) => {
  if (!canRun(t, ["root", "unshare", "mkfifo"])) return;
  const tooLarge = (file: string): void => writeFileSync(file, Buffer.alloc(2 << 20, "x"));
  const fifo = (file: string): void => assert.equal(spawnSync("mkfifo", [file]).status, 0);
  const loop = (file: string): void => symlinkSync(file.slice(file.lastIndexOf("/") + 1), file);
  await withEach(POD, async (guest, { pid }) => {
    const [passwd, group] = [`/proc/${pid}/root/etc/passwd`, `/proc/${pid}/root/etc/group`];
    for (const [break_, why] of [
      [tooLarge, "it has more than 1048576 bytes"],
      [fifo, "it is no regular file"],
      [loop, "ELOOP"],
    ] as const) {
      for (const file of [passwd, group]) {
        rmSync(file, { force: true });
        break_(file);
      }
      const step = guest.run({ script: WHO, user: "3000:3000", groups: [5, "6"] });
      const warning = `HOME of the user 3000 is /: /etc/passwd of the container cannot be read (${why})`;
      assert.deepEqual(step.warnings, [warning]);
      const { stdout, warnings } = await step;
      assert.deepEqual(warnings, [warning]);
      assert.equal(stdout, `3000\n3000\n3000 5 6\n/\n${"0".repeat(16)}`);
      assert.equal((await guest.run({ script: "id -G", groups: [7] })).stdout, "0 7");
      // Whose group would be a guess, and whose name cannot be looked up.
      for (const user of ["3000", "builder", "builder:3000", "3000:docker"]) {
        await assert.rejects(guest.exec(["true"], { user }), {
          code: "ENTRY_FAILED",
          message: /cannot be read: .*; give the user and the groups as numbers, uid:gid, which need no file$/,
        });
      }
      await assert.rejects(guest.exec(["true"], { groups: ["docker"] }), { code: "ENTRY_FAILED" });
    }
    // Without the file, there is none that has a home or a group: as for docker exec.
    for (const file of [passwd, group]) rmSync(file, { force: true });
    const { stdout, warnings } = await guest.run({ script: WHO, user: 3000 });
    assert.deepEqual([stdout, warnings], [`3000\n0\n0\n/\n${"0".repeat(16)}`, []]);
  });
});

test("limits and oom_score_adj are the container's", async (t) => {
  if (!canRun(t, ["root", "unshare", "prlimit"])) return;
  await withGuest(POD, async ({ pid }) => {
    writeFileSync(`/proc/${pid}/oom_score_adj`, "321");
    assert.equal(spawnSync("prlimit", ["--pid", String(pid), "--nofile=123:456", "--core=0:0"]).status, 0);
    for (const backend of ["native", "helper"] as const) {
      await using guest = await connect({ pid, backend });
      const { stdout } = await guest.exec(["cat", "/proc/self/limits", "/proc/self/oom_score_adj"]);
      assert.equal(stdout, readFileSync(`/proc/${pid}/limits`, "utf8") + "321");
    }
  });
});
