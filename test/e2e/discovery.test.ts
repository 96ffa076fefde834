import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync, type SpawnSyncReturns } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";

import { mainCandidates } from "../../src/discovery/main-process.ts";
import { Membership } from "../../src/discovery/membership.ts";
import { connect, containers, type ContainerInfo } from "../../src/index.ts";
import { accessProc, type Proc } from "../../src/system/index.ts";
import { inCgroups } from "../support/cgroups.ts";
import { cli, CLI } from "../support/cli.ts";
import { childrenOf, descendantsOf, killIfAlive, openDescriptors } from "../support/children.ts";
import { withGuest } from "../support/contract.ts";
import { withAlone } from "../support/own-namespace.ts";
import { canRun } from "../support/require.ts";
import { until } from "../support/until.ts";

/** Other tests have guests at the same time: a name of our own. */
function newName(): string {
  return `maven-${randomUUID().slice(0, 8)}`;
}

async function find(pid: number): Promise<ContainerInfo | undefined> {
  return (await containers()).find((info) => info.pid === pid);
}

function inTemporary(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-test-"));
  return body(directory).finally(() => rmSync(directory, { recursive: true, force: true }));
}

const WAITING = "echo ready; exec sleep infinity";

test("what a container is: its main process, user, names, namespaces and cgroup", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const name = newName();
  const env = { K8S_EXECUTOR_CONTAINER: name, GO_K8S_CONTAINER_NAME: `${name}-too` };
  await withGuest({ uid: 1000, env }, async ({ pid }) => {
    const started = Date.now();
    const info = await find(pid);
    const before = openDescriptors();
    for (let time = 0; time < 10; time++) await find(pid);
    // What the guest was made with may be closed meanwhile.
    assert.ok(openDescriptors() <= before);
    assert.ok(info);
    const { startedAt, cgroup, ...rest } = info;
    assert.deepEqual(rest, {
      role: "guest",
      name,
      names: [
        { name, source: "K8S_EXECUTOR_CONTAINER" },
        { name: `${name}-too`, source: "GO_K8S_CONTAINER_NAME" },
      ],
      pid,
      uid: 1000,
      user: "builder",
      command: ["sleep", "infinity"],
      id: undefined,
      state: "running",
      sharedNamespaces: ["user", "time"],
      processes: 1,
      obstacle: undefined,
    });
    // The kernel counts ticks of 10 ms, and the clock may have been set meanwhile.
    assert.ok(Math.abs(startedAt.getTime() - started) < 3_600_000, String(startedAt));
    assert.ok(cgroup.memoryBytes === undefined || cgroup.memoryBytes > 0);
  });
});

test("the agent comes first, and is this process's own container", async (t) => {
  if (!canRun(t, ["unshare"])) return;
  await withGuest({}, async ({ pid }) => {
    const infos = await containers();
    assert.equal(infos[0]?.role, "agent");
    assert.ok(infos[0]?.sharedNamespaces?.includes("mnt"));
    assert.equal(infos.filter(({ role }) => role === "agent").length, 1);
    assert.equal(infos.find((info) => info.pid === pid)?.role, "guest");
  });
});

test("the agent's main process is the same for one whose parent has ended", async (t) => {
  if (!canRun(t, ["unshare"])) return;
  await inTemporary(async (directory) => {
    const [result, done] = ["result", "done"].map((name) => path.join(directory, name));
    const orphan = `sh -c 'sleep 0; "$0" containers --json > "$1"; : > "$2"' "$0" "$1" "$2" &`;
    execFileSync("sh", ["-c", orphan, CLI, result ?? "", done ?? ""]);
    await until("it has ended", () => existsSync(done ?? ""));
    const [agent] = JSON.parse(readFileSync(result ?? "", "utf8")) as ContainerInfo[];
    assert.deepEqual([agent?.role, agent?.pid], ["agent", (await containers())[0]?.pid]);
  });
});

test("chosen by either name and by the pid of any of its processes; a step is no container", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const name = newName();
  await withGuest({ namespaces: "mnt", env: { K8S_EXECUTOR_CONTAINER: name } }, async ({ pid }) => {
    await using guest = await connect({ container: name });
    assert.deepEqual([guest.pid, guest.names], [pid, [{ name, source: "K8S_EXECUTOR_CONTAINER" }]]);
    const step = guest.run({ script: "echo $$; exec sleep 1000" });
    const [line] = (await step[Symbol.asyncIterator]().next()).value?.split("\n") ?? [];
    const infos = await containers();
    assert.deepEqual(
      infos.filter((info) => info.pid === Number(line)),
      [],
    );
    assert.equal(infos.find((info) => info.pid === pid)?.processes, 2);
    // As for nsenter, a pid is that very process.
    await using other = await connect({ container: line });
    assert.equal(other.pid, Number(line));
    step.kill("SIGKILL");
    await step;
  });
});

