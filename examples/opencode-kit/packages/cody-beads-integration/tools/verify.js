/** Checks what `build.js` has built: the tarball is whole, builds to the same bytes again, and runs. */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { DIST, manifest, tarball, tarballName } from './build.js';
import { moduleOf } from './declarations.js';
import { unpack } from './tar.js';
import { ROOT, finish, isMain } from './workspace.js';

/** @typedef {import('./tar.js').Entry} Entry */

const run = promisify(execFile);

/**
 * Installs entries into a folder.
 *
 * @param {Entry[]} entries
 * @param {string} folder
 * @returns {Promise<void>}
 */
export async function install(entries, folder) {
  for (const { name, mode, data } of entries) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, data, { mode });
  }
}

/**
 * Names files of the tarball that are not those of the tree.
 *
 * @param {Entry[]} entries
 * @returns {Promise<string[]>}
 */
async function staleFiles(entries) {
  const found = [];
  for (const { name, data } of entries) {
    const source = await readFile(join(ROOT, name.replace('package/', '')));
    if (!source.equals(data)) found.push(`${name} is not the file of the tree`);
  }
  return found;
}

/**
 * Names files that the manifest or an import asks for and the tarball lacks.
 *
 * @param {Entry[]} entries
 * @returns {Promise<string[]>}
 */
async function missingFiles(entries) {
  const { bin, exports: entryPoint } = await manifest();
  const names = new Set(entries.map(({ name }) => name));
  const wanted = [...Object.values(bin), entryPoint].map((name) => posix.join('package', name));
  for (const { name, data } of entries.filter((entry) => entry.name.endsWith('.js'))) {
    const paths = [...moduleOf(data.toString('utf8')).imports.values()].filter((path) => path.startsWith('.'));
    wanted.push(...paths.map((path) => posix.join(posix.dirname(name), path)));
  }
  return [...new Set(wanted)].filter((name) => !names.has(name)).map((name) => `${name} is missing`);
}

/**
 * Installs the tarball, imports the package and starts its programs.
 *
 * @param {Entry[]} entries
 * @returns {Promise<string[]>}
 */
async function failures(entries) {
  const { bin, exports: entryPoint } = await manifest();
  const folder = await mkdtemp(join(tmpdir(), 'verify-'));
  try {
    await install(entries, folder);
    await import(pathToFileURL(join(folder, 'package', entryPoint)).href);
    for (const program of Object.values(bin)) await run(process.execPath, [join(folder, 'package', program), '--help']);
    return [];
  } catch (error) {
    return [`the installed package does not start: ${error.message}`];
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (isMain(import.meta.url)) {
  const name = await tarballName();
  const built = await readFile(join(DIST, name));
  const entries = unpack(built);
  const messages = [
    ...(await staleFiles(entries)),
    ...(await missingFiles(entries)),
    ...(await failures(entries)),
    ...(built.equals(await tarball()) ? [] : ['a second build differs']),
  ];
  const findings = messages.map((message) => ({ file: `dist/${name}`, line: 0, rule: 'verify', message }));
  finish(findings, `${name} with ${entries.length} files verified`);
}
