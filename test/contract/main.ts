/**
 * Runs the contract against one container and prints a line for each case. It is a program of its own, so that it
 * also runs under Deno, inside a Pod and as another user.
 *
 * Usage: main.ts BACKENDS(comma-separated) TARGET(json)
 */
import { connect, type BackendName } from "../../src/index.ts";
import { CONTRACT, type Target } from "./index.ts";

/** Far more than a case takes: one that hangs shall be named. */
const PATIENCE_MS = 120_000;

const [backends = "", target = ""] = process.argv.slice(2);
const container = JSON.parse(target) as Target;
const { pid, sharedRoot, containerRoot } = container;
let passed = 0;
let failed = 0;
for (const backend of backends.split(",") as BackendName[]) {
  const guest = await connect({ pid, sharedRoot, containerRoot, backend });
  for (const { name, run, backends: promised, when } of CONTRACT) {
    if ((promised && !promised.includes(backend)) || (when && !when(container))) continue;
    const watchdog = setTimeout(() => {
      console.log(`not ok - ${backend}: ${name}\nit did not end within ${PATIENCE_MS} ms`);
      process.exit(1);
    }, PATIENCE_MS);
    try {
      await run({
        target: container,
        backend,
        guest,
        connect: (options) => connect({ pid, backend, ...options }),
      });
      passed++;
      console.log(`ok - ${backend}: ${name}`);
    } catch (error) {
      failed++;
      console.log(`not ok - ${backend}: ${name}\n${error instanceof Error ? error.stack : String(error)}`);
    } finally {
      clearTimeout(watchdog);
    }
  }
  guest.close();
}
console.log(`contract: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