test("what a step leaves behind is no container when the container has ended", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  await withGuest({ namespaces: "mnt" }, async ({ pid }) => {
    await using guest = await connect({ pid });
    const { stdout } = await guest.run({ script: "sleep 1000 > /dev/null 2>&1 & echo $!" });
    try {
      process.kill(pid, "SIGKILL");
      await until("it has ended", () => !guest.isAlive);
      assert.equal(await find(Number(stdout)), undefined);
    } finally {
      killIfAlive(Number(stdout));
    }
  });
});

test("a sandbox inside a container is no container of its own", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const script = `unshare --mount sleep 1000 & echo ready; wait`;
  await withAlone(script, {}, async ({ pid }) => {
    const children = (): string => readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim();
    const [own, sandbox] = [pid, Number(children())].map(
      (of) => (): string => spawnSync("readlink", [`/proc/${of}/ns/mnt`]).stdout.toString(),
    );
    await until("the sandbox is made", () => own?.() !== sandbox?.());
    assert.equal((await find(pid))?.role, "guest");
    assert.equal(await find(Number(children())), undefined);
    killIfAlive(Number(children()));
  });
});

test("a zombie is no main process, also where nobody says that it is in no namespace", async () => {
  const parent = spawn("sh", ["-c", "true & exec sleep 1000"]);
  try {
    const zombie = (): number => childrenOf(parent.pid ?? 0).find(({ state }) => state === "Z")?.pid ?? 0;
    await until("there is a zombie", () => zombie() > 0);
    assert.deepEqual(mainCandidates(accessProc(), new Set([zombie()])), []);
    const all = mainCandidates(accessProc(), new Set([zombie(), parent.pid ?? 0])).map(({ pid }) => pid);
    assert.deepEqual(all, [parent.pid]);
  } finally {
    parent.kill("SIGKILL");
    await once(parent, "exit");
  }
});

test("two of one name: the error lists both, and nothing is entered", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const name = newName();
  await withAlone(WAITING, { K8S_EXECUTOR_CONTAINER: name }, async (one) => {
    await withAlone(WAITING, { GO_K8S_CONTAINER_NAME: name }, async (other) => {
      const before = openDescriptors();
      await assert.rejects(connect({ container: name }), (error: { code: string; message: string }) => {
        assert.equal(error.code, "TARGET_AMBIGUOUS");
        for (const { pid } of [one, other]) assert.ok(error.message.includes(`${name} (pid ${pid})`), error.message);
        return true;
      });
      assert.equal(openDescriptors(), before);
    });
  });
});

test("a name that none has: the error lists what there is; the agent's is refused", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const name = newName();
  await withAlone(WAITING, { K8S_EXECUTOR_CONTAINER: name }, async ({ pid }) => {
    await assert.rejects(connect({ container: `${name}x` }), {
      code: "TARGET_NOT_FOUND",
      message: new RegExp(`no container is called "${name}x"; .*${name} \\(pid ${pid}\\)`),
    });
    await assert.rejects(connect({ container: String(process.pid) }), {
      code: "TARGET_NOT_ENTERABLE",
      message: /is this process's own container/,
    });
    for (const [options, message] of [
      [{ container: "" }, /the container's name is empty/],
      [{ container: name, pid }, /both a pid and a container/],
      [{ container: 5 }, /the option container is of type number/],
    ] as const) {
      await assert.rejects(connect(options as object), { code: "INVALID_OPTION", message });
    }
  });
});

test("what a container says of itself reaches no terminal and no message raw", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const evil = "\u001b[31mmaven\u009b2J\u202e";
  await withAlone(
    `${WAITING} ${evil}`.replace("infinity", "infinity #"),
    { K8S_EXECUTOR_CONTAINER: evil },
    async (one) => {
      const info = await find(one.pid);
      assert.deepEqual([info?.name, info?.names], [undefined, []]);
    },
  );
  await withAlone(`echo ready; : '${evil}'; sleep 1000; :`, {}, async ({ pid }) => {
    const { stdout, status } = await cli(["containers"]);
    assert.equal(status, 0);
    assert.match(stdout, new RegExp(`guest +${pid} `));
    assert.doesNotMatch(stdout, /[^\n\u0020-\u007e]/);
    await assert.rejects(connect({ container: evil }), (error: Error) => !error.message.includes("\u001b"));
  });
});

