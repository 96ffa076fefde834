import { permissionDenied, readNames, type ContainerName } from "../container/index.ts";
import { ExecutorError } from "../errors/index.ts";
import { accessProc, type Proc } from "../system/index.ts";
import { findGroups, type Group } from "./groups.ts";
import { readProcess } from "./processes.ts";

/** A container as it is chosen. */
interface Candidate {
  group: Group;
  names: readonly ContainerName[];
  id: string | undefined;
}

/** Where it is pinned: a process of this pid that did not start at that time is another. */
export interface ChosenContainer {
  pid: number;
  /** In clock ticks since boot. */
  startTime: string;
}

/** A message lists no more. */
const MOST_LISTED = 20;

function toCandidate(proc: Proc, group: Group): Candidate {
  return { group, names: readNames(proc, `/proc/${group.main.pid}`, group.environment ?? new Map()), id: group.id };
}

function label({ group, names, id }: Candidate): string {
  const known = [`pid ${group.main.pid}`, ...(id === undefined ? [] : [`id ${id.slice(0, 12)}`])].join(", ");
  return `${names.length === 0 ? "without a name" : names.map(({ name }) => name).join(" or ")} (${known})`;
}

function list(candidates: readonly Candidate[]): string {
  const shown = candidates.slice(0, MOST_LISTED).map(label);
  if (candidates.length > MOST_LISTED) shown.push(`${candidates.length - MOST_LISTED} more`);
  return shown.join("; ");
}

/** A pid is that very process, as for nsenter: it may be in other namespaces than the main process. */
function withProcess(proc: Proc, candidates: readonly Candidate[], wanted: string): Candidate[] {
  if (!/^[1-9]\d*$/.test(wanted)) return [];
  return candidates.flatMap((candidate) => {
    const process = candidate.group.pids.has(Number(wanted)) ? readProcess(proc, Number(wanted)) : undefined;
    return process ? [{ ...candidate, group: { ...candidate.group, main: process } }] : [];
  });
}

/** From so many digits on, the beginning of an id is that of one id, and nobody's name by chance. */
const CERTAIN_ID = 12;
/** More digits than a pid has. */
const MOST_OF_PID = 7;

function withId(candidates: readonly Candidate[], wanted: string): Candidate[] {
  // A pid that is gone is not the beginning of an id that happens to have the same digits.
  if (!/^[0-9a-f]{1,64}$/.test(wanted) || (/^\d+$/.test(wanted) && wanted.length <= MOST_OF_PID)) return [];
  return candidates.filter(({ id }) => id?.startsWith(wanted));
}

/**
 * A name, else a pid, else an id. A name is a container's own claim: one that calls itself by another's pid or id shall not get
 * what is meant for that one, so then both are meant.
 */
function matching(proc: Proc, candidates: readonly Candidate[], wanted: string): readonly Candidate[] {
  const named = candidates.filter(({ names }) => names.some(({ name }) => name === wanted));
  const ofPid = withProcess(proc, candidates, wanted);
  const ofId = withId(candidates, wanted);
  if (named.length === 0) return ofPid.length > 0 ? ofPid : ofId;
  const certain = [...ofPid, ...(wanted.length >= CERTAIN_ID ? ofId : [])];
  const isNamed = ({ group }: Candidate): boolean => named.some((one) => one.group.pids === group.pids);
  return [...named, ...certain.filter((candidate) => !isNamed(candidate))];
}

function noGuest(): ExecutorError {
  return new ExecutorError("TARGET_NOT_FOUND", {
    problem: "no other container of the Pod is to be seen",
    remedy: "set shareProcessNamespace: true in the Pod, or wait for the container to start",
  });
}

/** One of those that we may not look into may be the one, and say so in its environment. */
function cannotLook(wanted: string, hidden: readonly Candidate[]): ExecutorError {
  const which = `${hidden.length === 1 ? "process" : "processes"} ${hidden
    .slice(0, MOST_LISTED)
    .map(({ group }) => group.main.pid)
    .join(", ")}`;
  return permissionDenied(`look for ${JSON.stringify(wanted)} in the containers of ${which}`, ["CAP_SYS_PTRACE"]);
}

/** Whether it is meant by a name that it has given itself, and that another, which we may not look into, may have too. */
function isMereClaim({ group, names }: Candidate, wanted: string): boolean {
  const source = names.find(({ name }) => name === wanted)?.source;
  return source !== undefined && source !== "kubelet" && group.environment !== undefined;
}

function notFound(wanted: string, guests: readonly Candidate[]): ExecutorError {
  return new ExecutorError("TARGET_NOT_FOUND", {
    problem: `no container is called ${JSON.stringify(wanted)}`,
    remedy: `choose another, or name it by K8S_EXECUTOR_CONTAINER in its environment; there are: ${list(guests)}`,
  });
}

function notAGuest(wanted: string, { group }: Candidate): ExecutorError {
  const whose = group.role === "agent" ? "this process's own container" : "the Pod's pause container";
  return new ExecutorError("TARGET_NOT_ENTERABLE", {
    problem: `${JSON.stringify(wanted)} is ${whose}`,
    remedy: "choose another; k8s-executor containers lists them",
    details: { pid: group.main.pid },
  });
}

function ambiguous(problem: string, found: readonly Candidate[]): ExecutorError {
  return new ExecutorError("TARGET_AMBIGUOUS", {
    problem,
    remedy: `choose by name, pid or id: ${list(found)}`,
  });
}

/**
 * Finds the container that is meant.
 *
 * @param wanted Its name, the pid of one of its processes, or its id or the beginning of it. Undefined for the only one.
 * @throws ExecutorError TARGET_NOT_FOUND, TARGET_AMBIGUOUS or TARGET_NOT_ENTERABLE; the message lists what there is.
 *   PERMISSION_DENIED where it may be one that we may not look into.
 */
export function chooseContainer(wanted: string | undefined): ChosenContainer {
  const proc = accessProc();
  const candidates = findGroups(proc).map((group) => toCandidate(proc, group));
  const guests = candidates.filter(({ group }) => group.role === "guest");
  const found = wanted === undefined ? guests : matching(proc, guests, wanted);
  const hidden = guests.filter(({ group }) => group.environment === undefined);
  const [only] = found;
  if (only && found.length === 1) {
    if (wanted !== undefined && hidden.length > 0 && isMereClaim(only, wanted)) throw cannotLook(wanted, hidden);
    return { pid: only.group.main.pid, startTime: String(only.group.main.startTime) };
  }
  if (found.length > 1) {
    const problem =
      wanted === undefined
        ? `the Pod has ${found.length} containers that could be meant`
        : `${JSON.stringify(wanted)} means ${found.length} containers`;
    throw ambiguous(problem, found);
  }
  const other = wanted === undefined ? undefined : matching(proc, candidates, wanted)[0];
  if (other && wanted !== undefined) throw notAGuest(wanted, other);
  if (wanted === undefined || guests.length === 0) throw noGuest();
  throw hidden.length > 0 ? cannotLook(wanted, hidden) : notFound(wanted, guests);
}
