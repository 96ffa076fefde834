/**
 * Fetches and makes, once, what the tests would otherwise each wait for: Deno, another Node, and images. `npm test` does
 * this first; `npm run test:prepare` does only this.
 */
import { spawnSync } from "node:child_process";

import { prepareImageStore, IMAGE_NEEDS } from "./pod/image-store.ts";
import { makeImages } from "./pod/images.ts";
import { Podman } from "./pod/podman.ts";
import { makeScratchImage } from "./pod/scratch-image.ts";
import { makeSeveralImages } from "./pod/several-images.ts";
import { DENO, fetchProgram, NODE_24 } from "./support/programs.ts";
import { missing } from "./support/require.ts";

function makeStore(storage: string): void {
  const podman = new Podman(storage);
  try {
    makeImages(podman);
    makeScratchImage(podman);
    makeSeveralImages(podman);
  } finally {
    // The storage stays; its own overlay mount would be in the way of its new name.
    spawnSync("umount", ["-l", `${storage}/overlay`], { stdio: "ignore" });
    podman.forget();
  }
}

/** What could not be prepared: a sentence for each. */
export function prepare(): string[] {
  const problems: string[] = [];
  const attempt = (what: () => unknown): void => {
    try {
      what();
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  };
  for (const program of [DENO, NODE_24]) attempt(() => fetchProgram(program));
  const absent = missing(IMAGE_NEEDS);
  if (absent.length > 0) problems.push(`images for the tests in Pods cannot be made; missing: ${absent.join(", ")}`);
  else attempt(() => prepareImageStore(makeStore));
  return problems;
}
