/**
 * `k8s-executor doctor` beside throw-away guests, each case lacking something. To be started in a process namespace of its
 * own, so that no guest but those of the case is to be seen: test/e2e/doctor.test.ts does that.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";

import { connect } from "../../src/index.ts";
import { makeGuest, type GuestOptions, type ThrowAwayGuest } from "../guests/guest.ts";
import { CLI, plainEnvironment } from "../support/cli.ts";
import { hidePrograms } from "../support/hide-programs.ts";
import { deno, REPOSITORY } from "../support/programs.ts";
import { inCgroups } from "../support/cgroups.ts";
import { canRun } from "../support/require.ts";
import { forbid } from "../support/forbidden.ts";
import { doctor, examined } from "./run-doctor.ts";

/** As in a Pod: docker's containers have no such capabilities, so that an agent without them may look in. */
const PLAIN: GuestOptions = { namespaces: "mnt", dropCapabilities: ["sys_admin", "sys_ptrace", "sys_chroot"] };

const ESCAPE = "\u001b";
/** What a terminal obeys, or does not show. */
const CONTROLS = /[\p{Cc}\p{Cf}]/u;

async function beside(
  options: GuestOptions,
  body: (guest: ThrowAwayGuest, roots: string[]) => Promise<void>,
): Promise<void> {
  const guest = await makeGuest({ ...PLAIN, ...options });
  try {
    await body(guest, ["--shared-root", guest.sharedRoot, "--container-root", guest.containerRoot]);
    assert.deepEqual(readdirSync(guest.sharedRoot), [], "something is left in the shared root");
  } finally {
    await guest.close();
  }
}

