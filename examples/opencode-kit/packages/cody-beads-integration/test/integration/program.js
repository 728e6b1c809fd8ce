/** Runs `cody-beads` as a child process. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * @typedef {object} Ran
 * @property {number} code
 * @property {string} out
 * @property {string} err
 */

/**
 * Runs the program of an installed package on the two stores of a folder.
 *
 * @param {string} installed
 * @param {string} folder
 * @param {string[]} words
 * @returns {Ran}
 */
export function codyBeads(installed, folder, ...words) {
  const program = join(installed, 'bin', 'cody-beads.js');
  const stores = ['--beads', 'issues.jsonl', '--cody', 'cody'];
  const options = { cwd: folder, encoding: 'utf8', timeout: 60_000 };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words, ...stores], options);
  return { code: status, out: stdout, err: stderr };
}
