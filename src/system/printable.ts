/**
 * Text that may be a container's, made fit for a terminal and a log: what would control them, or is not to be seen, shows
 * as its code point in braces.
 *
 * @param longest How many characters of it are shown; a container can make a text as long as it likes.
 */
export function printable(text: string, longest = 600): string {
  const visible = text.replace(/\s+/g, " ").replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, (character) => {
    return `{U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}}`;
  });
  return visible.length > longest ? `${visible.slice(0, longest - 3)}...` : visible;
}
