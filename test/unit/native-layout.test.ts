import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { ABOVE_SLOTS, SLOT } from "../../src/backend/descriptor-slots.ts";
import { STAGES } from "../../src/backend/stage.ts";
import { ATTRIBUTES } from "../../src/container/index.ts";

function source(name: string): string {
  return readFileSync(new URL(`../../native/${name}`, import.meta.url), "utf8");
}

function constants(text: string, prefix: string): Map<string, number> {
  return new Map(
    [...text.matchAll(new RegExp(`\\b${prefix}(\\w+) = (\\d+)`, "g"))].map(([, name = "", value]) => [
      name,
      Number(value),
    ]),
  );
}

test("the stages are those of native/step/stage.h", () => {
  const stages = [...constants(source("step/stage.h"), "STAGE_")].toSorted(([, a], [, b]) => a - b);
  assert.deepEqual(
    stages.map(([name]) => name.toLowerCase()),
    STAGES,
  );
  assert.deepEqual(
    stages.map(([, value]) => value),
    STAGES.map((_, index) => index),
  );
});

test("the attributes are those of native/step/request.h", () => {
  const kinds = [...constants(source("step/request.h"), "ATTRIBUTE_").values()];
  assert.deepEqual(
    kinds,
    ATTRIBUTES.map((_, index) => index),
  );
});

test("the descriptor slots are those of native/step/request.h", () => {
  const slots = constants(source("step/request.h"), "FD_");
  assert.deepEqual(
    [slots.get("REQUEST"), slots.get("STATUS"), slots.get("CONTROL"), slots.get("TARGET"), slots.get("ROOT")],
    [SLOT.request, SLOT.status, SLOT.control, SLOT.target, SLOT.root],
  );
  assert.deepEqual(
    [slots.get("SCRIPT_DIR"), slots.get("LIFELINE"), slots.get("NAMESPACES"), slots.get("HIERARCHIES")],
    [SLOT.scriptDirectory, SLOT.lifeline, SLOT.namespaces, SLOT.hierarchies],
  );
  assert.equal(ABOVE_SLOTS, slots.get("FREE"));
});
