import { aboveRoot } from "./above-root.ts";
import type { HostileCase } from "./case.ts";
import { cgroupMounts } from "./cgroup-mounts.ts";
import { descriptors } from "./descriptors.ts";
import { environCase } from "./environ.ts";
import { fakeProc } from "./fake-proc.ts";
import { flood } from "./flood.ts";
import { leaving } from "./leaving.ts";
import { oddFiles } from "./odd-files.ts";
import { oddTerminals } from "./odd-terminals.ts";
import { orphan } from "./orphan.ts";
import { peekCases } from "./peek.ts";
import { preload } from "./preload.ts";
import { reusedPid } from "./reused-pid.ts";
import { selfExe } from "./self-exe.ts";
import { setId } from "./set-id.ts";
import { spliceCase } from "./splice.ts";
import { stopped } from "./stopped.ts";
import { swappedScript } from "./swapped-script.ts";
import { terminal } from "./terminal.ts";
import { trial } from "./trial.ts";

/** Everything that a hostile container is tried with. */
export const CASES: readonly HostileCase[] = [
  ...peekCases,
  selfExe,
  descriptors,
  aboveRoot,
  stopped,
  orphan,
  spliceCase,
  oddFiles,
  oddTerminals,
  fakeProc,
  preload,
  environCase,
  swappedScript,
  reusedPid,
  leaving,
  terminal,
  flood,
  setId,
  cgroupMounts,
  trial,
];