test("the command line: a table, JSON, a choice by name, and defaults from a file", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const name = newName();
  await inTemporary(async (directory) => {
    const config = path.join(directory, "k8s-executor.json");
    const defaults = { shell: "bash", user: "1000", cwd: "/tmp", env: { FROM: "file", GUEST: "file" } };
    writeFileSync(config, JSON.stringify({ containers: { [name]: defaults } }));
    const env = { K8S_EXECUTOR_CONTAINER: name, K8S_EXECUTOR_SHELL: "nonesuch", K8S_EXECUTOR_CWD: "/home" };
    await withGuest({ env }, async ({ pid }) => {
      const { stdout } = await cli(["containers", "--json"]);
      const infos = JSON.parse(stdout) as { name?: string; pid: number; role: string; startedAt: string }[];
      const found = infos.find((info) => info.name === name);
      assert.deepEqual([found?.pid, found?.role], [pid, "guest"]);
      assert.ok(Date.parse(found?.startedAt ?? "") > 0);
      assert.match((await cli(["containers"])).stdout, new RegExp(`^NAME +ROLE[^]*\n${name} +guest +${pid} +root `));

      const script = 'echo "$(pwd) $(id -u) $FROM $GUEST ${BASH_VERSION:+bash}"';
      const run = ["run", "--container", name, "--script", script];
      const given = await cli([...run, "--config", config]);
      assert.deepEqual([given.stderr, given.stdout, given.status], ["", "/tmp 1000 file file bash\n", 0]);
      const overruled = await cli([
        ...run,
        "--config",
        config,
        "--shell",
        "sh",
        "--user",
        "0",
        "--cwd",
        "/",
        "--env",
        "FROM=us",
      ]);
      assert.equal(overruled.stdout, "/ 0 us file \n");
      // Without the file, what the container says of itself.
      const own = await cli([...run, "--verbose"]);
      assert.match(own.stderr, new RegExp(`the container ${name}, process ${pid} by native`));
      assert.match(own.stderr, /the shell "nonesuch" was not found/);
      assert.equal(own.status, 127);
      const exec = await cli(["exec", "--container", name, "pwd"]);
      assert.equal(exec.stdout, "/home\n");
      // A variable names it too, and holds longer than the other's pid.
      const variables = { PATH: process.env["PATH"], K8S_EXECUTOR_TARGET: name, GO_K8S_CONTAINER_PID: "4194305" };
      assert.equal((await cli(["exec", "pwd"], { env: variables })).stdout, "/home\n");
      assert.equal((await cli(["exec", "--pid", "4194305", "pwd"], { env: variables })).status, 125);
      for (const [variable, value] of [
        ["K8S_EXECUTOR_TARGET", `${name}x`],
        ["GO_K8S_CONTAINER_PID", "4194305"],
      ] as const) {
        const wrong = await cli(["exec", "pwd"], { env: { PATH: process.env["PATH"], [variable]: value } });
        assert.match(
          wrong.stderr,
          new RegExp(`the variable ${variable} names the container: no (container is called|process has pid)`),
        );
      }
    });
  });
});

test("a configuration that is wrong is refused in one sentence, without its values", async (t) => {
  if (!canRun(t, ["unshare"])) return;
  await inTemporary(async (directory) => {
    const config = path.join(directory, "k8s-executor.json");
    const bad: [string, RegExp][] = [
      ["", /is no JSON/],
      ['{"containers": {"a": {"env": {"TOKEN": "s3cret"}', /is no JSON/],
      ["[]", /is no object; give \{ "containers"/],
      ['{"container": {}}', /has "container", which is unknown; give containers only/],
      ['{"containers": []}', /"containers" of .* is no object/],
      ['{"containers": {"a": 1}}', /the container "a" in .* is no object/],
      [
        '{"containers": {"a": {"shel": "sh"}}}',
        /the container "a" in .* has "shel", which is unknown; give shell, user/,
      ],
      ['{"containers": {"a": {"user": 1000}}}', /the option user of .* is of type number; give a string/],
      ['{"containers": {"a": {"env": {"TOKEN": 1}}}}', /has the variable "TOKEN", which is no text/],
    ];
    await withGuest({}, async ({ pid }) => {
      for (const [text, message] of bad) {
        writeFileSync(config, text);
        await assert.rejects(connect({ pid, config }), (error: { code: string; message: string }) => {
          assert.equal(error.code, "INVALID_OPTION");
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /s3cret|\n/);
          return true;
        });
      }
      execFileSync("mkfifo", [path.join(directory, "fifo")]);
      await assert.rejects(connect({ pid, config: path.join(directory, "fifo") }), /is no file of at most a megabyte/);
      await assert.rejects(connect({ pid, config: directory }), /is no file of at most a megabyte/);
    });
  });
});

