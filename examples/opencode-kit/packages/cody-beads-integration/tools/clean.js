/** Removes what the tasks of the Node half have produced, and nothing else. */

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PRODUCTS, ROOT } from './workspace.js';

const there = PRODUCTS.filter((name) => existsSync(join(ROOT, name)));
for (const name of there) {
  await rm(join(ROOT, name), { recursive: true });
  console.log(`removed ${name}`);
}
console.log(`${there.length} folders removed`);
