/**
 * What a process in the build container is, by who started it: `podman exec`, our native backend and plain nsenter from
 * the agent's container, beside the container's main process; in the Pod of examples/pod.yaml.
 * `npm run bench:identity` as root, with podman, runc, jq and busybox-static. Exits with 1 where our step differs from
 * podman's in a way that test/pod/known-differences.ts does not explain.
 */
import { compareIdentities, type Row } from "../test/pod/compare.ts";
import { makeImages } from "../test/pod/images.ts";
import { Pod } from "../test/pod/pod.ts";
import { Podman } from "../test/pod/podman.ts";

function verdict(row: Row): string {
  if (row.podman === row.native) return "equal";
  return row.because ?? "**differs, and nobody knows why**";
}

function print(rows: readonly Row[]): void {
  console.log("| field | podman exec | native | nsenter -t PID -m | main process | podman exec = native? |");
  console.log("| --- | --- | --- | --- | --- | --- |");
  for (const row of rows) {
    const cells = [row.field, row.podman, row.native, row.nsenter, row.main, verdict(row)];
    console.log(`| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`);
  }
}

const podman = new Podman();
try {
  makeImages(podman);
  for (const uid of [0, 1000]) {
    const pod = new Pod(podman, uid);
    try {
      const rows = compareIdentities(pod);
      console.log(`\nA build container of ${uid === 0 ? "root" : `user ${uid}`}\n`);
      print(rows);
      if (!rows.every((row) => row.isExplained)) process.exitCode = 1;
    } finally {
      pod.close();
    }
  }
} finally {
  podman.close();
}
