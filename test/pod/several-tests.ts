import { after, before, test } from "node:test";

import { canRun, missing } from "../support/require.ts";
import { makeImages } from "./images.ts";
import { Podman } from "./podman.ts";
import { makeSeveralImages } from "./several-images.ts";
import { SeveralPod } from "./several-pod.ts";

const NEEDS = ["root", "podman", "runc", "jq", "busybox", "bash", "nsenter", "redis-server", "redis-cli"];

/**
 * Starts the Pod of examples/several-containers before the tests of a file, and removes it after them.
 *
 * @returns What declares a test in it.
 */
export function withSeveralPod(): (name: string, body: (pod: SeveralPod) => void | Promise<void>) => void {
  let podman: Podman | undefined;
  let started: SeveralPod | undefined;
  before(() => {
    if (missing(NEEDS).length > 0) return;
    podman = new Podman();
    makeImages(podman);
    makeSeveralImages(podman);
    started = new SeveralPod(podman);
  });
  after(() => {
    started?.close();
    podman?.close();
  });
  return (name, body) => {
    test(name, async (t) => {
      if (!canRun(t, NEEDS)) return;
      if (!started) throw new Error("the Pod did not start");
      await body(started);
    });
  };
}
