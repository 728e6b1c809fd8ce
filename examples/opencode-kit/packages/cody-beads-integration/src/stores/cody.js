/** Cody's folder: an issue per Markdown file, its fields between two lines of dashes at the top. */

import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BadRecord, normalised } from '../issue.js';
import { readIfThere, writeWhole } from './files.js';

/** @typedef {import('../issue.js').Issue} Issue */

const FENCE = '---';

/** Cody's words for the fields; those not named here are called the same. */
const WORDS = { state: 'status', tags: 'labels', depends_on: 'blockedBy' };

/** Issues in a folder of Markdown files. */
export class CodyStore {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder;
  }

  /**
   * Reads all issues; files that do not end in `.md` are somebody else's.
   *
   * @returns {Promise<Map<string, Issue>>}
   */
  async read() {
    await mkdir(this.folder, { recursive: true });
    const names = (await readdir(this.folder)).filter((name) => name.endsWith('.md')).sort();
    const issues = await Promise.all(names.map((name) => this.#readFile(name)));
    return new Map(issues.map((issue) => [issue.id, issue]));
  }

  /**
   * Carries out changes, a file each.
   *
   * @param {import('../plan.js').Change[]} changes
   * @returns {Promise<void>}
   */
  async apply(changes) {
    await mkdir(this.folder, { recursive: true });
    for (const { id, issue } of changes) {
      const path = join(this.folder, `${id}.md`);
      if (issue) await writeWhole(path, toMarkdown(issue));
      else await rm(path, { force: true });
    }
  }

  /**
   * @param {string} name
   * @returns {Promise<Issue>}
   */
  async #readFile(name) {
    const path = join(this.folder, name);
    const issue = fromMarkdown(await readIfThere(path), path);
    if (issue.id !== basename(name, '.md')) {
      throw new BadRecord(path, [`the file should be called ${issue.id}.md`]);
    }
    return issue;
  }
}

/**
 * Writes an issue as Markdown.
 *
 * @param {Issue} issue
 * @returns {string}
 */
export function toMarkdown(issue) {
  const header = [
    `id: ${issue.id}`,
    `title: ${JSON.stringify(issue.title)}`,
    `state: ${issue.status}`,
    `priority: ${issue.priority}`,
    `tags: ${JSON.stringify(issue.labels)}`,
    `depends_on: ${JSON.stringify(issue.blockedBy)}`,
    `updated: ${issue.updated}`,
  ];
  const body = issue.body === '' ? '' : `\n${issue.body}\n`;
  return `${FENCE}\n${header.join('\n')}\n${FENCE}\n${body}`;
}

/**
 * Reads what `toMarkdown` writes, and what people make of it by hand.
 *
 * @param {string} text
 * @param {string} where for error messages
 * @returns {Issue}
 */
export function fromMarkdown(text, where) {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const end = lines.indexOf(FENCE, 1);
  if (lines[0] !== FENCE || end < 0) throw new BadRecord(where, ['the fields should be between two lines of ---']);
  const record = { body: lines.slice(end + 1).join('\n') };
  for (const [index, line] of lines.slice(1, end).entries()) {
    const match = /^(\w+):\s*(.*?)\s*$/.exec(line);
    if (!match) throw new BadRecord(`${where}:${index + 2}`, [`${JSON.stringify(line)} is no field`]);
    const [, word, value] = match;
    record[WORDS[word] ?? word] = fieldValue(value);
  }
  return normalised(record, where);
}

/**
 * Lists, numbers and quoted texts are written as JSON; anything else is a text as it stands.
 *
 * @param {string} text
 * @returns {unknown}
 */
function fieldValue(text) {
  try {
    return JSON.parse(text);
  } catch {
    // A list may be written without quotes: [api, docs].
    const list = /^\[(.*)\]$/.exec(text);
    return list ? list[1].split(',').map((item) => item.trim()) : text;
  }
}
