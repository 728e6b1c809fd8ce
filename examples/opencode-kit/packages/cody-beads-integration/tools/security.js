/** Looks for what should not get into a release: dangerous calls, secrets, loose permissions. */

import { readFile, stat } from 'node:fs/promises';
import { moduleOf } from './declarations.js';
import { code, tokens } from './tokens.js';
import { files, finish, isMain, relative, switchedOff } from './workspace.js';

/** @typedef {[number, string, string]} Complaint line, rule, message */

const RUNS_TEXT = new Set(['eval', 'Function', 'runInThisContext', 'runInNewContext', 'runInContext']);
const SHELL_CALLS = new Set(['exec', 'execSync']);

const SECRETS = {
  'private key': /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  'AWS key': /\bAKIA[0-9A-Z]{16}\b/,
  'GitHub token': /\bgh[pousr]_[A-Za-z0-9]{36}\b/,
  'Slack token': /\bxox[abprs]-[A-Za-z0-9-]{10,}/,
};
const ASSIGNMENT = /(?:password|passwd|secret|token|api_?key)["']?\s*[:=]\s*["'`]([^"'`\s{}]{12,})["'`]/i;

/** Random letters and digits have about 4 bits per character at this length, words about 3. */
const SECRET_ENTROPY = 3.5;

const ANYBODY_WRITES = 0o002;
const RUNS_AS_OWNER = 0o6000;
const EXECUTABLE = 0o100;

/**
 * Finds calls that do more than they seem to.
 *
 * @param {string} text of a script
 * @returns {Complaint[]}
 */
export function dangerousCalls(text) {
  const list = code(tokens(text));
  const { imports } = moduleOf(text);
  return list.flatMap(({ kind, text: name, line }, index) => {
    if (kind !== 'name') return [];
    const isCall = list[index + 1]?.text === '(';
    const isMethod = list[index - 1]?.text === '.';
    const owner = isMethod ? list[index - 2]?.text : name;
    const ofChildProcess = imports.get(owner)?.endsWith('child_process');
    if (isCall && RUNS_TEXT.has(name)) return [[line, 'dangerous-call', `${name} runs any text as code`]];
    if (isCall && SHELL_CALLS.has(name) && ofChildProcess) return [[line, 'shell', `${name} passes text to a shell`]];
    const switchesOn = list[index + 1]?.text === ':' && list[index + 2]?.text !== 'false';
    return name === 'shell' && switchesOn ? [[line, 'shell', 'this option passes text to a shell']] : [];
  });
}

/**
 * Finds lines that look like somebody's key; the key itself is not shown.
 *
 * @param {string} text
 * @returns {Complaint[]}
 */
export function secrets(text) {
  return text.split('\n').flatMap((line, index) => {
    const kinds = Object.keys(SECRETS).filter((kind) => SECRETS[kind].test(line));
    const [, value] = ASSIGNMENT.exec(line) ?? [];
    if (value && entropy(value) > SECRET_ENTROPY) kinds.push('password');
    return kinds.map((kind) => [index + 1, 'secret', `this looks like a ${kind}`]);
  });
}

/**
 * Finds files that others may change, that run as somebody else, or that cannot run at all.
 *
 * @param {number} mode
 * @param {string} text
 * @param {number} umask where it lets others write, the mode says nothing about this file
 * @returns {Complaint[]}
 */
export function permissions(mode, text, umask) {
  const rules = [
    [mode & RUNS_AS_OWNER, 'runs with the rights of its owner'],
    [mode & ANYBODY_WRITES & umask, 'anybody can change this file'],
    [mode & EXECUTABLE && !text.startsWith('#!'), 'is executable but has no #! line'],
  ];
  return rules.filter(([broken]) => broken).map(([, message]) => [1, 'permissions', message]);
}

/**
 * Measures how random a text is.
 *
 * @param {string} text
 * @returns {number} bits per character
 */
export function entropy(text) {
  const counts = new Map();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / text.length) * Math.log2(count / text.length), 0);
}

/**
 * @param {string} path
 * @returns {Promise<import('./workspace.js').Finding[]>}
 */
async function scan(path) {
  const text = await readFile(path, 'utf8');
  const lines = text.split('\n');
  const complaints = [
    ...(path.endsWith('.js') ? dangerousCalls(text) : []),
    ...secrets(text),
    ...(process.platform === 'win32' ? [] : permissions((await stat(path)).mode, text, process.umask())),
  ];
  const counted = complaints.filter(([line, rule]) => !switchedOff(lines[line - 1], rule));
  return counted.map(([line, rule, message]) => ({ file: relative(path), line, rule, message }));
}

if (isMain(import.meta.url)) {
  const paths = await files();
  const findings = (await Promise.all(paths.map(scan))).flat();
  finish(findings, `${paths.length} files scanned`);
}
