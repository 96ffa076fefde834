type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What tells the elements of a list of the Pod's apart, as the Kubernetes API has it. */
function keyOf(element: unknown): unknown {
  return isObject(element) ? (element["mountPath"] ?? element["name"]) : element;
}

/** Adds lines to a manifest, as someone who follows doctor does: what is there stays, but for what has another value. */
export function mergeManifest(into: unknown, from: unknown): unknown {
  if (Array.isArray(into) && Array.isArray(from)) {
    const merged: unknown[] = into.map((element) => {
      const more = from.find((other) => keyOf(other) === keyOf(element));
      return more === undefined ? element : mergeManifest(element, more);
    });
    return [...merged, ...from.filter((element) => !into.some((other) => keyOf(other) === keyOf(element)))];
  }
  if (!isObject(into) || !isObject(from)) return from;
  const merged: Record<string, unknown> = { ...into };
  for (const [name, value] of Object.entries(from))
    merged[name] = name in into ? mergeManifest(into[name], value) : value;
  return merged;
}
