import { makeGuest, type ThrowAwayGuest } from "../../test/guests/guest.ts";
import { missing } from "../../test/support/require.ts";
import type { ContenderName, GuestKind, Task } from "../measured/index.ts";
import { PodmanContainer } from "./podman.ts";
import type { Programs } from "./programs.ts";

/** What a contender needs beyond the package. */
const NEEDS: Readonly<Partial<Record<ContenderName, readonly string[]>>> = {
  podman: ["root", "podman", "runc", "jq", "tar", "bash"],
  nsenter: ["nsenter"],
};

/** A guest, and beside it a container of podman's where one is wanted and can be had. */
export class MeasuredPlace {
  readonly #unavailable: Task["unavailable"];
  readonly #guest: ThrowAwayGuest;
  readonly #podman: PodmanContainer | undefined;

  private constructor(guest: ThrowAwayGuest, podman: PodmanContainer | undefined, unavailable: Task["unavailable"]) {
    this.#guest = guest;
    this.#podman = podman;
    this.#unavailable = unavailable;
  }

  static async make(
    namespaces: GuestKind,
    contenders: readonly ContenderName[],
    programs: Programs,
  ): Promise<MeasuredPlace> {
    const unavailable: Partial<Record<ContenderName, string>> = {};
    for (const name of contenders) {
      const absent = missing(NEEDS[name] ?? []);
      if (absent.length > 0) unavailable[name] = `missing here: ${absent.join(", ")}`;
    }
    const guest = await makeGuest({ namespaces });
    let podman: PodmanContainer | undefined;
    programs.copyTo(guest.sharedRoot);
    try {
      if (contenders.includes("podman") && unavailable.podman === undefined) {
        podman = new PodmanContainer(guest.sharedRoot, guest.containerRoot);
      }
    } catch (error) {
      unavailable.podman = error instanceof Error ? error.message : String(error);
    }
    return new MeasuredPlace(guest, podman, unavailable);
  }

  /** What a task has to know of it. */
  get target(): Pick<Task, "guest" | "podman" | "unavailable"> {
    const { pid, sharedRoot, containerRoot } = this.#guest;
    const guest = { pid, sharedRoot, containerRoot };
    return { guest, podman: this.#podman?.exec, unavailable: this.#unavailable };
  }

  async close(): Promise<void> {
    try {
      this.#podman?.close();
    } finally {
      await this.#guest.close();
    }
  }
}
