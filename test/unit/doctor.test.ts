import assert from "node:assert/strict";
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";

import { formatReport, wrap } from "../../src/cli/doctor-text.ts";
import { examineContainer } from "../../src/doctor/examine-container.ts";
import { fault } from "../../src/doctor/finding.ts";
import type { Report } from "../../src/doctor/index.ts";
import { checkKernel } from "../../src/doctor/kernel.ts";
import { byHand } from "../../src/doctor/mend.ts";
import { checkPidNamespace } from "../../src/doctor/pid-namespace.ts";
import { mountFor, volumeOf } from "../../src/doctor/agent-volume.ts";
import { mountShared } from "../../src/doctor/volume.ts";
import { printable } from "../../src/system/printable.ts";
import { writeInside } from "../../src/doctor/write-inside.ts";
import { makeMarkedFile, openSharedRoot } from "../../src/step/index.ts";
import { Descriptors } from "../../src/system/index.ts";
import { mergeManifest } from "../pod/merge-manifest.ts";

test("what a kernel lacks is told, with what that means", () => {
  for (const [release, status, what] of [
    ["6.18.44-fc", "ok", /^Linux 6.18.44-fc, which has all that is used$/],
    ["5.9.0", "ok", /all/],
    ["5.8.0-63-generic", "degraded", /^Linux 5.8.0-63-generic lacks close_range$/],
    ["5.2.1", "degraded", /lacks pidfds, CLONE_INTO_CGROUP, close_range$/],
    ["4.18.0-553.el8", "degraded", /pidfds/],
    ["4.4.0", "missing", /^Linux 4.4.0 is too old$/],
    ["3.10.0", "missing", /too old/],
    ["strange", "ok", /unknown version number/],
  ] as const) {
    const finding = checkKernel(release);
    assert.equal(finding.status, status, release);
    assert.match(finding.what, what);
  }
});

