/**
 * Tidies the layout of the Node half; `--check` only says what would change.
 *
 * Changed are line ends, tabs in indentation, white space at the end of lines, runs of blank lines and the end of
 * the file. What stands inside a template is never touched.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { tokens } from './tokens.js';
import { finish, isMain, relative, scripts } from './workspace.js';

const TAB = '  ';

/**
 * Puts a text into its right layout; a tidy text comes back as it is.
 *
 * @param {string} text
 * @returns {string}
 */
export function tidy(text) {
  const unix = text.replace(/\r\n?/g, '\n');
  const frozen = linesInsideTemplates(unix);
  const kept = [];
  let blank = 0;
  for (const [index, line] of unix.split('\n').entries()) {
    const tidied = tidyLine(line, frozen.has(index + 1), frozen.has(index));
    blank = tidied === '' && !frozen.has(index + 1) ? blank + 1 : 0;
    if (blank <= 1) kept.push(tidied);
  }
  const body = kept.join('\n').replace(/^\n+|\n+$/g, '');
  return body === '' ? '' : `${body}\n`;
}

/**
 * @param {string} line
 * @param {boolean} endsInTemplate
 * @param {boolean} beginsInTemplate
 * @returns {string}
 */
function tidyLine(line, endsInTemplate, beginsInTemplate) {
  const right = endsInTemplate ? line : line.trimEnd();
  return beginsInTemplate ? right : right.replace(/^[ \t]+/, (indent) => indent.replaceAll('\t', TAB));
}

/**
 * Finds the lines whose end belongs to a template of several lines.
 *
 * @param {string} text
 * @returns {Set<number>}
 */
function linesInsideTemplates(text) {
  const frozen = new Set();
  let list;
  try {
    list = tokens(text);
  } catch {
    // Not JavaScript: leave every line as it is, and let the linter complain.
    return new Set(text.split('\n').map((_, index) => index + 1));
  }
  for (const { kind, line, endLine } of list) {
    for (let number = line; kind === 'template' && number < endLine; number += 1) frozen.add(number);
  }
  return frozen;
}

/**
 * @param {string} one
 * @param {string} other
 * @returns {number} the first line that is not the same, counted from one
 */
function firstDifference(one, other) {
  const [lines, others] = [one.split('\n'), other.split('\n')];
  const index = lines.findIndex((line, at) => line !== others[at]);
  return (index < 0 ? lines.length : index) + 1;
}

if (isMain(import.meta.url)) {
  const paths = await scripts();
  const untidy = [];
  for (const path of paths) {
    const text = await readFile(path, 'utf8');
    if (tidy(text) !== text) untidy.push([path, tidy(text), text]);
  }
  if (process.argv.includes('--check')) {
    const message = 'from here on the layout is off; run format-node';
    const findings = untidy.map(([path, tidied, text]) => {
      return { file: relative(path), line: firstDifference(tidied, text), rule: 'layout', message };
    });
    finish(findings, `layout of ${paths.length} files checked`);
  } else {
    for (const [path, text] of untidy) {
      await writeFile(path, text);
      console.log(`tidied ${relative(path)}`);
    }
    console.log(`${paths.length} files looked at, ${untidy.length} changed`);
  }
}
