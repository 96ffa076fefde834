import { chooseContainer, type ContainerInfo } from "../discovery/index.ts";
import { fault, type Finding } from "./finding.ts";
import { unexpected } from "./guarded.ts";
import { byHand } from "./mend.ts";
import type { DoctorOptions } from "./options.ts";
import type { Subject } from "./subject.ts";

function label({ name, pid }: Pick<ContainerInfo, "name" | "pid">): string {
  return name === undefined ? `the container of process ${pid}` : `${name} (process ${pid})`;
}

type Found = Pick<Subject, "label" | "name" | "id" | "pid" | "uid" | "isChosen">;

/** The guests, and the one that was chosen, be it a guest or not. */
export function subjects(guests: readonly ContainerInfo[], chosen: number | undefined): Found[] {
  const found = guests.map((info) => {
    const { name, id, pid, uid } = info;
    return { label: label(info), name, id, pid, uid, isChosen: pid === chosen };
  });
  if (chosen === undefined || found.some(({ isChosen }) => isChosen)) return found;
  const named = { name: undefined, id: undefined, uid: undefined, pid: chosen };
  return [{ ...named, label: label(named), isChosen: true }, ...found];
}

function noneChosen(): Finding {
  return fault("container", "missing", {
    what: "none is chosen, and those of other Pods are to be seen too",
    effect: "none is entered",
    mend: byHand("choose one by --container or --pid"),
  });
}

/**
 * The pid of the container that is chosen; what is asked for and is not there, or not the only one, is refused.
 *
 * @param isNeeded Whether one must be chosen.
 */
export function choose(
  { container, pid }: DoctorOptions,
  isNeeded: boolean,
): {
  chosen: number | undefined;
  refused: Finding | undefined;
} {
  if (container === undefined) {
    return { chosen: pid, refused: pid === undefined && isNeeded ? noneChosen() : undefined };
  }
  try {
    return { chosen: chooseContainer(container).pid, refused: undefined };
  } catch (error) {
    return { chosen: undefined, refused: { ...unexpected("container", error), effect: "no step runs in it" } };
  }
}
