import type { Container } from "../../src/container/index.ts";
import type { PreparedStep } from "../../src/step/index.ts";

/** A program of /bin as a step of the container's main user, as a backend gets it. */
export function programStep(container: Container, ...command: string[]): PreparedStep {
  return {
    id: "00000000-0000-7000-8000-000000000000",
    command,
    arguments: command.map((argument) => Buffer.from(argument)),
    candidates: [`/bin/${command[0]}`],
    environment: [],
    cwd: "/",
    identity: container.identity,
    warnings: [],
  } as unknown as PreparedStep;
}
