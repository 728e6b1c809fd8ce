import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { moduleOf } from '../../tools/declarations.js';
import { tidy } from '../../tools/format.js';
import { lint } from '../../tools/lint.js';
import { dangerousCalls, permissions, secrets } from '../../tools/security.js';
import { pack, unpack } from '../../tools/tar.js';
import { tokens } from '../../tools/tokens.js';
import { check } from '../../tools/typecheck.js';
import { ROOT } from '../../tools/workspace.js';

const SOURCE = join(ROOT, 'src', 'x.js');

test('tokens: strings, templates, divisions and regular expressions are told apart', () => {
  const text = 'a = b / c / 2; d = /[/"]+/g.test(`x ${{ y: `}` }.y} z`); // "end';
  const shown = tokens(text).filter(({ kind }) => kind !== 'mark' && kind !== 'name');
  assert.deepEqual(
    shown.map(({ kind, text: word }) => `${kind} ${word}`),
    ['number 2', 'regex /[/"]+/g', 'template `x ${', 'template `}`', 'template } z`', 'comment // "end'],
  );
});

test('lint: each rule sees its mistake', () => {
  for (const [rule, text] of Object.entries({
    'no-var': 'var x = 1;',
    'strict-equality': 'if (a == b) c();',
    'no-debugger': 'debugger;',
    'no-console': 'console.log(1);',
    'no-only': 'test.only(x);',
    'empty-catch': 'try { a(); } catch (error) {}',
    'unused-import': "import { a as b } from 'node:fs';",
    'import-path': "import { a } from './nowhere.js'; a();",
    'long-line': `const a = '${'x'.repeat(120)}';`,
  })) {
    assert.deepEqual(lint(SOURCE, text).map((finding) => finding.rule), [rule]);
  }
});

test('lint: a rule can be switched off where it is broken', () => {
  assert.deepEqual(lint(SOURCE, 'debugger; // allow: no-debugger'), []);
});

test('lint: what only looks like a mistake passes', () => {
  const text = "const words = { var: 'debugger', text: `a == b` };\nwords.console = /==/; // var\n";
  assert.deepEqual(lint(SOURCE, text), []);
});

test('layout: white space is tidied outside templates', () => {
  const template = '`x  \n\ty\t\n\n\n\nz`';
  assert.equal(tidy(`\n\na();  \r\n\tb();\n\n\n\nc(${template});  \n\n`), `a();\n  b();\n\nc(${template});\n`);
});

test('layout: tidy twice is tidy once', () => {
  for (const text of ['', '\n\n', 'a', 'a`  \n  `  \n\n\n\nb', '`open  \n', '\t\tx']) {
    assert.equal(tidy(tidy(text)), tidy(text));
  }
});

const complaints = (text) => check(moduleOf(text), text, new Map(), SOURCE).map(([, , message]) => message);

test('types: a function whose comment and code agree passes', () => {
  const text = `/** File. */
    /** @typedef {object} Box */
    /**
     * @param {Box} box
     * @param {number} size
     * @returns {Promise<string>}
     */
    export async function f(box, size = 2) { return box.map((x) => { return size; }) + g('a'); }
    /** @param {string} a @returns {void} */`;
  assert.deepEqual(complaints(text), []);
});

test('types: each disagreement is named', () => {
  const f = (tags, code) => `/** File. */\n/**\n${tags.map((tag) => ` * @${tag}\n`).join('')} */\n${code}`;
  for (const [message, text] of [
    ['f: parameter b has no @param', f(['param {string} a', 'returns {void}'], 'function f(a, b) {}')],
    ['f: @param b stands where a is', f(['param {string} b', 'returns {void}'], 'function f(a) {}')],
    ['f: @param a is no parameter', f(['param {string} a', 'returns {void}'], 'function f() {}')],
    ['f: default 1 of a is no string', f(['param {string} a', 'returns {void}'], 'function f(a = 1) {}')],
    ['f: the result has no @returns with a type', f([], 'function f() {}')],
    ['f: an async function returns a Promise, not string', f(['returns {string}'], 'async function f() {}')],
    ['f: returns 1, promised is string', f(['returns {string}'], 'function f() { return 1; }')],
    ['f: returns something, promised is void', f(['returns {void}'], 'function f() { return 1; }')],
    ['f: there is no type Bx', f(['returns {Bx}'], 'function f() {}')],
    ['f: 0 arguments, needed are 1', f(['param {string} a', 'returns {void}'], 'function f(a) {}\nf();')],
    ['f: 2 arguments, it takes 1', f(['param {string} a', 'returns {void}'], "function f(a) {}\nf('', (1, 2));")],
    ['f: a is 1, wanted is string', f(['param {string} a', 'returns {void}'], 'function f(a) {}\nf(1);')],
  ]) {
    assert.deepEqual(complaints(text), [message]);
  }
});

test('security: dangerous calls', () => {
  const rules = (text) => dangerousCalls(text).map(([line, rule]) => `${line} ${rule}`);
  const evaluated = ['1 dangerous-call', '2 dangerous-call'];
  assert.deepEqual(rules('eval(a);\nnew Function(a);\npattern.exec(a);\n// eval(a)'), evaluated);
  assert.deepEqual(rules("import { exec } from 'node:child_process';\nexec(a);"), ['2 shell']);
  assert.deepEqual(rules("import cp from 'child_process';\ncp.execSync(a);\ncp.spawn(a, { shell: true });"), [
    '2 shell',
    '3 shell',
  ]);
});

test('security: secrets', () => {
  // Put together here, so that this file has none.
  const [key, password] = [`AKIA${'Q7'.repeat(8)}`, ['k9Xv2', 'pLq8Zr4Tm'].join('')];
  const text = `const a = '${key}';\nconst password = '${password}';\nconst token = 'aaaaaaaaaaaaaa';`;
  assert.deepEqual(secrets(text).map(([line, , message]) => [line, message]), [
    [1, 'this looks like a AWS key'],
    [2, 'this looks like a password'],
  ]);
});

test('security: permissions', () => {
  const messages = (mode, text, umask = 0o022) => permissions(mode, text, umask).map(([, , message]) => message);
  assert.deepEqual(messages(0o755, '#!/bin/sh'), []);
  assert.deepEqual(messages(0o666, ''), ['anybody can change this file']);
  assert.deepEqual(messages(0o666, '', 0), []);
  assert.deepEqual(messages(0o4755, 'x'), ['runs with the rights of its owner', 'is executable but has no #! line']);
});

test('tar: archives are read back, and the same entries give the same bytes', () => {
  const entries = [
    { name: 'package/é.js', mode: 0o644, data: Buffer.from('ü'.repeat(700)) },
    { name: 'package/empty', mode: 0o755, data: Buffer.alloc(0) },
    { name: 'package/block', mode: 0o644, data: Buffer.alloc(512, 'x') },
  ];
  assert.deepEqual(unpack(pack(entries)), entries);
  assert.deepEqual(pack(entries), pack(entries));
});

test('tar: a name that does not fit is refused', () => {
  const entry = { name: 'x'.repeat(101), mode: 0o644, data: Buffer.alloc(0) };
  assert.throws(() => pack([entry]), /is too long a name for this archive$/);
});
