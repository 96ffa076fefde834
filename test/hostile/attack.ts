import { once } from "node:events";

import type { Guest, Step } from "../../src/index.ts";
import { ATTACK } from "./hostile-guest.ts";
import { Violation } from "./case.ts";

/** Throws where an attack said that it succeeded. */
export function refuseViolations(output: string): void {
  // Anywhere in a line: what is typed for the user at a terminal is echoed before it.
  const found = output.match(/violation:.*/g) ?? [];
  if (found.length > 0) throw new Violation([...new Set(found)].slice(0, 20).join("\n"));
}

/** An attack under way. */
export class Attack {
  readonly step: Step;
  output = "";

  constructor(step: Step) {
    this.step = step;
    step.stdout.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    step.stderr.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
  }

  /** Its main process, which says its number together with "ready". */
  get pid(): number {
    const said = /^pid (\d+)$/m.exec(this.output)?.[1];
    if (said === undefined) throw new Error(`the attack did not say its pid: ${this.output}`);
    return Number(said);
  }

  /** Waits until it has said so. */
  async said(word: string): Promise<void> {
    while (!this.output.includes(`${word}\n`)) {
      const more = await Promise.race([
        once(this.step.stdout, "data"),
        once(this.step.stderr, "data"),
        this.step.then(() => undefined),
      ]);
      if (!more && !this.output.includes(`${word}\n`)) throw new Error(`the attack ended: ${this.output}`);
    }
  }

  /** Lets it end, and throws a Violation where it succeeded. */
  async end(): Promise<void> {
    this.step.stdin?.end();
    await this.step;
    refuseViolations(this.output);
    if (!this.output.includes("done\n")) throw new Error(`the attack did not end by itself: ${this.output}`);
  }
}

/** Starts an attack as a process of the guest, and waits until it has begun. */
export async function startAttack(guest: Guest, ...args: string[]): Promise<Attack> {
  const attack = new Attack(guest.exec([ATTACK, ...args], { stdin: "pipe", env: { AGENT: String(process.pid) } }));
  await attack.said("ready");
  return attack;
}
