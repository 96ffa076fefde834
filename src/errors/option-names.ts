import { invalidOption } from "./executor-error.ts";

/** How many letters are wrong, left out, added or swapped with their neighbour: the distance of Damerau and Levenshtein. */
function distance(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= one.length; row++) {
    const cells = [row];
    for (let column = 1; column <= other.length; column++) {
      const above = rows[row - 1] ?? [];
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      cells.push(
        Math.min(
          (above[column] ?? 0) + 1,
          (cells[column - 1] ?? 0) + 1,
          (above[column - 1] ?? 0) + (isSame ? 0 : 1),
          ...(isSwapped ? [(rows[row - 2]?.[column - 2] ?? 0) + 1] : []),
        ),
      );
    }
    rows.push(cells);
  }
  return rows.at(-1)?.at(-1) ?? 0;
}

function isLike(name: string, known: string): boolean {
  return distance(name.toLowerCase(), known.toLowerCase()) <= (known.length < 5 ? 1 : 2);
}

/**
 * Refuses options whose names are nearly those that there are: passed over, they would leave undone what was asked for. Names
 * that are like none pass, for callers spread larger objects; so do those that are like one which is given, too.
 *
 * @param known All that there are.
 * @throws ExecutorError INVALID_OPTION.
 */
export function refuseMisspelt(options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const meant = known.find((other) => !Object.hasOwn(options, other) && isLike(name, other));
    if (meant === undefined) continue;
    throw invalidOption(`the option ${JSON.stringify(name)} is unknown`, `did you mean ${meant}?`);
  }
}
