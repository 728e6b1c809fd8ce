/** Reading and writing files the way the stores need it. */

import { readFile, rename, writeFile } from 'node:fs/promises';

/**
 * Reads a file; one that is not there reads as empty.
 *
 * @param {string} path
 * @returns {Promise<string>}
 */
export async function readIfThere(path) {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}

/**
 * Writes a file whole: a reader sees the old text or the new one, and so does whoever comes after a crash.
 *
 * @param {string} path
 * @param {string} text
 * @returns {Promise<void>}
 */
export async function writeWhole(path, text) {
  const draft = `${path}.draft`;
  await writeFile(draft, text);
  await rename(draft, path);
}
