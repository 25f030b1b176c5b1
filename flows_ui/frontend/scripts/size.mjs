// What each island makes a browser load, compressed, against its budget. Run it after a build.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const DIST = new URL('../../../static/dist/', import.meta.url);
const BUDGETS_KIB = { editor: 190, run: 170, graph: 160 };

const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', DIST), 'utf8'));
const gzipped = (file) => gzipSync(readFileSync(new URL(file, DIST))).length;

function filesOf(name, seen = new Set()) {
  if (seen.has(name)) return [];
  seen.add(name);
  const { file, css = [], imports = [] } = manifest[name];
  return [file, ...css, ...imports.flatMap((found) => filesOf(found, seen))];
}

let isOver = false;
for (const [island, budget] of Object.entries(BUDGETS_KIB)) {
  const files = new Set(filesOf(`src/islands/${island}.tsx`));
  const size = [...files].reduce((sum, file) => sum + gzipped(file), 0) / 1024;
  isOver ||= size > budget;
  console.log(`${island.padEnd(8)} ${size.toFixed(1).padStart(6)} KiB of ${budget}`);
}
if (isOver) {
  console.error('An island is larger than its budget: look at what was imported last.');
  process.exit(1);
}
