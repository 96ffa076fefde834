import { spawn, type ChildProcess } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

import type { Task } from "../task.ts";
import type { Contender, Work } from "./contender.ts";

/** bench/programs/floor.c with one command: a program that starts programs, and times that itself. */
export class Launcher {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #what: string;

  constructor(floor: string, command: readonly string[], env?: NodeJS.ProcessEnv) {
    this.#what = command.join(" ");
    const child = spawn(floor, command, { stdio: ["pipe", "pipe", "inherit"], ...(env ? { env } : {}) });
    this.#child = child;
    // It may end before it was asked.
    child.stdin.on("error", () => undefined);
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Milliseconds until so many had ended. */
  async time(count = 1): Promise<number> {
    this.#child.stdin?.write(`${count}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`${this.#what} failed`);
    return Number(value) / 1e6;
  }

  close(): void {
    this.#child.stdin?.end();
  }
}

/** What the kernel needs at the least: posix_spawn, pipes and waitpid in C, without a container. */
export function floorContender({ guest, programs }: Task): Contender {
  const launchers = new Map<Work, Launcher>();
  const script = path.join(guest.sharedRoot, "floor.sh");
  const commandOf = (work: Work): readonly string[] => {
    if (work.kind === "exec") return work.command((program) => path.join(guest.sharedRoot, program));
    writeFileSync(script, work.script);
    return ["sh", script];
  };
  return {
    name: "floor",
    cannot: (work) =>
      work.kind === "run" && work.transport === "memfd" ? "it has no way to pass a script in memory" : undefined,
    time(work, count) {
      let launcher = launchers.get(work);
      if (!launcher) launchers.set(work, (launcher = new Launcher(programs.floor, commandOf(work))));
      return launcher.time(count);
    },
    close() {
      for (const launcher of launchers.values()) launcher.close();
      rmSync(script, { force: true });
    },
  };
}