test("without any privilege: what may not be looked into is listed as such, and nothing fails", async (t) => {
  if (!canRun(t, ["root", "unshare", "setpriv"])) return;
  const name = newName();
  const who = ["--reuid=1000", "--regid=1000", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"];
  // Beside a /proc that hides nothing, however the machine's is mounted.
  const shown = 'mount -t proc -o hidepid=0 proc /proc && exec setpriv "$@"';
  const unprivileged = (...args: string[]): SpawnSyncReturns<string> =>
    spawnSync("unshare", ["--mount", "sh", "-c", shown, "sh", ...who, CLI, ...args], { encoding: "utf8" });
  const look = async (pid: number): Promise<void> => {
    const { status, stdout, stderr } = unprivileged("containers", "--json");
    assert.deepEqual([status, stderr], [0, ""]);
    const infos = JSON.parse(stdout) as ContainerInfo[];
    assert.equal(infos[0]?.role, "agent");
    assert.ok(!stdout.includes(name));
    assert.match(infos.find((info) => info.pid === pid)?.obstacle ?? "", /not permitted/);
    for (const info of infos.slice(1)) assert.match(info.obstacle ?? "pause", /not permitted|pause|zombie/);
    // It may be one of those, so it is not said that there is none.
    const run = unprivileged("run", "--container", name, "--script", ":");
    assert.equal(run.status, 125);
    assert.match(
      run.stderr,
      /not permitted to look for "maven-.*" in the containers of process.*lacks CAP_SYS_PTRACE; add SYS_PTRACE/,
    );
  };
  // By its cgroups it is told from ours.
  await withAlone(WAITING, { K8S_EXECUTOR_CONTAINER: name }, ({ pid }) => inCgroups(pid, () => look(pid)));
});

test("the processor time of a container is its own, also where it is in the root of another hierarchy", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  await withAlone(WAITING, {}, async ({ pid }) => {
    // Of version 1, alone or with another controller; else the unified one.
    const cgroups = readFileSync("/proc/self/cgroup", "latin1");
    const [, hierarchy = ""] = /^\d+:((?:\w+,)*cpuacct(?:,\w+)*):/m.exec(cgroups) ?? [];
    const look = async (directories: Map<string, string>): Promise<void> => {
      const [directory] = directories.values();
      assert.ok(directory !== undefined, "no hierarchy with processor time is mounted here");
      const root = path.join(directory, "..");
      const all = hierarchy
        ? Number(readFileSync(path.join(root, "cpuacct.usage"), "latin1")) / 1e9
        : Number(/^usage_usec (\d+)$/m.exec(readFileSync(path.join(root, "cpu.stat"), "latin1"))?.[1]) / 1e6;
      const seconds = (await find(pid))?.cgroup.cpuSeconds ?? NaN;
      assert.ok(seconds >= 0 && seconds < all / 10, `${seconds} s of ${all} s`);
    };
    await inCgroups(pid, look, [hierarchy]);
  });
});

test("the kubelet's name for a container, from its termination log", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const name = newName();
  await inTemporary(async (directory) => {
    const log = path.join(directory, "pods/0a1b/containers", name, "01234abc");
    mkdirSync(path.dirname(log), { recursive: true });
    writeFileSync(log, "");
    const script = `mount --bind ${log} /etc/hostname; ${WAITING}`;
    await withAlone(script, {}, async ({ pid }) => {
      await using guest = await connect({ container: name });
      assert.deepEqual([guest.pid, guest.names], [pid, [{ name, source: "kubelet" }]]);
    });
  });
});

