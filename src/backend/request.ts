import type { Container } from "../container/index.ts";
import { ATTRIBUTES, NAMESPACE_FLAGS } from "../container/index.ts";
import { ExecutorError } from "../errors/index.ts";
import type { PreparedStep } from "../step/index.ts";

// The layout is that of struct request_header in native/step/request.h.
const MAGIC = 0x3158384b;
const HEADER_SIZE = 120;
const LIMIT_SIZE = 24;
const NAMESPACE_SIZE = 8;
const ATTRIBUTE_SIZE = 16;
const AFFINITY_SIZE = 8;
const MAX_SIZE = 32 * 1024 * 1024;
const ALL_CAPABILITIES = (1n << 64n) - 1n;
const FLAG = {
  scriptFile: 1,
  scriptMemfd: 2,
  noNewPrivileges: 4,
  outerGroups: 8,
  stdin: 16,
  ownStreams: 32,
  oomScore: 64,
  cgroup: 128,
  killLeftovers: 256,
  terminal: 512,
  hiddenProcesses: 1024,
  anyCwd: 4096,
  scriptAnywhere: 8192,
} as const;

function flags(container: Container, step: PreparedStep, stdin: boolean): number {
  let bits = 0;
  if (step.script?.transport === "file") bits |= FLAG.scriptFile;
  if (step.script?.transport === "memfd") bits |= FLAG.scriptMemfd;
  if (step.identity.noNewPrivileges) bits |= FLAG.noNewPrivileges;
  if (step.identity.deniesGroups) bits |= FLAG.outerGroups;
  if (step.identity.ourUid !== process.geteuid?.()) bits |= FLAG.ownStreams;
  if (stdin) bits |= FLAG.stdin;
  if (step.terminal) bits |= FLAG.terminal;
  if (!step.isCwdWanted) bits |= FLAG.anyCwd;
  if (step.script && !step.script.isFileWanted) bits |= FLAG.scriptAnywhere;
  if (step.killsLeftovers) bits |= FLAG.killLeftovers;
  if (container.hiding !== undefined) bits |= FLAG.hiddenProcesses;
  if (container.oomScoreAdj !== undefined) bits |= FLAG.oomScore;
  if (container.cgroups?.unified !== undefined) bits |= FLAG.cgroup;
  return bits;
}

/** In a user namespace that is joined, the bounding set is whole again; elsewhere it is ours. */
function boundingDrop({ namespaces, ourBounding }: Container, { identity, isPrivileged }: PreparedStep): bigint {
  if (isPrivileged) return 0n;
  const before = namespaces.some(({ name }) => name === "user") ? ALL_CAPABILITIES : ourBounding;
  return before & ~identity.capabilities.bounding;
}

/**
 * Everything the helper needs for one step, in one block.
 *
 * @param stdin Whether the step's stdin is a pipe of ours.
 * @throws ExecutorError TOO_LARGE.
 */
export function encodeRequest(container: Container, step: PreparedStep, stdin: boolean): Buffer {
  const { namespaces, limits, oomScoreAdj, cgroups, attributes } = container;
  const { identity, isPrivileged } = step;
  const groups = identity.deniesGroups ? identity.ourGroups : identity.groups;
  const texts = [step.script?.name ?? "", step.cwd, ...step.candidates, ""].join("\0");
  const { values, affinity } = attributes;
  const ofLimits = LIMIT_SIZE * limits.length + ATTRIBUTE_SIZE * values.length + AFFINITY_SIZE * affinity.length;
  const numbers = HEADER_SIZE + ofLimits + 4 * groups.length + NAMESPACE_SIZE * namespaces.length;
  let size = numbers + Buffer.byteLength(texts) + (step.script?.bytes.length ?? 0);
  const strings = [...step.arguments, ...step.environment];
  for (const string of strings) size += string.length + 1;
  if (size > MAX_SIZE) {
    throw new ExecutorError("TOO_LARGE", {
      problem: `script, arguments and environment have ${size} bytes together, more than ${MAX_SIZE}`,
      remedy: "put large data into a file on the shared volume",
      details: { bytes: size, limit: MAX_SIZE },
    });
  }
  const body = Buffer.alloc(size);
  let at = numbers;
  at += body.write(texts, at);
  for (const string of strings) {
    body.set(string, at);
    at += string.length + 1;
  }
  if (step.script) body.set(step.script.bytes, at);
  at = 0;
  const u32 = (value: number): void => {
    at = body.writeUInt32LE(value, at);
  };
  const u64 = (value: bigint): void => {
    at = body.writeBigUInt64LE(value, at);
  };
  u32(MAGIC);
  u32(body.length);
  u32(flags(container, step, stdin));
  u32(container.pid);
  u64(boundingDrop(container, step));
  u64(isPrivileged ? ALL_CAPABILITIES : identity.capabilities.permitted & identity.capabilities.bounding);
  u64(identity.capabilities.inheritable);
  u64(identity.capabilities.ambient);
  u32(identity.uid);
  u32(identity.gid);
  u32(identity.umask);
  u32(groups.length);
  u32(namespaces.length);
  u32(step.candidates.length);
  u32(step.arguments.length);
  u32(step.environment.length);
  u32(step.script?.bytes.length ?? 0);
  u32(identity.ourUid);
  u32(identity.ourGid);
  at = body.writeInt32LE(oomScoreAdj ?? 0, at);
  u32(limits.length);
  u32(cgroups?.processes.length ?? 0);
  u32(step.terminal?.columns ?? 0);
  u32(step.terminal?.rows ?? 0);
  u32(values.length);
  u32(affinity.length);
  for (const { resource, soft, hard } of limits) for (const value of [BigInt(resource), soft, hard]) u64(value);
  for (const [name, value] of values)
    for (const part of [BigInt(ATTRIBUTES.indexOf(name)), value]) u64(BigInt.asUintN(64, part));
  for (const word of affinity) u64(word);
  for (const group of groups) u32(group);
  for (const { name, inode } of namespaces) for (const part of [NAMESPACE_FLAGS[name], inode]) u32(part);
  return body;
}
