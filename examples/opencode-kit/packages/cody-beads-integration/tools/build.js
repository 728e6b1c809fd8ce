/** Builds the package tarball into `dist/`, laid out as `npm pack` does it. */

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pack } from './tar.js';
import { ROOT, files, isMain, relative } from './workspace.js';

export const DIST = join(ROOT, 'dist');

/**
 * Reads `package.json`.
 *
 * @returns {Promise<object>}
 */
export async function manifest() {
  return JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
}

/**
 * Says what the tarball of this version is called.
 *
 * @returns {Promise<string>}
 */
export async function tarballName() {
  const { name, version } = await manifest();
  return `${name}-${version}.tgz`;
}

/**
 * Packs what `package.json` lists under `files`, and itself.
 *
 * @returns {Promise<Buffer>}
 */
export async function tarball() {
  const { bin, files: wanted } = await manifest();
  const programs = Object.values(bin);
  const isWanted = (name) => wanted.some((each) => name === each || name.startsWith(`${each}/`));
  const entries = [];
  for (const path of await files()) {
    const name = relative(path);
    if (name !== 'package.json' && !isWanted(name)) continue;
    // From the manifest, not from the disk: a checkout may have lost the right to execute.
    const mode = programs.includes(name) ? 0o755 : 0o644;
    entries.push({ name: `package/${name}`, mode, data: await readFile(path) });
  }
  return pack(entries);
}

if (isMain(import.meta.url)) {
  const [name, data] = [await tarballName(), await tarball()];
  await mkdir(DIST, { recursive: true });
  // Renamed into place: whoever looks meanwhile sees the old archive or the new one, never half of one.
  await writeFile(join(DIST, `${name}.draft`), data);
  await rename(join(DIST, `${name}.draft`), join(DIST, name));
  const hash = createHash('sha256').update(data).digest('hex').slice(0, 16);
  console.log(`built dist/${name}, ${data.length} bytes, sha256 ${hash}`);
}
