import type { ExecOptions, Guest } from "../../src/index.ts";
import type { Case } from "./case.ts";
import { endings } from "./endings.ts";
import { streams } from "./streams.ts";

/** What the cases print begins like these, so that a lot is kept back, and none is masked. */
const NEARLY = "one-and\nlate-and\nlast-and\nend-and\nout-and\nstill-and\nxxxxxxxx-and\n0123456789-and";

function withMask<Options extends ExecOptions>(options: Options): Options {
  return { ...options, env: { ...options.env, NEARLY }, mask: ["NEARLY"] };
}

/** The same guest, whose steps all mask their output. */
function masking(guest: Guest): Guest {
  const { backend, pid, backendReason, limitations } = guest;
  const masked: Pick<Guest, "run" | "exec" | "backend" | "pid" | "backendReason" | "limitations" | "close"> = {
    run: (options) => guest.run(withMask(options)),
    exec: (command, options: ExecOptions | undefined) => guest.exec(command, withMask(options ?? {})),
    close: () => guest.close(),
    backend,
    pid,
    backendReason,
    limitations,
  };
  return masked as Guest;
}

function maskedCase(original: Case): Case {
  return {
    ...original,
    name: `masked: ${original.name}`,
    when: (target) => target.checksMasks === true && (original.when?.(target) ?? true),
    run: (context) =>
      original.run({
        ...context,
        guest: masking(context.guest),
        connect: async (options) => masking(await context.connect(options)),
      }),
  };
}

/** What is promised of the streams is promised where they are masked, too. */
export const masked: readonly Case[] = [...streams, ...endings].map(maskedCase);
