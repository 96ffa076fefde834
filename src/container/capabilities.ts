import { accessProc } from "../system/index.ts";
import { readStatus } from "./identity.ts";

/** Bits of the capabilities that entering a container can need, from linux/capability.h. */
const NEEDED = {
  CAP_CHOWN: 0,
  CAP_KILL: 5,
  CAP_SETGID: 6,
  CAP_SETUID: 7,
  CAP_SETPCAP: 8,
  CAP_SYS_CHROOT: 18,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
} as const;

export type CapabilityName = keyof typeof NEEDED;

/**
 * Which of these capabilities this process does not have.
 *
 * @param set "CapBnd": which it could not even have as root.
 */
export function missingCapabilities(
  wanted: readonly CapabilityName[],
  set: "CapEff" | "CapBnd" = "CapEff",
): CapabilityName[] {
  const has = BigInt(`0x${readStatus(accessProc(), "/proc/self").get(set) ?? "0"}`);
  return wanted.filter((name) => ((has >> BigInt(NEEDED[name])) & 1n) === 0n);
}