test("a container that runc is creating is seen and not entered, and found when it has started", async (t) => {
  if (!canRun(t, ["root", "runc", "jq", "busybox"])) return;
  await inTemporary(async (bundle) => {
    const name = newName();
    mkdirSync(path.join(bundle, "rootfs/bin"), { recursive: true });
    const sh = (script: string): string => execFileSync("sh", ["-ec", script], { cwd: bundle, encoding: "utf8" });
    const edit = `del(.process.rlimits) | .process.terminal = false | .process.args = ["/bin/busybox", "sleep", "1000"]
      | .process.env = ["K8S_EXECUTOR_CONTAINER=${name}"] | .linux.namespaces |= map(select(.type != "pid"))`;
    sh(`cp "$(command -v busybox)" rootfs/bin/; runc spec; jq '${edit}' config.json > c; mv c config.json`);
    sh(`runc create --pid-file pid ${name} < /dev/null > /dev/null 2>&1`);
    try {
      const pid = Number(readFileSync(path.join(bundle, "pid"), "utf8"));
      const seen = await find(pid);
      assert.deepEqual([seen?.state, seen?.name], ["being created", undefined]);
      const refused = { code: "TARGET_NOT_ENTERABLE", message: /is being created; wait until it has started/ };
      await assert.rejects(connect({ pid }), refused);
      await assert.rejects(connect({ container: name }), { code: "TARGET_NOT_FOUND" });
      sh(`runc start ${name}`);
      await until("it has started", () => readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("/bin/busybox"));
      await using guest = await connect({ container: name });
      assert.equal(guest.pid, pid);
      assert.equal((await find(pid))?.state, "running");
      assert.equal((await guest.exec(["/bin/busybox", "echo", "in"])).stdout, "in");
    } finally {
      sh(`runc delete --force ${name}`);
    }
  });
});

test("a runtime's program is told from an image's own of that name by the mount that it is on", async (t) => {
  if (!canRun(t, ["root", "unshare", "busybox"])) return;
  await inTemporary(async (directory) => {
    const prepare = `mount -t tmpfs none ${directory}; cp "$(command -v busybox)" ${directory}/crun; exec 9< ${directory}/crun; echo ready`;
    await withAlone(`${prepare}; exec -a sleep ${directory}/crun 1000`, {}, async ({ pid }) => {
      await until("it runs", () => readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("sleep"));
      assert.equal((await find(pid))?.state, "running");
      (await connect({ pid })).close();
    });
    const foreign = `${prepare.replace("; echo ready", "")}; umount -l ${directory}; echo ready; exec -a sleep /proc/self/fd/9 1000`;
    await withAlone(foreign, {}, async ({ pid }) => {
      await until("it runs", () => readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("sleep"));
      assert.equal((await find(pid))?.state, "being created");
      await assert.rejects(connect({ pid }), { code: "TARGET_NOT_ENTERABLE", message: /is being created/ });
    });
  });
});

test("a container that does not have our directory: the message says that it is ours, and how to do without", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  await withGuest({}, async ({ pid, sharedRoot }) => {
    const elsewhere = ["--pid", String(pid), "--shared-root", sharedRoot, "--container-root", "/nowhere"];
    const { status, stderr } = await cli(["exec", ...elsewhere, "pwd"], { cwd: sharedRoot });
    assert.equal(status, 125);
    assert.match(
      stderr,
      /"\/nowhere" does not exist in the container \(it is ours, .*\); give --container-root .* or --cwd \//,
    );
    assert.equal((await cli(["exec", ...elsewhere, "--cwd", "/", "pwd"], { cwd: sharedRoot })).stdout, "/\n");
  });
});

