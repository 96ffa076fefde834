import { chmodSync, copyFileSync } from "node:fs";
import path from "node:path";

import { connect, type BackendName, type Guest } from "../../src/index.ts";
import { makeGuest, type GuestOptions, type ThrowAwayGuest } from "../guests/guest.ts";
import { compiledAttacker } from "./compile.ts";

/** What a container of docker's does not have by default. */
const NOT_DOCKERS = [
  "dac_read_search linux_immutable net_broadcast net_admin ipc_lock ipc_owner sys_module sys_rawio sys_ptrace",
  "sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config lease audit_control mac_override",
  "mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore",
]
  .join(" ")
  .split(" ");

/** Where the guest finds the attacks. */
export const ATTACK = "/work/attack";

/** A guest in a Pod with a shared process namespace, with docker's default capabilities, and an attacker in it. */
export interface HostileGuest extends ThrowAwayGuest {
  /** A connection of its own; it is closed with the guest. */
  connect(backend: BackendName, options?: { memfd?: boolean }): Promise<Guest>;
  /** Its root file system, as we see it. */
  root: string;
}

export async function withHostileGuest(
  options: GuestOptions,
  body: (guest: HostileGuest) => Promise<void>,
): Promise<void> {
  const guest = await makeGuest({ namespaces: "mnt", dropCapabilities: NOT_DOCKERS, ...options });
  const connections: Guest[] = [];
  try {
    const { pid, sharedRoot, containerRoot } = guest;
    chmodSync(sharedRoot, 0o777);
    const attack = path.join(sharedRoot, "attack");
    copyFileSync(compiledAttacker(), attack);
    chmodSync(attack, 0o755);
    await body({
      ...guest,
      root: `/proc/${pid}/root`,
      async connect(backend, { memfd = false } = {}) {
        const made = await connect({ pid, backend, ...(memfd ? {} : { sharedRoot, containerRoot }) });
        connections.push(made);
        return made;
      },
    });
  } finally {
    for (const connection of connections) connection.close();
    await guest.close();
  }
}
