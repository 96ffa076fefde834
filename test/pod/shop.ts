import { SHOP, tasksOf } from "../gocd/pipeline.ts";
import type { SeveralPod } from "./several-pod.ts";

const DIRECTORY = "/go/pipelines/shop";

/** Commands of the database in bash, and where there is but BusyBox. */
const BASH = `ask() { exec 3<>/dev/tcp/127.0.0.1/6379; printf '%s\\r\\nQUIT\\r\\n' "$*" >&3; cat <&3; }`;
const BUSYBOX = `ask() { printf '%s\\r\\nQUIT\\r\\n' "$*" | nc 127.0.0.1 6379; }`;

/** A build that ends only if the other one runs at the same time. */
function build(ask: string, own: string, other: string): string {
  return `${ask}
ask SET ${own} "$REDIS_URL" | grep -q OK
until ask GET ${other} | grep -q redis://localhost; do :; done
echo "${own} saw ${other}"
`;
}

/** What a checkout of the example's project would be. */
export const SHOP_FILES: Readonly<Record<string, string>> = {
  "src/test/verify.sh": build(BASH, "maven", "golang"),
  "main_test.sh": build(BUSYBOX, "golang", "maven"),
  "ci/package.json": JSON.stringify({ type: "module", dependencies: { "k8s-executor": "*" } }),
};

/** What GoCD does before the tasks; with the example's job. */
export function checkOutShop(
  pod: SeveralPod,
  packageDirectory: string,
  files: Readonly<Record<string, string>> = SHOP_FILES,
): void {
  const script = [
    `rm -rf ${DIRECTORY} && mkdir -p ${DIRECTORY}/src/test ${DIRECTORY}/ci`,
    `cp ${packageDirectory}/examples/several-containers/job.ts ${DIRECTORY}/ci/`,
    `chmod -R a+rX ${DIRECTORY}`,
    `while [ $# -gt 0 ]; do printf %s "$2" > "${DIRECTORY}/$1"; shift 2; done`,
  ];
  const { status, stderr } = pod.in("agent", ["sh", "-c", script.join(" && "), "sh", ...Object.entries(files).flat()]);
  if (status !== 0) throw new Error(`the project could not be checked out: ${stderr}`);
}

/** Runs the task of the pipeline by which the job finds the package that the agent's image has. */
export function linkPackage(pod: SeveralPod): void {
  const job = tasksOf(SHOP).find((task) => task.job.command === "sh")?.job;
  if (!job) throw new Error(`${SHOP} has no task that links the package`);
  const { status, stderr } = pod.in("agent", [job.command, ...job.arguments], ["--workdir", DIRECTORY]);
  if (status !== 0) throw new Error(`the package could not be linked: ${stderr}`);
}
