/**
 * A script with a tree of processes that says "ready" once all of them are there: what is forked while an agent looks for its
 * descendants, it does not find.
 */
export interface Tree {
  /** Each process's last argument, by which it is known; sleep(1) adds it up. */
  mark: string;
  /** Also one that leaves the process group and the session. */
  leaves?: boolean;
  /** What the script does with SIGTERM; its children are as deaf to it as it is. */
  trap?: string;
  /** What the children do with it, if not that. */
  childTrap?: string;
}

export function treeScript({ mark, leaves = false, trap, childTrap }: Tree): string {
  const child = `${childTrap === undefined ? "" : `trap '${childTrap}' TERM; `}echo up >> "$UP"; exec sleep 1000 ${mark}`;
  const children = [
    `sh -c "$CHILD" &`,
    // A child with one of its own.
    `sh -c 'sh -c "$CHILD" & ${childTrap === undefined ? "" : `trap "${childTrap}" TERM; `}wait' &`,
    ...(leaves ? [`setsid sh -c "$CHILD" &`] : []),
  ];
  return [
    `export UP="$(mktemp)" CHILD=${JSON.stringify(child).replaceAll("$", "\\$")}`,
    ...(trap === undefined ? [] : [`trap '${trap}' TERM`]),
    ...children,
    `until [ "$(wc -l < "$UP")" -eq ${children.length} ]; do sleep 0.01; done`,
    `rm "$UP"`,
    "echo ready",
    "while :; do wait; done",
  ].join("\n");
}
