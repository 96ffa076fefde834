import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { doctorCases, type DoctorCase } from "../pod/doctor-cases.ts";
import { DOCUMENT, formatTranscript, normalize } from "../pod/doctor-document.ts";
import { makePackages } from "../pod/doctor-pod.ts";
import { makeImages } from "../pod/images.ts";
import { Podman } from "../pod/podman.ts";
import { makeScratchImage } from "../pod/scratch-image.ts";
import { findingOf, transcribe, type Transcript } from "../pod/transcribe.ts";
import { canRun } from "../support/require.ts";

/** In Pods that each lack one thing, started by podman: what doctor says, and that its mend mends. */
test("doctor in Pods", async (t) => {
  if (!canRun(t, ["root", "podman", "runc", "jq", "busybox", "nsenter", "tar"])) return;
  const podman = new Podman();
  try {
    makeImages(podman);
    makeScratchImage(podman);
    const packages = makePackages(podman);
    const document = normalize(readFileSync(DOCUMENT, "utf8"));
    for (const wanted of doctorCases()) {
      await t.test(wanted.title, () => {
        const transcript = transcribe(podman, packages, wanted);
        check(wanted, transcript);
        const entry = normalize(formatTranscript(wanted.title, transcript.status, transcript.text));
        assert.ok(document.includes(entry), `docs/doctor.md has not (tsx test/pod/doctor-transcripts.ts): ${entry}`);
      });
    }
  } finally {
    podman.close();
  }
});

function check(wanted: DoctorCase, { status, text, finding, mended }: Transcript): void {
  assert.equal(status, wanted.status, text);
  const starts = wanted.hasShell ? /^A step would run in maven /m : /^Programs \(exec\) would run in maven /m;
  assert.match(text, wanted.status === 0 ? starts : /^No step would run/m);
  assert.equal(finding?.status, wanted.finding?.[1], text);
  if (!finding || !wanted.finding) return;
  const [name, found] = wanted.finding;
  assert.match(text, new RegExp(`^  ${found} +${name} `, "m"));
  assert.ok(finding.effect && finding.mend);
  assert.equal(finding.mend.yaml !== undefined, wanted.hasYaml);
  for (const line of finding.mend.yaml?.split("\n") ?? [])
    assert.ok(text.includes(`                    ${line}\n`), line);
  if (!wanted.hasYaml) return;
  if (!mended) throw new Error("the mend was not applied");
  assert.equal(mended.status, 0, mended.text);
  assert.equal(findingOf(mended.report, name)?.status, "ok", mended.text);
}
