import type { ContenderName, Task } from "../task.ts";
import type { Way } from "./child.ts";

/** No container: what an agent that enters nothing would pay. */
function spawn({ guest }: Task): Way {
  return { name: "spawn", prefix: () => [], script: (file) => ["sh", file], directory: guest.sharedRoot };
}

/** As the Java plugin does; a program without the shell that the plugin puts between, which only helps it. */
function nsenter({ guest, nsenterOptions }: Task): Way {
  const { pid, containerRoot } = guest;
  const enter = ["nsenter", "--target", String(pid), "--all", `--wdns=${containerRoot}`, ...nsenterOptions, "--"];
  return {
    name: "nsenter",
    prefix: () => enter,
    script: (file) => ["sh", "-c", `export GO_PIPELINE_NAME='bench'; sh ${file}`],
    directory: containerRoot,
  };
}

function podman({ guest, podman: how }: Task): Way {
  if (!how) throw new Error("there is no container of podman");
  return {
    name: "podman",
    isSlow: true,
    prefix: (hasStdin) => [...how.command, "exec", ...(hasStdin ? ["--interactive"] : []), how.container],
    script: (file) => ["sh", file],
    directory: guest.containerRoot,
    env: how.env,
  };
}

/** The contenders that are node:child_process and a command line. */
export const WAYS: Readonly<Partial<Record<ContenderName, (task: Task) => Way>>> = { spawn, nsenter, podman };
