/** Writes the transcripts of docs/doctor.md anew. Needs root and podman, and the package to be built. */
import { readFileSync, writeFileSync } from "node:fs";

import { doctorCases } from "./doctor-cases.ts";
import { DOCUMENT, formatTranscript, withTranscripts } from "./doctor-document.ts";
import { makePackages } from "./doctor-pod.ts";
import { makeImages } from "./images.ts";
import { Podman } from "./podman.ts";
import { makeScratchImage } from "./scratch-image.ts";
import { transcribe } from "./transcribe.ts";

const podman = new Podman();
try {
  makeImages(podman);
  makeScratchImage(podman);
  const packages = makePackages(podman);
  const transcripts = doctorCases().map((wanted) => {
    const { status, text } = transcribe(podman, packages, wanted);
    return formatTranscript(wanted.title, status, text);
  });
  writeFileSync(DOCUMENT, withTranscripts(readFileSync(DOCUMENT, "utf8"), transcripts));
} finally {
  podman.close();
}