test("the machine's own process namespace is told from a Pod's", () => {
  const { status, what, mend } = checkPidNamespace([], true);
  assert.equal(status, "degraded");
  assert.match(what, /^the machine's own/);
  assert.equal(mend?.yaml, "spec:\n  hostPID: false\n  shareProcessNamespace: true");
});

test("what a terminal obeys, or does not show, is shown as its code", () => {
  assert.equal(printable("a\u001b[2Jb\u009bc"), "a{U+001B}[2Jb{U+009B}c");
  assert.equal(printable("\u202Egnirts\u2066\u200b\ud800\u0007"), "{U+202E}gnirts{U+2066}{U+200B}{U+D800}{U+0007}");
  assert.equal(printable("line\r\nline\u2028line"), "line line line");
  assert.equal(printable("größe 測試 😀"), "größe 測試 😀");
  assert.equal(printable("x".repeat(10_000)).length, 600);
});

test("a finding's texts are printable, whatever is in them", () => {
  const { what, effect, mend } = fault("entry", "missing", {
    what: "\u001b",
    effect: "\u001b",
    mend: byHand("\u001b"),
  });
  assert.deepEqual([what, effect, mend?.text], ["{U+001B}", "{U+001B}", "{U+001B}"]);
});

test("text is broken at spaces, and where there is none, at the width", () => {
  assert.deepEqual(wrap("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrap("one two three", 13), ["one two three"]);
  assert.deepEqual(wrap("a /very/long/path b", 6), ["a", "/very/", "long/p", "ath b"]);
  assert.deepEqual(wrap("", 10), []);
});

test("no line of a report is longer than 80 characters", () => {
  const long = `${"word ".repeat(40)}${"x".repeat(200)}`;
  const checks = (["missing", "degraded"] as const).map((status) =>
    fault("pid-namespace", status, { what: long, effect: long, mend: byHand(long) }),
  );
  const report: Report = { ok: false, agent: { name: long, pid: 1, uid: 0, checks }, containers: [], summary: [long] };
  for (const line of formatReport(report, false).split("\n"))
    assert.ok(line.length <= 80 && line === line.trimEnd(), line);
});

test("what a container puts in place of our file is not written to", () => {
  const directory = mkdtempSync(path.join(os.tmpdir(), "k8s-executor-inside-"));
  const root = new Descriptors();
  const shared = openSharedRoot(path.join(directory));
  try {
    const victim = path.join(directory, "victim");
    writeFileSync(victim, "kept");
    const inside = root.directory(directory);
    const file = makeMarkedFile(shared);
    const place = path.join(directory, file.name);
    writeInside(inside, `/${file.name}`, file, "written");
    assert.equal(file.read(100), "written");
    for (const replace of [() => symlinkSync("victim", place), () => linkSync(victim, place), () => mkdirSync(place)]) {
      rmSync(place, { recursive: true });
      replace();
      assert.throws(() => writeInside(inside, `/${file.name}`, file, "overwritten"));
      assert.equal(readFileSync(victim, "utf8"), "kept");
    }
    rmSync(place, { recursive: true });
    file.remove();
    unlinkSync(victim);
  } finally {
    root.close();
    shared.close();
    rmSync(directory, { recursive: true });
  }
});

test("lines for a manifest are added as someone would who reads them", () => {
  const into = {
    spec: { containers: [{ name: "agent", env: [{ name: "A", value: "1" }], add: ["X"], user: 1 }, { name: "b" }] },
  };
  const from = {
    spec: { share: true, containers: [{ name: "agent", env: [{ name: "B" }], add: ["X", "Y"], user: 0 }] },
  };
  assert.deepEqual(mergeManifest(into, from), {
    spec: {
      share: true,
      containers: [
        { name: "agent", env: [{ name: "A", value: "1" }, { name: "B" }], add: ["X", "Y"], user: 0 },
        { name: "b" },
      ],
    },
  });
});

test("the volume's name is told from its directory on the machine, where that has the name", () => {
  const pod = "/var/lib/kubelet/pods/5c3ad7f0-0000-4000-8000-000000000000";
  for (const [root, name, subPath] of [
    [`${pod}/volumes/kubernetes.io~empty-dir/pipelines`, "pipelines", ""],
    ["/kubelet/pods/uid/volumes/kubernetes.io~empty-dir/pipelines/a/b", "pipelines", "a/b"],
    ["/var/lib/containers/storage/volumes/pipelines/_data", "pipelines", ""],
    // Those of a claim, of the machine, in memory.
    [`${pod}/volumes/kubernetes.io~csi/pvc-1234/mount`, undefined, ""],
    [`${pod}/volumes/kubernetes.io~empty-dir/\u001b[2J`, undefined, ""],
    ["/srv/builds", undefined, ""],
    ["/", undefined, ""],
  ] as const) {
    assert.deepEqual(volumeOf("/go/work", [root, "/go"]), { name, subPath, below: "work" }, root);
  }
  assert.equal(volumeOf("/go", ["/", "/"]), undefined);
});

test("another container mounts the volume so that the shared root is where it looks for it", () => {
  const volume = { name: "pipelines", subPath: "", below: "" };
  assert.deepEqual(mountFor(volume, "/work"), { mountPath: "/work", subPath: "" });
  assert.deepEqual(mountFor({ ...volume, below: "ws" }, "/work/ws"), { mountPath: "/work", subPath: "" });
  assert.deepEqual(mountFor({ ...volume, below: "ws" }, "/work"), { mountPath: "/work", subPath: "ws" });
  assert.deepEqual(mountFor({ ...volume, below: "ws" }, "/ws"), { mountPath: "/ws", subPath: "ws" });
  assert.deepEqual(mountFor({ ...volume, subPath: "a", below: "ws" }, "/x"), { mountPath: "/x", subPath: "a/ws" });
  const { yaml } = mountShared("agent", "maven", { ours: "/go", theirs: "/go" }, { ...volume, name: undefined });
  assert.match(
    yaml ?? "",
    /^spec:\n {2}containers:\n {4}- name: maven\n.*\n +- name: shared-workspace # the volume's name\n/,
  );
});

test("a container that has ended meanwhile counts only where it was asked for", async () => {
  const gone = {
    name: undefined,
    id: undefined,
    uid: undefined,
    agent: "agent",
    sharedRoot: undefined,
    config: undefined,
    allowDegraded: false,
  };
  const subject = { ...gone, label: "it", pid: 4_194_305 };
  assert.equal(await examineContainer({ ...subject, isChosen: false }), undefined);
  const report = await examineContainer({ ...subject, isChosen: true });
  assert.deepEqual([report?.runs, report?.checks[0]?.check, report?.checks[0]?.status], [false, "access", "missing"]);
});