/** Runs a program of this machine's in the guest's mount namespace. */
function inside(pid: number, ...command: string[]): void {
  const { status, stderr } = spawnSync("nsenter", ["-t", String(pid), "-m", ...command], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

const without = (...names: string[]): string[] => [
  "setpriv",
  `--bounding-set=${names.map((name) => `-${name}`).join(",")}`,
  "--inh-caps=-all",
];

test("beside a healthy guest, all is well, in lines of at most 80 characters", async () => {
  await beside({ env: { K8S_EXECUTOR_CONTAINER: "maven" } }, async ({ pid }, roots) => {
    const { status, stdout, stderr } = await doctor(roots);
    assert.deepEqual([status, stderr], [0, ""]);
    assert.doesNotMatch(stdout, /missing|degraded/);
    assert.ok(!stdout.includes(ESCAPE));
    const lines = stdout.split("\n");
    assert.deepEqual(
      lines.filter((line) => line.length > 80 || line !== line.trimEnd()),
      [],
    );
    assert.match(
      lines.slice(-3).join(" "),
      new RegExp(
        `A step would run in maven \\(process ${pid}\\), by the backend native; one entry takes \\d+\\.\\d ms`,
      ),
    );
    assert.match(stdout, /^ {2}ok {8}shared-root {4}\/tmp/m);
  });
});

test("as JSON it is one object, with all of it", async () => {
  await beside({ env: { K8S_EXECUTOR_CONTAINER: "maven" } }, async ({ pid }, roots) => {
    const { status, report, troubles } = await examined(roots);
    assert.deepEqual([status, report.ok, troubles], [0, true, []]);
    assert.deepEqual(Object.keys(report), ["ok", "agent", "containers", "summary"]);
    assert.deepEqual(
      report.agent.checks.map(({ check }) => check),
      [
        "kernel",
        "pid-namespace",
        "capabilities",
        "seccomp",
        "privileges",
        "ffi",
        "helper",
        "nsenter",
        "processes",
        "descriptors",
      ],
    );
    const [maven, ...others] = report.containers;
    assert.equal(others.length, 0);
    assert.deepEqual(
      maven?.checks.map(({ check }) => check),
      ["access", "namespaces", "entry", "shell", "cgroup", "shared-root", "processes"],
    );
    const { name, pid: told, backend, runs, entry } = maven;
    assert.deepEqual([name, told, backend, runs, maven.runsScripts], ["maven", pid, "native", true, true]);
    assert.ok(entry && entry.medianMs > 0 && entry.rounds === 20 && entry.program === "true");
  });
});

test("without any other container in sight, the Pod's manifest is to be mended", async () => {
  const { status, finding, report } = await examined([]);
  assert.equal(status, 1);
  const { status: found, what, mend } = finding("pid-namespace");
  assert.deepEqual([found, mend?.yaml], ["missing", "spec:\n  shareProcessNamespace: true"]);
  assert.match(what, /^not shared: only processes of this container/);
  assert.match(report.summary.join(" "), /^No step would run: not shared/);
});

test("a container that is not there is missing, and the others are told", async () => {
  await beside({ env: { K8S_EXECUTOR_CONTAINER: "maven" } }, async () => {
    const byName = await examined(["--container", "golang"]);
    assert.deepEqual([byName.status, byName.finding("container").status], [1, "missing"]);
    assert.match(byName.finding("container").mend?.text ?? "", /maven/);
    assert.equal(byName.report.containers.length, 1);
    const byPid = await examined(["--pid", "4194304"]);
    assert.deepEqual([byPid.status, byPid.finding("access").status], [1, "missing"]);
    assert.match(byPid.finding("access").what, /no process has pid 4194304/);
    const ourOwn = await examined(["--pid", String(process.pid)]);
    assert.deepEqual([ourOwn.status, ourOwn.finding("access").status], [1, "missing"]);
  });
});

test("bad options are 125, in one sentence", async () => {
  for (const [args, message] of [
    [["--pid", "maven"], /^k8s-executor: --pid "maven" is not a process id; give a positive whole number\n$/],
    [["--pid", "1", "--container", "maven"], /both --pid and --container are given/],
    [["--color"], /the option --color is unknown/],
    [["maven"], /doctor takes options only, and "maven" is none/],
    [["--config", "nofile.json"], /^k8s-executor: the configuration "nofile.json" cannot be read \(ENOENT\); .*\n$/],
    [["--container", ""], /^k8s-executor: the container's name is empty; .*\n$/],
    [["--shared-root", "."], /^k8s-executor: the shared root "\." is not an absolute path; .*\n$/],
    [["--shared-root", ""], /^k8s-executor: .*\n$/],
    [["--shared-root", "/tmp", "--container-root", "."], /^k8s-executor: the container root "\." is not an abs.*\n$/],
    [["--container-root", "/tmp"], /^k8s-executor: a container root is given without a shared root; .*\n$/],
  ] as const) {
    const { status, stdout, stderr } = await doctor(args);
    assert.deepEqual([args, status, stdout], [args, 125, ""]);
    assert.match(stderr, message);
  }
});

test("what is wrong in the configuration is told once, and the containers are looked at all the same", async () => {
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-config-"));
  try {
    const config = path.join(directory, "config.json");
    await beside({}, async (_, roots) => {
      for (const [text, what] of [
        ["{", /is no JSON$/],
        ['{ "containers": { "maven": { "shel": "secret" } } }', /has "shel", which is unknown$/],
      ] as const) {
        writeFileSync(config, text);
        const { status, finding, report, troubles } = await examined([...roots, "--config", config]);
        assert.deepEqual([status, troubles], [1, ["config missing"]]);
        assert.match(finding("config").what, what);
        assert.equal(report.containers[0]?.runs, false);
        assert.match(report.summary.join(" "), /^No step would run: .*config\.json/);
      }
      const { status, finding } = await examined([...roots, "--config", directory]);
      assert.deepEqual([status, finding("config").status], [1, "missing"]);
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("without SYS_ADMIN nothing is entered, and the manifest's lines are there", async () => {
  await beside({}, async (_, roots) => {
    const { status, finding, report } = await examined(roots, { before: without("sys_admin") });
    assert.equal(status, 1);
    for (const check of ["capabilities", "entry"] as const) {
      const { status: found, what, mend } = finding(check);
      assert.equal(found, "missing");
      assert.match(what, /SYS_ADMIN/);
      assert.match(
        mend?.yaml ?? "",
        /- name: agent\n {6}securityContext:\n {8}capabilities:\n {10}add:\n {12}- SYS_ADMIN$/,
      );
    }
    assert.match(report.summary.join(" "), /^No step would run in .*lacks CAP_SYS_ADMIN\.$/);
  });
});

test("where a seccomp profile forbids setns, that is said, and not a capability", async () => {
  await beside({}, async (_, roots) => {
    const before = forbid("EPERM", "setns");
    const { status, finding } = await examined(roots, { before });
    assert.equal(status, 1);
    assert.deepEqual([finding("entry").status, finding("capabilities").status], ["missing", "ok"]);
    assert.match(finding("entry").what, /^no backend works here: native does not: .* filter refuses setns; helper /);
    assert.match(finding("helper").what, /the kernel or a seccomp filter refuses setns$/);
    assert.match(finding("entry").mend?.yaml ?? "", /seccompProfile:\n +type: RuntimeDefault$/);
    assert.match(finding("seccomp").what, /^a filter, .* whether it allows setns was not seen$/);
  });
});

test("without SYS_PTRACE a container of another user is closed, and one of the same is not", async () => {
  const before = without("sys_ptrace");
  await beside({ uid: 1000 }, ({ pid }, roots) =>
    // As in a Pod: what may not be looked into is told from the agent's own by its cgroup.
    inCgroups(pid, async () => {
      const { status, finding } = await examined(roots, { before });
      assert.equal(status, 1);
      const { status: found, what, mend } = finding("access");
      assert.equal(found, "missing");
      assert.match(what, /lacks CAP_SYS_PTRACE/);
      assert.match(mend?.yaml ?? "", /add:\n +- SYS_PTRACE$/);
    }),
  );
  await beside({}, async (_, roots) => {
    const { status, finding } = await examined(roots, { before });
    assert.deepEqual([status, finding("access").status, finding("capabilities").status], [0, "ok", "ok"]);
    assert.match(finding("capabilities").what, /without SYS_PTRACE/);
  });
});

test("an agent that is not root has no capability, whatever the manifest adds", async () => {
  await beside({}, ({ pid, sharedRoot }, roots) =>
    inCgroups(pid, async () => {
      chmodSync(path.dirname(sharedRoot), 0o755);
      const before = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--inh-caps=-all"];
      const { status, finding } = await examined(roots, { before });
      assert.equal(status, 1);
      assert.match(finding("capabilities").what, /of user 12345, lacks SYS_ADMIN/);
      assert.match(finding("capabilities").mend?.yaml ?? "", /securityContext:\n +runAsUser: 0$/);
      assert.equal(finding("access").status, "missing");
      assert.equal(finding("access").mend?.yaml, finding("capabilities").mend?.yaml);
      chmodSync(path.dirname(sharedRoot), 0o700);
      const closed = await examined(roots, { before });
      assert.match(closed.finding("shared-root").what, /may not be entered$/);
      assert.equal(closed.finding("shared-root").mend?.yaml, undefined);
    }),
  );
});

test("the shared root: not named, not here, not there, elsewhere there, read-only there", async () => {
  await beside({}, async ({ pid, sharedRoot }, roots) => {
    const none = await examined([]);
    assert.deepEqual([none.status, none.finding("shared-root").status], [0, "degraded"]);
    assert.match(none.finding("shared-root").mend?.yaml ?? "", /volumes:\n +- name: shared-workspace/);
    const notHere = await examined(["--shared-root", "/nowhere"]);
    assert.deepEqual([notHere.status, notHere.finding("shared-root").status], [1, "missing"]);
    assert.match(notHere.report.summary.join(" "), /^No step would run: the shared root \/nowhere does not exist/);
    const notThere = await examined(["--shared-root", sharedRoot, "--container-root", "/nowhere"]);
    assert.deepEqual([notThere.status, notThere.finding("shared-root").status], [1, "missing"]);
    assert.match(notThere.finding("shared-root").what, /is not to be seen at \/nowhere in the container/);
    assert.match(notThere.finding("shared-root").mend?.yaml ?? "", /mountPath: "\/nowhere"/);
    assert.equal(notThere.finding("entry").status, "ok");
    const elsewhere = await examined(["--shared-root", sharedRoot, "--container-root", "/tmp"]);
    assert.deepEqual([elsewhere.status, elsewhere.finding("shared-root").status], [1, "missing"]);
    inside(pid, "mount", "-o", "remount,bind,ro", "/work");
    const readOnly = await examined(roots);
    assert.deepEqual([readOnly.status, readOnly.finding("shared-root").status], [0, "degraded"]);
    assert.match(readOnly.finding("shared-root").what, /cannot be written to from the container's side \(EROFS\)/);
    assert.match(readOnly.finding("shared-root").mend?.yaml ?? "", /mountPath: "\/work"\n +readOnly: false$/);
    const full = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-full-"));
    try {
      // In the mount namespace of these cases only.
      assert.equal(spawnSync("mount", ["-t", "tmpfs", "-o", "size=4k", "full", full]).status, 0);
      writeFileSync(path.join(full, "file"), Buffer.alloc(4096));
      const noRoom = await examined(["--shared-root", full]);
      assert.deepEqual([noRoom.status, noRoom.finding("shared-root").status], [1, "missing"]);
      assert.match(noRoom.finding("shared-root").what, /the agent cannot write to .* \(ENOSPC\)/);
      assert.deepEqual(readdirSync(full), ["file"]);
    } finally {
      spawnSync("umount", [full]);
      rmSync(full, { recursive: true });
    }
  });
});

test("the shared root: no user of the container's but root may see it", async () => {
  await beside({ uid: 1000 }, async ({ sharedRoot }, roots) => {
    chmodSync(sharedRoot, 0o700);
    const { status, finding } = await examined(roots);
    assert.deepEqual([status, finding("shared-root").status], [1, "missing"]);
    assert.match(
      finding("shared-root").what,
      /the user 1000:1000 cannot read the script .* may not enter the directory "\/work" \(mode 0700, owner 0:0\)/,
    );
    assert.equal(finding("shared-root").mend?.yaml, undefined, "no mount mends that");
  });
});

test("a FIFO, a file, a loop in place of the shared root, on either side, neither holds it up nor is written to", async () => {
  await beside({}, async ({ pid, sharedRoot }) => {
    const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-odd-"));
    try {
      spawnSync("mkfifo", [path.join(directory, "fifo")]);
      writeFileSync(path.join(directory, "file"), "kept");
      for (const name of ["fifo", "file"]) {
        const { status, finding } = await examined(["--shared-root", path.join(directory, name)]);
        assert.deepEqual([status, finding("shared-root").status], [1, "missing"]);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
    inside(
      pid,
      "sh",
      "-c",
      "mkfifo /tmp/fifo; echo kept > /tmp/file; ln -s loop /tmp/loop; ln -s /proc/self/fd /tmp/link",
    );
    for (const name of ["fifo", "file", "loop", "link"]) {
      const { status, finding } = await examined(["--shared-root", sharedRoot, "--container-root", `/tmp/${name}`]);
      assert.deepEqual([name, status, finding("shared-root").status], [name, 1, "missing"]);
    }
    inside(pid, "sh", "-c", 'test "$(cat /tmp/file)" = kept');
  });
});

test("a main process that is stopped is no obstacle", async () => {
  await beside({}, async ({ pid }, roots) => {
    process.kill(pid, "SIGSTOP");
    const { status, troubles } = await examined(roots);
    assert.deepEqual([status, troubles], [0, []]);
  });
});

test("a program true that never ends, or floods, is ended, and an entry is measured all the same", async () => {
  for (const script of ["#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1000; done\n", "#!/bin/sh\nexec yes\n"]) {
    await beside({}, async ({ pid }, roots) => {
      inside(
        pid,
        "sh",
        "-c",
        `printf '%s' "$1" > /tmp/true; chmod +x /tmp/true; mount --bind /tmp/true /usr/bin/true`,
        "sh",
        script,
      );
      const { status, finding, report } = await examined(roots);
      assert.equal(status, 0);
      assert.match(finding("entry").what, /its "true" did not end within 2 s, and was killed/);
      assert.equal(report.containers[0]?.entry?.program, "none");
    });
  }
});

test("a program true that takes its time is not run as often", async () => {
  await beside({}, async ({ pid }, roots) => {
    inside(
      pid,
      "sh",
      "-c",
      "printf '#!/bin/sh\\nexec sleep 1\\n' > /tmp/true; chmod +x /tmp/true; mount --bind /tmp/true /usr/bin/true",
    );
    const { status, report } = await examined(roots);
    const { entry } = report.containers[0] ?? {};
    assert.deepEqual([status, entry?.program], [0, "true"]);
    assert.ok(entry && entry.rounds >= 1 && entry.rounds < 20 && entry.medianMs > 900);
  });
});

test("what a container says reaches the terminal without what that obeys", async () => {
  const nasty = "/\u001b]0;title\u0007\u001b[2J\u009b31m\u202egnirts";
  await beside({ env: { K8S_EXECUTOR_CWD: nasty, K8S_EXECUTOR_CONTAINER: `maven${ESCAPE}[2J` } }, async (_, roots) => {
    const { status, stdout, stderr } = await doctor(roots);
    assert.deepEqual([status, stderr], [1, ""]);
    assert.match(stdout.replaceAll(/\s+/g, " "), /the working directory .*title/);
    assert.doesNotMatch(stdout.replaceAll("\n", ""), CONTROLS);
    const { stdout: json } = await doctor([...roots, "--json"]);
    assert.doesNotMatch(json.trimEnd(), CONTROLS);
  });
});

test("a container without any program is entered, and that is said", async () => {
  await beside({}, async ({ pid }, roots) => {
    inside(pid, "mount", "-t", "tmpfs", "none", "/usr");
    const { status, finding, report } = await examined(roots);
    assert.deepEqual([status, finding("shared-root").status], [0, "ok"]);
    assert.match(finding("entry").what, /it has no program "true"/);
    assert.deepEqual([finding("shell").status, report.containers[0]?.runsScripts], ["degraded", false]);
    assert.match(report.summary.join(" "), /^Programs \(exec\) would run in .*, and no scripts, for it has no sh; /);
    assert.match(report.summary.join(" "), /of a program that is not there, for it has no true/);
    const byNsenter = await examined([...roots, "--allow-degraded"], { env: {}, program: withoutHelper() });
    assert.deepEqual([byNsenter.status, byNsenter.finding("entry").status], [1, "missing"]);
    assert.match(byNsenter.finding("entry").what, /needs a sh/);
  });
});

test("the shell that is configured is missing where it is not there, by the manifest or by the configuration", async () => {
  await beside({ env: { K8S_EXECUTOR_SHELL: "no-such-shell", K8S_EXECUTOR_CONTAINER: "maven" } }, async (_, roots) => {
    for (const args of [roots, []]) {
      const { status, finding, report } = await examined(args);
      assert.deepEqual([status, finding("shell").status, finding("entry").status], [1, "missing", "ok"]);
      assert.match(finding("shell").mend?.text ?? "", /^install no-such-shell in the container's image/);
      assert.match(report.summary.join(" "), /^No step would run in maven .*no-such-shell/);
    }
    const config = path.join(mkdtempSync(path.join(os.tmpdir(), "k8s-executor-config-")), "config.json");
    copies.push(path.dirname(config));
    const configure = (shell: string): void =>
      writeFileSync(config, JSON.stringify({ containers: { maven: { shell } } }));
    configure("sh");
    const mended = await examined([...roots, "--config", config]);
    assert.deepEqual([mended.status, mended.finding("shell").status], [0, "ok"]);
    for (const [shell, what] of [
      ["false", /^false is there, and failed/],
      ["yes", /^yes is there, and did not end within 2 s, and was killed/],
    ] as const) {
      configure(shell);
      const { status, finding } = await examined([...roots, "--config", config]);
      assert.deepEqual([status, finding("shell").status], [0, "degraded"]);
      assert.match(finding("shell").what, what);
    }
    configure("/etc/passwd");
    const notOne = await examined([...roots, "--config", config]);
    assert.deepEqual([notOne.status, notOne.finding("shell").status], [1, "missing"]);
  });
});

const copies: string[] = [];
process.on("exit", () => copies.forEach((copy) => rmSync(copy, { recursive: true, force: true })));

/** A package without koffi, and with or without the helper. */
function packageCopy(hasHelper: boolean): string[] {
  const copy = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-package-"));
  copies.push(copy);
  cpSync(path.join(REPOSITORY, "dist"), path.join(copy, "dist"), { recursive: true });
  if (hasHelper) cpSync(path.join(REPOSITORY, "native/build"), path.join(copy, "native/build"), { recursive: true });
  cpSync(path.join(REPOSITORY, "node_modules/uuid"), path.join(copy, "node_modules/uuid"), { recursive: true });
  writeFileSync(path.join(copy, "package.json"), '{ "type": "module" }');
  return [path.join(copy, "dist/cli/k8s-executor")];
}

function withoutHelper(): string[] {
  return packageCopy(false);
}

test("without koffi the helper is used, without it nsenter where that is allowed, and without that nothing runs", async () => {
  await beside({}, async (_, roots) => {
    const noFfi = await examined(roots, { program: packageCopy(true) });
    assert.deepEqual([noFfi.status, noFfi.troubles], [0, ["ffi degraded"]]);
    assert.match(noFfi.finding("ffi").what, /^koffi does not load: .*koffi/);
    assert.equal(noFfi.report.containers[0]?.backend, "helper");
    const program = withoutHelper();
    const refused = await examined(roots, { program });
    assert.deepEqual([refused.status, refused.finding("helper").status], [1, "missing"]);
    assert.match(refused.finding("helper").effect ?? "", /unless --allow-degraded/);
    assert.deepEqual([refused.finding("entry").status, refused.finding("nsenter").status], ["missing", "ok"]);
    assert.match(refused.finding("entry").what, /^no backend works here: native does not: .*; helper does not: /);
    assert.match(refused.finding("entry").mend?.text ?? "", /allowDegraded/);
    assert.match(refused.report.summary.join(" "), /^No step would run in /);
    const noHelper = await examined([...roots, "--allow-degraded"], { program });
    assert.deepEqual([noHelper.status, noHelper.finding("helper").status], [0, "degraded"]);
    assert.match(noHelper.finding("helper").what, /the native helper was not built/);
    assert.deepEqual([noHelper.finding("entry").status, noHelper.finding("cgroup").status], ["degraded", "degraded"]);
    assert.equal(noHelper.report.containers[0]?.backend, "nsenter");
    const nothing = await examined([...roots, "--allow-degraded"], { program, before: hidePrograms("nsenter") });
    assert.deepEqual([nothing.status, nothing.finding("nsenter").status], [1, "missing"]);
    assert.match(nothing.finding("entry").what, /no backend works here/);
  });
});

test("of several containers each is checked, and the one that is chosen counts", async () => {
  await beside({ env: { K8S_EXECUTOR_CONTAINER: "maven" } }, async (_, roots) => {
    const sidecar = await makeGuest({
      ...PLAIN,
      containerRoot: "/elsewhere",
      env: { K8S_EXECUTOR_CONTAINER: "sidecar" },
    });
    try {
      const none = await examined(roots);
      assert.deepEqual(
        none.report.containers.map(({ name, runs, isChosen }) => [name, runs, isChosen]),
        [
          ["maven", true, false],
          ["sidecar", false, false],
        ],
      );
      assert.equal(none.status, 1);
      assert.match(none.report.summary.join(" "), /None of the containers is chosen/);
      const maven = await examined([...roots, "--container", "maven"]);
      assert.deepEqual([maven.status, maven.report.containers.length, maven.report.summary.length], [0, 2, 1]);
      const { stdout } = await doctor([...roots, "--container", "maven"]);
      const [, block = ""] = /^sidecar .*: not chosen, and does not count\n((?: {2}.*\n)*)\n/m.exec(stdout) ?? [];
      assert.deepEqual(
        block.split("\n").filter((line) => line.length > 80 || !/^( {2}(ok|missing|degraded) |$)/.test(line)),
        [],
      );
      assert.match(block, /^ {2}missing {3}shared-root {4}a file in .*…$/m);
      assert.doesNotMatch(stdout, /mountPath/);
      const byVariable = await examined(roots, { env: { GO_K8S_CONTAINER_PID: String(sidecar.pid) } });
      assert.deepEqual([byVariable.status, byVariable.finding("shared-root").status], [1, "missing"]);
    } finally {
      await sidecar.close();
    }
  });
});

test("few descriptors and few processes are told", async () => {
  await beside({}, async (_, roots) => {
    const files = await examined(roots, { before: ["prlimit", "--nofile=90:90"] });
    assert.equal(files.finding("descriptors").status, "degraded");
    assert.match(files.finding("descriptors").what, /^\d+ of 90 in use$/);
  });
  // Not the user of test/e2e/limits.test.ts, which may run meanwhile.
  await beside({ uid: 54_322 }, async ({ pid }, roots) => {
    const asUser = ["--reuid=54322", "--regid=54322", "--clear-groups", "prlimit", "--pid", String(pid)];
    assert.equal(spawnSync("setpriv", [...asUser, "--nproc=20"]).status, 0);
    const { finding } = await examined(roots);
    assert.deepEqual(
      [finding("processes").status, finding("processes").what],
      ["degraded", "19 more may be started (ulimit -u of user 54322)"],
    );
    await inCgroups(pid, async (directories) => {
      writeFileSync(path.join(directories.get("pids") ?? directories.get("") ?? "", "pids.max"), "3");
      const { status, finding: found } = await examined(roots);
      assert.deepEqual([status, found("processes").status], [0, "degraded"]);
      assert.equal(found("processes").what, "2 more may be started (pids.max of its cgroups)");
    });
  });
});

test("a limit of processes counts only where steps join its cgroup", async () => {
  await beside({}, async ({ pid }, roots) =>
    inCgroups(pid, async (directories) => {
      const limited = directories.get("pids");
      writeFileSync(path.join(limited ?? directories.get("") ?? "", "pids.max"), "1");
      const joined = await examined(roots);
      assert.deepEqual([joined.status, joined.finding("processes").status], [1, "missing"]);
      // As a runtime mounts a container's own: by the guest's mounts it is read, and for version 1 never joined.
      if (limited !== undefined) {
        const mount = 'mkdir all own && mount -t cgroup -o pids none all && mount --bind "all/$1" own';
        inside(pid, "sh", "-c", `cd /tmp && ${mount}`, "sh", path.basename(limited));
      }
      const before = ["unshare", "--mount", "sh", "-c", 'umount -R /sys/fs/cgroup && exec "$@"', "sh"];
      const apart = await examined(roots, { before });
      assert.deepEqual([apart.status, apart.finding("cgroup").status], [0, "degraded"]);
      assert.deepEqual(
        [apart.finding("processes").status, apart.finding("processes").what],
        ["ok", "no limit is to be seen"],
      );
    }),
  );
});

test("colours are for a terminal, and NO_COLOR is respected", async () => {
  await beside({}, async (_, roots) => {
    const onTerminal = async (env: NodeJS.ProcessEnv): Promise<string> => {
      const command = `${CLI} doctor ${roots.join(" ")}`;
      const child = spawn("script", ["-qec", command, "/dev/null"], {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...plainEnvironment(), ...env },
      });
      let screen = "";
      child.stdout.on("data", (chunk: Buffer) => (screen += chunk.toString()));
      assert.deepEqual(await once(child, "close"), [0, null]);
      return screen;
    };
    assert.ok((await onTerminal({ NO_COLOR: "" })).includes(`  ${ESCAPE}[32mok${ESCAPE}[0m        kernel`));
    const plain = await onTerminal({ NO_COLOR: "1" });
    assert.ok(!plain.includes(ESCAPE));
    assert.match(plain, /^ {2}ok {8}kernel/m);
  });
});

test("killed before it removes its file, it leaves one that the next connect() removes", async () => {
  await beside({}, async ({ pid, sharedRoot, containerRoot }, roots) => {
    const { signal } = await doctor(roots, { before: forbid("kill", "unlink") });
    assert.equal(signal, "SIGSYS");
    assert.match(readdirSync(sharedRoot).join(" "), /^[\da-f-]{36}\.sh$/);
    const guest = await connect({ pid, sharedRoot, containerRoot });
    guest.close();
  });
});

test("it leaves its own marks nowhere: no process, no file in the guest", async () => {
  await beside({}, async ({ pid }, roots) => {
    const inGuest = `/proc/${pid}/root/tmp`;
    mkdirSync(`${inGuest}/other`);
    const { ino } = statSync(`${inGuest}/other`);
    await examined([...roots.slice(0, 2), "--container-root", "/tmp/other"]);
    assert.deepEqual(readdirSync(`${inGuest}/other`), []);
    assert.ok(existsSync(`${inGuest}/other`) && statSync(`${inGuest}/other`).ino === ino);
  });
});

test("under Deno without --allow-ffi only nsenter is left, and the mend is Deno's", async (t) => {
  if (!canRun(t, ["deno"])) return;
  const permissions = ["--allow-read", "--allow-write", "--allow-run", "--allow-env", "--allow-sys"];
  const program = [deno(), "run", "--no-prompt", ...permissions, path.join(REPOSITORY, "dist/cli/main.js")];
  await beside({}, async ({ pid }, roots) => {
    const target = [...roots, "--pid", String(pid)];
    const refused = await examined(target, { program });
    assert.deepEqual([refused.status, refused.finding("entry").status], [1, "missing"]);
    const { status, finding, report } = await examined([...target, "--allow-degraded"], { program });
    assert.equal(status, 0);
    assert.deepEqual([finding("ffi").status, finding("entry").status], ["degraded", "degraded"]);
    assert.match(finding("ffi").mend?.text ?? "", /--allow-ffi/);
    assert.equal(report.containers[0]?.backend, "nsenter");
  });
});
