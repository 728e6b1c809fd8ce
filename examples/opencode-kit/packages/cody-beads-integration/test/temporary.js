/** Folders that are gone when a test is done. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Makes an empty folder for a test.
 *
 * @param {object} context what `node:test` gives a test
 * @returns {Promise<string>}
 */
export async function temporaryFolder(context) {
  const folder = await mkdtemp(join(tmpdir(), 'cody-beads-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
