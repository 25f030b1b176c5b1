/** Finding something by a few letters: what is called so comes before what only speaks of it. */

interface Named {
  name: string;
  project: string;
  description: string;
}

/** 0 for the name itself, then its beginning, its middle, the project, the description; null for no match. */
function rank({ name, project, description }: Named, text: string): number | null {
  const lower = name.toLowerCase();
  if (lower === text) return 0;
  if (lower.startsWith(text)) return 1;
  if (lower.includes(text)) return 2;
  if (`${project}/${name}`.toLowerCase().includes(text)) return 3;
  return description.toLowerCase().includes(text) ? 4 : null;
}

/** The items that match, best first; all in their own order for no text. */
export function search<T extends Named>(items: readonly T[], text: string): T[] {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [...items];
  return items
    .map((item) => ({ item, place: rank(item, wanted) }))
    .filter((found) => found.place !== null)
    .toSorted((a, b) => (a.place ?? 0) - (b.place ?? 0))
    .map((found) => found.item);
}
