/** What the tools share: the files of this package, and how findings are reported. */

import { realpathSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative as pathBetween, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
export const PRODUCTS = ['build', 'dist', 'docs'];
const NOT_OURS = [...PRODUCTS, 'node_modules', '.git'];

/**
 * @typedef {object} Finding
 * @property {string} file
 * @property {number} line
 * @property {string} rule the word that switches it off
 * @property {string} message
 */

/**
 * Lists all files somebody wrote, sorted.
 *
 * @param {string} folder
 * @returns {Promise<string[]>} whole paths
 */
export async function files(folder = ROOT) {
  const entries = await readdir(folder, { withFileTypes: true });
  const wanted = entries.filter((entry) => folder !== ROOT || !NOT_OURS.includes(entry.name));
  const lists = wanted.map((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : [path];
  });
  return (await Promise.all(lists)).flat().sort();
}

/**
 * Lists all JavaScript files, sorted.
 *
 * @returns {Promise<string[]>}
 */
export async function scripts() {
  return (await files()).filter((path) => path.endsWith('.js'));
}

/**
 * Writes a path as seen from the package, the same on every system.
 *
 * @param {string} path
 * @returns {string}
 */
export function relative(path) {
  return pathBetween(ROOT, path).split(sep).join('/');
}

/**
 * Tells whether a line of source ends in `// allow: rule`.
 *
 * @param {string | undefined} line
 * @param {string} rule
 * @returns {boolean}
 */
export function switchedOff(line, rule) {
  const rules = (line ?? '').split('// allow:')[1] ?? '';
  return rules.split(/[\s,]+/).includes(rule);
}

/**
 * Prints the findings and a last line, and sets the exit code.
 *
 * @param {Finding[]} findings
 * @param {string} checked
 * @returns {void}
 */
export function finish(findings, checked) {
  const order = (one, other) => one.file.localeCompare(other.file, 'en') || one.line - other.line;
  for (const { file, line, rule, message } of [...findings].sort(order)) {
    console.log(`${file}:${line}: ${rule}: ${message}`);
  }
  console.log(findings.length > 0 ? `${checked}: ${findings.length} found` : `${checked}: all good`);
  process.exitCode = findings.length > 0 ? 1 : 0;
}

/**
 * Tells whether a module is the script that Node was started with.
 *
 * @param {string} url its `import.meta.url`
 * @returns {boolean}
 */
export function isMain(url) {
  // Node follows links in the one and not in the other.
  return realpathSync(process.argv[1]) === fileURLToPath(url);
}
