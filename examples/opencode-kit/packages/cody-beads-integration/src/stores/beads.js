/** The beads file: one issue per line, as JSON, sorted by id. */

import { BadRecord, normalised } from '../issue.js';
import { readIfThere, writeWhole } from './files.js';

/** @typedef {import('../issue.js').Issue} Issue */

/** Issues in one file of JSON lines. */
export class BeadsStore {
  /** @param {string} path */
  constructor(path) {
    this.path = path;
  }

  /**
   * Reads all issues.
   *
   * @returns {Promise<Map<string, Issue>>}
   */
  async read() {
    const issues = new Map();
    const lines = (await readIfThere(this.path)).split('\n');
    for (const [index, line] of lines.entries()) {
      if (line.trim() === '') continue;
      const where = `${this.path}:${index + 1}`;
      const issue = normalised(parsed(line, where), where);
      if (issues.has(issue.id)) throw new BadRecord(where, [`${issue.id} is in this file twice`]);
      issues.set(issue.id, issue);
    }
    return issues;
  }

  /**
   * Carries out changes in one go. Without any, the file stays as somebody wrote it.
   *
   * @param {import('../plan.js').Change[]} changes
   * @returns {Promise<void>}
   */
  async apply(changes) {
    if (changes.length === 0) return;
    const issues = await this.read();
    for (const { id, issue } of changes) {
      if (issue) issues.set(id, issue);
      else issues.delete(id);
    }
    await this.write(issues);
  }

  /**
   * Replaces the whole file.
   *
   * @param {Map<string, Issue>} issues
   * @returns {Promise<void>}
   */
  async write(issues) {
    const sorted = [...issues.keys()].sort().map((id) => `${JSON.stringify(issues.get(id))}\n`);
    await writeWhole(this.path, sorted.join(''));
  }
}

/**
 * @param {string} line
 * @param {string} where
 * @returns {object}
 */
function parsed(line, where) {
  try {
    const record = JSON.parse(line);
    if (record !== null && typeof record === 'object' && !Array.isArray(record)) return record;
  } catch (error) {
    throw new BadRecord(where, [`no JSON: ${error.message}`]);
  }
  throw new BadRecord(where, ['a line should be one JSON object']);
}
