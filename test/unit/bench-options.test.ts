import assert from "node:assert/strict";
import { test } from "node:test";

import { readOptions, UsageError } from "../../bench/options.ts";

test("without options everything is measured", () => {
  const options = readOptions([]);
  assert.equal(options?.scenarios.length, 10);
  assert.deepEqual(options?.guests, ["mnt", "all"]);
  assert.deepEqual([options?.rounds, options?.heldMB, options?.isQuick], [undefined, undefined, false]);
});

test("options choose what is measured", () => {
  const args = ["--only", "startup", "--only", "held", "--guest", "all", "--held", "0,500", "--rounds", "7", "--quick"];
  const options = readOptions([...args, "--contender", "native"]);
  assert.deepEqual(options?.scenarios, ["startup", "held"]);
  assert.deepEqual([options?.guests, options?.contenders], [["all"], ["native"]]);
  assert.deepEqual([options?.heldMB, options?.rounds, options?.isQuick], [[0, 500], 7, true]);
});

test("a bad option gets one sentence with the value and what it may be", () => {
  const sentences: Record<string, RegExp> = {
    "--only starting": /^--only "starting" is not known: give one of startup, held, [^\n]+$/,
    "--guest pod": /^--guest "pod" is not known: give one of mnt, all$/,
    "--contender docker": /^--contender "docker" is not known: give one of native, [^\n]+$/,
    "--rounds 0": /^--rounds "0" is no whole number from 1 on$/,
    "--rounds 1.5": /^--rounds "1\.5" is no whole number from 1 on$/,
    "--held 1,x": /^--held "x" is no whole number from 0 on$/,
    "--fast": /^Unknown option '--fast'; --help names the options$/,
    "--json": /^Option '--json <value>' argument missing; --help names the options$/,
    startup: /^Unexpected argument 'startup'; --help names the options$/,
  };
  for (const [line, sentence] of Object.entries(sentences)) {
    assert.throws(
      () => readOptions(line.split(" ")),
      (error) => error instanceof UsageError && sentence.test(error.message),
      line,
    );
  }
});