test("options that are nearly right are refused, and others pass", async (t) => {
  if (!canRun(t, ["unshare"])) return;
  await withGuest({}, async ({ pid }) => {
    const bad: [object, RegExp][] = [
      [{ contaner: "maven" }, /the option "contaner" is unknown; did you mean container\?/],
      [{ pid, sharedroot: "/" }, /"sharedroot" is unknown; did you mean sharedRoot\?/],
      [{ pdi: pid }, /"pdi" is unknown; did you mean pid\?/],
    ];
    for (const [options, message] of bad) await assert.rejects(connect(options), { code: "INVALID_OPTION", message });
    // Nearly a pid, but one is given.
    await using guest = await connect({ pid, uid: 0, shells: [] } as object);
    for (const [options, message] of [
      [{ timeOut: 5 }, /"timeOut" is unknown; did you mean timeout\?/],
      [{ container: "golang" }, /the option container is none of a step's; give it to connect/],
    ] as const) {
      await assert.rejects(guest.run({ script: ":", ...options }), { code: "INVALID_OPTION", message });
      await assert.rejects(guest.exec(["true"], options as object), { code: "INVALID_OPTION", message });
    }
    assert.equal((await guest.run({ script: ":", somethingElse: 1 } as never)).exitCode, 0);
  });
});

test("a container's own variables give its steps no user that it could not become", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const env = { K8S_EXECUTOR_USER: "0:0", K8S_EXECUTOR_SHELL: "bash" };
  await withGuest({ uid: 1000, env }, async ({ pid }) => {
    await using guest = await connect({ pid });
    const { stdout } = await guest.run({ script: "id -u; grep CapEff /proc/self/status; echo $BASH_VERSION" });
    assert.match(stdout ?? "", /^1000\nCapEff:\t0{16}\n\d/);
  });
  // Root without the capabilities to become another user cannot, either.
  await withGuest({ powerless: true, env: { K8S_EXECUTOR_USER: "1000" } }, async ({ pid }) => {
    await using guest = await connect({ pid });
    assert.equal((await guest.run({ script: "id -u" })).stdout, "0");
  });
  await withGuest({ env: { K8S_EXECUTOR_USER: "builder" } }, async ({ pid }) => {
    await using guest = await connect({ pid });
    assert.equal((await guest.run({ script: "id -u" })).stdout, "1000");
  });
});

test("a name that a process made up in a user namespace of its own, as the kubelet's, is none", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  const name = newName();
  const forge = `mount -t tmpfs none /mnt; mkdir -p /mnt/pods/0/containers/${name}; : > /mnt/pods/0/containers/${name}/deadbeef;
    mount --bind /mnt/pods/0/containers/${name}/deadbeef /etc/hostname; ${WAITING}`;
  const child = spawn("unshare", ["--user", "--map-root-user", "--mount", "bash", "-c", forge], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(child.stdout, "data");
    assert.ok(
      readFileSync(`/proc/${child.pid}/mountinfo`, "utf8").includes(
        `/pods/0/containers/${name}/deadbeef /etc/hostname`,
      ),
    );
    assert.deepEqual((await find(child.pid ?? 0))?.names, []);
    await assert.rejects(connect({ container: name }), { code: "TARGET_NOT_FOUND" });
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});

test("an environment of megabytes is not read, and those who share it are not read one by one", async (t) => {
  if (!canRun(t, ["root", "unshare"])) return;
  // As much as an execve takes: 2 MB here, where the stack may have 8.
  const environment = Object.fromEntries(
    Array.from({ length: 18 }, (_, index) => [`LARGE_${index}`, "x".repeat(110_000)]),
  );
  const name = newName();
  await withAlone(WAITING, { ...environment, K8S_EXECUTOR_CONTAINER: name }, async ({ pid }) => {
    // In the moment of its execve it has none.
    await until("it waits", () => readFileSync(`/proc/${pid}/environ`).length > 1024 * 1024);
    assert.deepEqual((await find(pid))?.names, []);
    // It may have the name, so nobody is told that none has it; by its pid it is entered.
    await assert.rejects(connect({ container: name }), { code: "PERMISSION_DENIED" });
    (await connect({ container: String(pid) })).close();
  });
});

test("processes that nobody may look into, each below the other, are each looked at once", async (t) => {
  if (!canRun(t, ["root", "unshare", "bash"])) return;
  const chain =
    'deep() { if [ "$1" -gt 0 ]; then bash -c "$(declare -f deep); deep $(($1 - 1))" & wait; else echo ready; exec sleep 1000; fi; }; deep 60';
  await withAlone(chain, {}, async ({ pid }) => {
    const reads = new Map<string, number>();
    const proc = accessProc();
    const count = (file: string): void => void reads.set(file, (reads.get(file) ?? 0) + 1);
    const counting: Proc = {
      ...proc,
      read: (file, limit) => (count(file), proc.read(file, limit)),
      readLine: (file) => (count(file), proc.readLine(file)),
    };
    const chained = [pid, ...descendantsOf(pid)].map((its) => ({ pid: its, mountNamespace: undefined }));
    assert.ok(chained.length > 60);
    const membership = new Membership(counting, chained);
    assert.equal(new Set(chained.toReversed().map((process) => membership.keyOf(process))).size, 1);
    assert.equal(Math.max(...reads.values()), 1, JSON.stringify([...reads].slice(0, 5)));
  });
});
