/** Writes the transcripts of docs/containers.md anew, from the Pod of examples/several-containers. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { REPOSITORY } from "../support/programs.ts";
import { makeImages } from "./images.ts";
import { Podman } from "./podman.ts";
import { makeSeveralImages } from "./several-images.ts";
import { SeveralPod } from "./several-pod.ts";
import { rerun, transcriptsOf, withTranscripts } from "./transcripts.ts";

const file = path.join(REPOSITORY, "docs/containers.md");
const podman = new Podman();
try {
  makeImages(podman);
  makeSeveralImages(podman);
  const pod = new SeveralPod(podman);
  const text = readFileSync(file, "utf8");
  writeFileSync(
    file,
    withTranscripts(
      text,
      transcriptsOf(text).map((block) => rerun(pod, block)),
    ),
  );
} finally {
  podman.close();
}
