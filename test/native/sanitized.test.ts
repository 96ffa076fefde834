import assert from "node:assert/strict";
import { closeSync, openSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { decodeEnd, RECORD_SIZE } from "../../src/backend/record.ts";
import { ATTRIBUTES, NAMESPACE_FLAGS } from "../../src/container/index.ts";
import { canRun } from "../support/require.ts";
import { Compilation } from "./compile.ts";
import { sampleRequests, type SampleRequest } from "./requests.ts";
import { runSanitized } from "./sanitizer.ts";

/** Our C as hosted programs: it makes its system calls itself, so only its start needs a replacement. */
test("our C under AddressSanitizer and UndefinedBehaviorSanitizer", async (t) => {
  if (!canRun(t, ["cc", "unshare"])) return;
  const compilation = new Compilation("cc", "address,undefined");
  try {
    const objects = compilation.objects("helper");
    const pause = compilation.objects("pause");
    for (const source of readdirSync(import.meta.dirname).filter((name) => name.endsWith("-test.c"))) {
      const tested = source.startsWith("pause-") ? pause : objects;
      await t.test(source, () => void runSanitized(compilation.program(source, tested)));
    }
    await t.test("a record that C wrote is read by TypeScript", () => {
      checkRecord(runSanitized(compilation.program("print-record.c", [])));
    });
    await t.test("a request that TypeScript wrote is read by C", async () => {
      const program = compilation.program("print-request.c", objects);
      for (const sample of await sampleRequests()) checkRequest(program, sample);
    });
  } finally {
    compilation.close();
  }
});

function checkRecord(bytes: Buffer): void {
  assert.equal(bytes.length, RECORD_SIZE);
  assert.deepEqual(decodeEnd(bytes), {
    stage: "exec",
    errno: 2,
    detail: 0x20000,
    waitStatus: 0x300,
    survivors: 7,
    uncounted: true,
    userMicroseconds: 0x100000001n,
    systemMicroseconds: 0x100000002n,
    maxRssKib: 0x100000003n,
    targetGone: true,
    unreaped: false,
    scriptLeft: true,
    subreaperLost: true,
    outputCut: false,
    residentLost: true,
    relayed: false,
    keptCgroup: true,
    keptOomScore: false,
    keptLimits: true,
    keptGroups: true,
    keptAttributes: ["CPU affinity", "nice value"],
    cgroupErrno: 13,
    group: 4711,
    cwdErrno: 20,
    scriptErrno: 1,
    scriptInMemory: true,
  });
}

function checkRequest(program: string, { container, step, bytes }: SampleRequest): void {
  const { namespaces, limits, attributes, oomScoreAdj, cgroups, pid } = container;
  const { identity } = step;
  const file = path.join(path.dirname(program), "request");
  writeFileSync(file, bytes);
  const fd = openSync(file, "r");
  const printed = JSON.parse(runSanitized(program, fd).toString()) as Record<string, unknown>;
  closeSync(fd);
  const hex = (text: string | Buffer): string => Buffer.from(text).toString("hex");
  assert.deepEqual(printed, {
    pid,
    uid: identity.uid,
    gid: identity.gid,
    umask: identity.umask,
    ourUid: identity.ourUid,
    ourGid: identity.ourGid,
    permitted: (identity.capabilities.permitted & identity.capabilities.bounding).toString(16),
    inheritable: identity.capabilities.inheritable.toString(16),
    ambient: identity.capabilities.ambient.toString(16),
    oomScoreAdj: oomScoreAdj ?? 0,
    cgroups: cgroups?.processes.length ?? 0,
    limits: limits.flatMap(({ resource, soft, hard }) => [resource, soft, hard]).map((part) => part.toString(16)),
    attributes: attributes.values.flatMap(([name, value]) =>
      [BigInt(ATTRIBUTES.indexOf(name)), BigInt.asUintN(64, value)].map((part) => part.toString(16)),
    ),
    affinity: attributes.affinity.map((word) => word.toString(16)),
    groups: identity.groups,
    namespaces: namespaces.flatMap(({ name, inode }) => [NAMESPACE_FLAGS[name], inode]),
    name: hex(step.script?.name ?? ""),
    cwd: hex(step.cwd),
    candidates: step.candidates.map(hex),
    arguments: step.arguments.map(hex),
    environment: step.environment.map(hex),
    script: hex(step.script?.bytes ?? ""),
  });
}
