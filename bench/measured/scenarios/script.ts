/** Twenty lines that a shell does by itself, so that no other program's start is measured. */
export const SCRIPT = `set -eu
# What a short build script is like, without the programs that it would start.
project=demo
version=1.2.3
target=dist
count=0
major=\${version%%.*}
rest=\${version#*.}
minor=\${rest%%.*}
name="$project-$major.$minor"
if [ -z "$name" ]; then
  exit 2
fi
for part in one two three; do
  count=$((count + 1))
done
case "$target" in
  dist) [ "$count" -eq 3 ] ;;
  *) exit 3 ;;
esac
`;
