import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chownSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";

import { CLI, cli } from "../support/cli.ts";
import { withGuest } from "../support/contract.ts";
import { REPOSITORY } from "../support/programs.ts";
import { refusingVolume } from "../support/refusing-volume.ts";
import { canRun } from "../support/require.ts";

const PAUSE = readFileSync(path.join(REPOSITORY, `native/build/pause-${process.arch}`));

function makeDirectory(t: TestContext): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-install-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function mode(file: string): string {
  return (statSync(file).mode & 0o7777).toString(8);
}

/** Everything below a directory, by its path there. */
function below(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).toSorted();
}

test("pause is installed, and nothing else", async (t) => {
  const directory = makeDirectory(t);
  const { status, stdout, stderr } = await cli(["install", directory]);
  assert.deepEqual([status, stdout, stderr], [0, `${directory}/pause\n`, ""]);
  assert.deepEqual(readdirSync(directory), ["pause"]);
  assert.deepEqual(readFileSync(path.join(directory, "pause")), PAUSE);
});

test("a volume that refuses chmod is installed to, where everybody can read and run what it makes", async (t) => {
  if (!canRun(t, ["root", "unshare", "bindfs"])) return;
  const volume = await refusingVolume(["--chmod-deny", "--chown-deny", "--chgrp-deny"]);
  const run = (mask: string): ReturnType<typeof spawnSync> =>
    spawnSync("sh", ["-c", `umask ${mask}; exec "$0" install "$1" --helper --cli`, CLI, volume.directory], {
      encoding: "utf8",
    });
  try {
    const { status, stderr } = run("022");
    assert.deepEqual([status, stderr], [0, ""]);
    for (const name of ["pause", "k8s-executor-helper", "k8s-executor", "k8s-executor/dist/cli/k8s-executor"]) {
      assert.equal(mode(path.join(volume.directory, name)), "755", name);
    }
    const before = readdirSync(volume.directory);
    const masked = run("077");
    assert.equal(masked.status, 125);
    assert.match(String(masked.stderr), /^k8s-executor: the directory ".*" may not be written by this user; .*\n$/);
    assert.deepEqual(readdirSync(volume.directory), before);
  } finally {
    await volume.close();
  }
});

test("a container of any user can read and run what is installed, whatever our umask", (t) => {
  const directory = makeDirectory(t);
  const command = `umask 077; exec "$0" install "$1" --helper --cli`;
  const { status, stderr } = spawnSync("sh", ["-c", command, CLI, directory], { encoding: "utf8" });
  assert.deepEqual([status, stderr], [0, ""]);
  for (const name of below(directory)) {
    const file = path.join(directory, name);
    if (readlinkOf(file) === undefined)
      assert.match(mode(file), statSync(file).isDirectory() ? /^755$/ : /^(755|644)$/);
  }
  for (const name of ["pause", "k8s-executor-helper", "k8s-executor/bin/k8s-executor"]) {
    assert.equal(mode(path.join(directory, name)), "755", name);
  }
});

function readlinkOf(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch {
    return undefined;
  }
}

test("the installed command line runs steps by itself, wherever the volume is", async (t) => {
  if (!canRun(t, ["unshare", "cc"])) return;
  const directory = makeDirectory(t);
  const first = path.join(directory, "first");
  mkdirSync(first);
  const { stdout } = await cli(["install", first, "--cli", "--helper"]);
  const names = ["pause", "k8s-executor-helper", "k8s-executor/bin/k8s-executor"];
  assert.equal(stdout, names.map((name) => `${first}/${name}\n`).join(""));
  const moved = path.join(directory, "elsewhere");
  cpSync(first, moved, { recursive: true, verbatimSymlinks: true });
  rmSync(first, { recursive: true });
  const command = path.join(moved, "k8s-executor/bin/k8s-executor");
  await withGuest({}, ({ pid }) => {
    for (const backend of ["native", "helper"]) {
      const args = ["exec", "--backend", backend, "--pid", String(pid), "echo", "hello"];
      const { status, stdout: said, stderr } = spawnSync(command, args, { encoding: "utf8" });
      assert.deepEqual([said, stderr, status], ["hello\n", "", 0]);
    }
    return Promise.resolve();
  });
});

test("what is there is replaced: also a program that runs, and a link is not followed", async (t) => {
  const directory = makeDirectory(t);
  const pause = path.join(directory, "pause");
  await cli(["install", directory]);
  const running = spawn(pause, { stdio: "ignore" });
  await once(running, "spawn");
  assert.equal((await cli(["install", directory])).status, 0);
  assert.match(readlinkSync(`/proc/${running.pid}/exe`), /pause \(deleted\)$/, "the file was replaced, not written to");
  running.kill("SIGKILL");

  const precious = path.join(directory, "precious");
  writeFileSync(precious, "precious");
  rmSync(pause);
  symlinkSync(precious, pause);
  assert.equal((await cli(["install", directory])).status, 0);
  assert.equal(readlinkOf(pause), undefined);
  assert.deepEqual([readFileSync(precious, "utf8"), readFileSync(pause)], ["precious", PAUSE]);
});

test("an earlier command line is replaced as a whole", async (t) => {
  const directory = makeDirectory(t);
  await cli(["install", directory, "--cli"]);
  const fresh = below(directory);
  writeFileSync(path.join(directory, "k8s-executor/dist/of-an-earlier-version.js"), "");
  assert.equal((await cli(["install", directory, "--cli"])).status, 0);
  assert.deepEqual(below(directory), fresh);
});

/** Installs what cannot be installed: one sentence, and the directory is as it was. */
async function refused(directory: string, args: readonly string[], expected: RegExp): Promise<void> {
  const before = below(directory);
  const { status, stdout, stderr } = await cli(["install", ...args]);
  assert.deepEqual([status, stdout], [125, ""]);
  assert.match(stderr, /^k8s-executor: [^\n]+\n$/);
  assert.match(stderr, expected);
  assert.deepEqual(below(directory), before);
}

