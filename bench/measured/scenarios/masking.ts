import { randomBytes } from "node:crypto";

import { interleave, type Participant } from "../interleave.ts";
import { loadPackage } from "../package.ts";
import type { Group, Task } from "../task.ts";
import { roundsOf } from "./bench.ts";
import { readAll, textOf } from "./text.ts";

function tokens(count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`TOKEN${index}`, randomBytes(20).toString("hex")]),
  );
}

/** What is masked, by what it is called. */
function variants(): Record<string, Record<string, string>> {
  const pem = randomBytes(1200).toString("base64").replaceAll(/.{64}/g, "$&\n");
  return {
    "not masked": {},
    "a token of 40 characters": tokens(1),
    "ten tokens and a PEM key": { ...tokens(10), KEY: pem },
    "a value of 4 characters": { SHORT: "Zq7x" },
    // As many characters as its mask, so that the length stays.
    "a value in every line": { WORD: "output" },
  };
}

/** What masking costs: a step's stdout with `mask` against the same without, natively. */
export async function masking(task: Task): Promise<Group[]> {
  const own = await loadPackage(task.repository);
  const guest = await own.connect({ ...task.guest, backend: "native" });
  const { work, bytes } = textOf(task.isQuick ? 40 : 1000);
  const command = work.kind === "exec" ? work.command((program) => program) : [];
  const participants = Object.entries(variants()).map(([contender, env]): Participant => ({
    contender,
    cases: [{ case: "one stream", unit: "MB/s" }],
    async measure() {
      const begin = performance.now();
      const names = Object.keys(env);
      const step = guest.exec(command, {
        env,
        mask: names.length > 0 ? names : undefined,
        buffer: false,
        reject: true,
      });
      await Promise.all([readAll(step.stdout, bytes), step]);
      return [bytes / 1e3 / (performance.now() - begin)];
    },
  }));
  try {
    const measured = await interleave(participants, roundsOf(task, 5, 1));
    return [{ base: "not masked", heldMB: 0, ...measured }];
  } finally {
    guest.close();
  }
}
