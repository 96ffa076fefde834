import { encodeRequest } from "../../src/backend/request.ts";
import { pinContainer, type Container } from "../../src/container/index.ts";
import type { PreparedStep } from "../../src/step/index.ts";
import { makeGuest } from "../guests/guest.ts";

/** A request as the agent writes it, and what it was made from. */
export interface SampleRequest {
  container: Container;
  step: PreparedStep;
  bytes: Buffer;
}

/** What does not depend on the container. */
type Work = Omit<PreparedStep, "identity" | "isPrivileged" | "killsLeftovers" | "terminal">;

const STEP: Work = {
  id: "01a1fe74-1df6-7414-8d49-c4e314ac2afd",
  command: "sh",
  candidates: ["/usr/bin/sh", "/bin/sh"],
  arguments: ["sh", "/work/step.sh"].map((text) => Buffer.from(text)),
  environment: ["PATH=/usr/bin:/bin", "EMPTY=", "TEXT=ä\n\"'"].map((text) => Buffer.from(text)),
  cwd: "/work",
  script: { bytes: Buffer.from("echo one\necho two\n"), transport: "file", name: "step.sh" },
};

const STEPS: readonly Work[] = [
  STEP,
  { ...STEP, script: undefined, arguments: [Buffer.from("true")], candidates: ["/bin/true"], environment: [] },
  { ...STEP, script: { bytes: Buffer.of(0, 0xff, 0, 0x0a), transport: "memfd", name: "" }, cwd: "/" },
  {
    ...STEP,
    arguments: ["sh", "-c", "", "x".repeat(5000)].map((text) => Buffer.from(text)),
    environment: [Buffer.of(0x41, 0x3d, 0xff, 0xfe)],
  },
];

/** Requests by the real encodeRequest, of real containers, and with many groups. */
export async function sampleRequests(): Promise<SampleRequest[]> {
  const samples: SampleRequest[] = [];
  for (const namespaces of ["all", "mnt"] as const) {
    const guest = await makeGuest({ namespaces });
    try {
      const container = pinContainer(guest.pid);
      const groups = Array.from({ length: 33 }, (_, index) => index * 7);
      for (const identity of [container.identity, { ...container.identity, groups }]) {
        for (const work of STEPS) {
          const step: PreparedStep = {
            ...work,
            identity,
            isPrivileged: false,
            killsLeftovers: true,
            terminal: { columns: 132, rows: 50 },
          };
          samples.push({ container, step, bytes: encodeRequest(container, step, true) });
        }
      }
      container.close();
    } finally {
      await guest.close();
    }
  }
  return samples;
}
