/** Lints the Node half: Node checks the syntax, then each rule looks at the tokens. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { moduleOf } from './declarations.js';
import { code, tokens } from './tokens.js';
import { ROOT, finish, isMain, relative, scripts, switchedOff } from './workspace.js';

const LONGEST_LINE = 120;
const run = promisify(execFile);

/**
 * @typedef {import('./workspace.js').Finding} Finding
 * @typedef {import('./tokens.js').Token} Token
 */

/**
 * @typedef {object} Source
 * @property {string} path
 * @property {string[]} lines
 * @property {Token[]} code without comments
 * @property {Token[]} all
 * @property {Map<string, string>} imports
 */

/** A rule is given a source, and yields a line and what is wrong with it. */
export const RULES = {
  *'no-var'({ code: list }) {
    for (const token of named(list, 'var')) yield [token.line, 'use const or let'];
  },

  *'strict-equality'({ code: list }) {
    for (const token of list) {
      const strict = `${token.text}=`;
      if (isMark(token, '==') || isMark(token, '!=')) yield [token.line, `${token.text} converts types; use ${strict}`];
    }
  },

  *'no-debugger'({ code: list }) {
    for (const token of named(list, 'debugger')) yield [token.line, 'a debugger statement was left behind'];
  },

  *'no-console'({ code: list, path }) {
    if (!relative(path).startsWith('src/')) return;
    for (const token of named(list, 'console')) yield [token.line, 'the package writes where it is told to'];
  },

  *'no-only'({ code: list }) {
    for (const [index, token] of list.entries()) {
      const isCall = list[index - 1]?.text === '.' && list[index + 1]?.text === '(';
      if (token.text === 'only' && isCall) yield [token.line, 'this keeps the other tests from running'];
    }
  },

  *'empty-catch'({ all }) {
    for (const [index, token] of all.entries()) {
      if (token.text !== 'catch' || token.kind !== 'name') continue;
      const open = all.findIndex(({ text }, at) => at > index && text === '{');
      if (all[open + 1]?.text === '}') yield [token.line, 'say why this error does not matter'];
    }
  },

  *'unused-import'({ code: list, imports }) {
    for (const name of imports.keys()) {
      const uses = list.filter(({ kind, text }) => kind === 'name' && text === name);
      if (uses.length === 1) yield [uses[0].line, `${name} is imported but not used`];
    }
  },

  *'import-path'({ code: list, imports, path }) {
    for (const module of new Set(imports.values())) {
      const line = list.find(({ text }) => text.slice(1, -1) === module)?.line ?? 1;
      const isFile = module.startsWith('.');
      if (isFile && !existsSync(join(dirname(path), module))) yield [line, `there is no ${module}`];
      if (!isFile && isBuiltin(module) && !module.startsWith('node:')) yield [line, `write node:${module}`];
      if (!isFile && !isBuiltin(module)) yield [line, `${module} is not among the dependencies, there are none`];
    }
  },

  *'long-line'({ lines }) {
    for (const [index, line] of lines.entries()) {
      if (line.length > LONGEST_LINE) yield [index + 1, `${line.length} characters; ${LONGEST_LINE} fit`];
    }
  },
};

/**
 * Holds a text against all rules.
 *
 * @param {string} path
 * @param {string} text
 * @returns {Finding[]}
 */
export function lint(path, text) {
  const all = tokens(text);
  const source = { path, all, code: code(all), lines: text.split('\n'), imports: moduleOf(text).imports };
  const found = Object.entries(RULES).flatMap(([rule, complaints]) => {
    return [...complaints(source)].map(([line, message]) => ({ file: relative(path), line, rule, message }));
  });
  return found.filter(({ line, rule }) => !switchedOff(source.lines[line - 1], rule));
}

/**
 * Lets Node check the syntax of a file.
 *
 * @param {string} path
 * @returns {Promise<Finding[]>}
 */
async function syntax(path) {
  try {
    await run(process.execPath, ['--check', path], { cwd: ROOT });
    return [];
  } catch (error) {
    const line = Number(/:(\d+)\n/.exec(error.stderr)?.[1] ?? 1);
    const message = /^\w*Error: .*$/m.exec(error.stderr)?.[0] ?? error.message;
    return [{ file: relative(path), line, rule: 'syntax', message }];
  }
}

/**
 * @param {string} path
 * @returns {Promise<Finding[]>}
 */
async function lintFile(path) {
  const broken = await syntax(path);
  return broken.length > 0 ? broken : lint(path, await readFile(path, 'utf8'));
}

/**
 * @param {Token[]} list
 * @param {string} text
 * @returns {Token[]} plain names, those after a dot or before a colon left out
 */
function named(list, text) {
  return list.filter((token, index) => {
    const isPlain = list[index - 1]?.text !== '.' && list[index + 1]?.text !== ':';
    return token.kind === 'name' && token.text === text && isPlain;
  });
}

/**
 * @param {Token} token
 * @param {string} text
 * @returns {boolean}
 */
function isMark(token, text) {
  return token.kind === 'mark' && token.text === text;
}

if (isMain(import.meta.url)) {
  const paths = await scripts();
  const findings = [];
  // One at a time: the other half may be at work on the other processor.
  for (const path of paths) findings.push(...(await lintFile(path)));
  finish(findings, `${paths.length} files linted with ${Object.keys(RULES).length} rules`);
}
