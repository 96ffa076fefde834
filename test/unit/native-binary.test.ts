import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { DF_1_PIE, DT, PT, readElf, SHT } from "../support/elf.ts";
import { REPOSITORY } from "../support/programs.ts";
import { canRun } from "../support/require.ts";

const BUILD = path.join(REPOSITORY, "native/build");
const ET_DYN = 3;

/** In KiB. The helper is written into a memfd for each guest, so it had better stay small. */
const MOST: Readonly<Record<string, number>> = { helper: 28, pause: 8 };

/** For every architecture that was built, without running it. */
test("the programs' files are hardened", async (t) => {
  if (!canRun(t, ["cc"])) return;
  const files = readdirSync(BUILD);
  for (const [program, most] of Object.entries(MOST)) {
    const built = files.filter((name) => name.startsWith(`${program}-`) && !name.includes("."));
    assert.ok(built.includes(`${program}-${process.arch}`));
    for (const name of built) await t.test(name, () => check(path.join(BUILD, name), most));
  }
});

function check(file: string, most: number): void {
  const elf = readElf(file);
  const ofType = (type: number): typeof elf.segments => elf.segments.filter((segment) => segment.type === type);

  assert.equal(elf.type, ET_DYN, "it is loaded at a random address");
  assert.equal((elf.dynamic.get(DT.flags1) ?? 0n) & DF_1_PIE, DF_1_PIE, "it is a program, not a library");
  assert.deepEqual(ofType(PT.interpreter), [], "no dynamic loader runs before it");
  assert.equal(elf.dynamic.has(DT.needed), false, "it needs no library");

  const [stack, ...more] = ofType(PT.stack);
  assert.deepEqual([stack?.executable, more.length], [false, 0], "its stack is not executable");
  const loaded = ofType(PT.load);
  assert.ok(loaded.length > 0);
  for (const segment of loaded) assert.ok(!(segment.writable && segment.executable), "nothing writable is executable");

  // start.c applies none, and without relocations nothing needs to be writable at first and read-only later.
  for (const tag of [DT.rela, DT.rel, DT.relr, DT.jmprel, DT.textrel]) assert.equal(elf.dynamic.has(tag), false);
  for (const type of Object.values(SHT)) assert.equal(elf.sectionTypes.includes(type), false);

  assert.ok(statSync(file).size < most * 1024, `${statSync(file).size} bytes`);
}