test("a command line that cannot be right is refused in one sentence", async (t) => {
  const directory = makeDirectory(t);
  await refused(directory, [], /install needs a directory; name the one/);
  await refused(directory, [""], /the directory is empty; name/);
  await refused(directory, [directory, "/tmp"], /takes one directory, and "\/tmp" is another; give one/);
  await refused(directory, [directory, "--force"], /the option --force is unknown; see/);
  await refused(directory, [directory, "--cli=yes"], /--cli takes no value; see/);
});

test("a directory that is none is refused in one sentence", async (t) => {
  const directory = makeDirectory(t);
  const file = path.join(directory, "file");
  writeFileSync(file, "");
  await refused(directory, [`${directory}/missing`], /the directory ".*\/missing" does not exist; create it, or mount/);
  await refused(directory, [file], /the directory ".*\/file" is not a directory; give/);
  await refused(directory, [`${file}/below`], /is not a directory; give/);
  assert.equal(spawnSync("mkfifo", [`${directory}/fifo`]).status, 0);
  await refused(directory, [`${directory}/fifo`], /is not a directory; give/);
});

test("somebody else's directory is not replaced, nor is what was to be installed beside it", async (t) => {
  const directory = makeDirectory(t);
  const theirs = path.join(directory, "k8s-executor");
  const there = /".*k8s-executor" is there already and was not made by k8s-executor install; remove it/;
  mkdirSync(theirs);
  copyFileSync(path.join(REPOSITORY, "package.json"), path.join(theirs, "package.json"));
  await refused(directory, [directory, "--cli"], there);
  mkdirSync(path.join(theirs, "bin"));
  writeFileSync(path.join(theirs, "bin/k8s-executor"), "");
  await refused(directory, [directory, "--cli"], there);
  rmSync(path.join(theirs, "bin/k8s-executor"));
  symlinkSync("../their/own", path.join(theirs, "bin/k8s-executor"));
  await refused(directory, [directory, "--cli"], there);
  rmSync(theirs, { recursive: true });
  const elsewhere = makeDirectory(t);
  assert.equal((await cli(["install", elsewhere, "--cli"])).status, 0);
  symlinkSync(path.join(elsewhere, "k8s-executor"), theirs);
  await refused(directory, [directory, "--cli"], there);
  rmSync(theirs);
  mkdirSync(path.join(directory, "pause"));
  await refused(directory, [directory, "--cli"], /".*\/pause" is a directory; remove it/);
});

/** Installs to a file system of its own, of 64 KiB, and says what is there afterwards. */
function installTo(directory: string, mountOptions: string, ...args: readonly string[]): string[] {
  const script = `mount -t tmpfs -o size=64k none "$0" && echo old > "$0/pause" && mount -o "remount,$1" "$0"
    shift; "$@"; status=$?; ls -A "$0"; cat "$0/pause"; exit $status`;
  const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  const command = [directory, mountOptions, CLI, "install", directory, ...args];
  const { status, stdout, stderr } = spawnSync("unshare", ["--mount", ...user, "sh", "-c", script, ...command], {
    encoding: "utf8",
  });
  assert.equal(status, 125, stderr);
  return [stdout, stderr.replace(directory, "DIR")];
}

test("a volume that is full or read-only is told, and is as it was", (t) => {
  if (!canRun(t, ["unshare"])) return;
  const directory = makeDirectory(t);
  assert.deepEqual(installTo(directory, "rw", "--helper", "--cli"), [
    "pause\nold\n",
    `k8s-executor: the directory "DIR" is full; free some space, or raise the volume's sizeLimit\n`,
  ]);
  assert.deepEqual(installTo(directory, "ro"), [
    "pause\nold\n",
    `k8s-executor: the directory "DIR" is read-only; mount the volume without readOnly in the container that installs\n`,
  ]);
});

test("a directory that we may not write to is told", (t) => {
  if (!canRun(t, ["root", "setpriv"])) return;
  const directory = makeDirectory(t);
  chownSync(directory, 1000, 1000);
  const powerless = ["--bounding-set=-dac_override,-dac_read_search", CLI, "install", directory];
  const { status, stderr } = spawnSync("setpriv", powerless, { encoding: "utf8" });
  assert.equal(status, 125);
  assert.match(
    stderr,
    /^k8s-executor: the directory ".*" may not be written by this user; install as a user who may, /,
  );
});

test("what was not built, or is not there, is told before anything is written", async (t) => {
  const directory = makeDirectory(t);
  const copy = path.join(makeDirectory(t), "package");
  for (const name of ["dist", "native/build", "package.json", "LICENSE", "node_modules/uuid"]) {
    cpSync(realpathSync(path.join(REPOSITORY, name)), path.join(copy, name), { recursive: true });
  }
  const tryInstall = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync(path.join(copy, "dist/cli/k8s-executor"), ["install", ...args], {
      encoding: "utf8",
    });
    assert.deepEqual([status, stdout], [125, ""]);
    assert.deepEqual(readdirSync(directory), []);
    return stderr;
  };
  const noKoffi = /^k8s-executor: the package koffi, which the command line needs, is not installed; run npm ci\n$/;
  assert.match(tryInstall(directory, "--cli"), noKoffi);
  for (const program of ["helper", "pause"]) {
    rmSync(path.join(copy, `native/build/${program}-${process.arch}`));
    const expected = `k8s-executor: the program ${program} was not built for ${process.arch}; build the package where there is a C compiler for it (npm run build)\n`;
    assert.equal(tryInstall(directory, "--helper"), expected);
  }
});
