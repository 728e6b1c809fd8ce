import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { normalised } from '../../src/issue.js';
import { BeadsStore } from '../../src/stores/beads.js';
import { CodyStore, fromMarkdown, toMarkdown } from '../../src/stores/cody.js';
import { temporaryFolder } from '../temporary.js';

const issue = (fields = {}) => normalised({ id: 'kit-1', title: 'T', ...fields }, 'test');

const AWKWARD = issue({
  title: 'Quotes "here": 100% - [x] \\ ---',
  status: 'in_progress',
  priority: 0,
  labels: ['needs review', 'a,b'],
  blockedBy: ['kit-2'],
  updated: '2026-02-03T04:05:06Z',
  body: '---\nkey: value\n---\n\n```js\nx\n```',
});

test('a beads file that is not there is empty', async (t) => {
  const store = new BeadsStore(join(await temporaryFolder(t), 'issues.jsonl'));
  assert.deepEqual(await store.read(), new Map());
});

test('beads are written sorted, one per line, and read back the same', async (t) => {
  const store = new BeadsStore(join(await temporaryFolder(t), 'issues.jsonl'));
  const second = issue({ id: 'kit-2' });
  await store.apply([{ id: 'kit-2', issue: second }, { id: 'kit-1', issue: AWKWARD }]);
  const text = await readFile(store.path, 'utf8');
  assert.deepEqual(text.trimEnd().split('\n').map((line) => JSON.parse(line).id), ['kit-1', 'kit-2']);
  assert.deepEqual([...(await store.read()).values()], [AWKWARD, second]);
});

test('bad lines of a beads file are named by number', async (t) => {
  const path = join(await temporaryFolder(t), 'issues.jsonl');
  const good = '{"id": "kit-1", "title": "T"}';
  for (const [text, message] of [
    [`${good}\n\n{"id"`, /^.*issues\.jsonl:3: no JSON: /],
    [`${good}\n[]`, /issues\.jsonl:2: a line should be one JSON object$/],
    [`${good}\n${good}`, /issues\.jsonl:2: kit-1 is in this file twice$/],
  ]) {
    await writeFile(path, text);
    await assert.rejects(new BeadsStore(path).read(), { name: 'BadRecord', message });
  }
});

test('awkward texts survive Markdown', () => {
  assert.deepEqual(fromMarkdown(toMarkdown(AWKWARD), 'f'), AWKWARD);
});

test('Markdown written by hand is read', () => {
  const text = '---\r\nid: kit-1\r\ntitle: Just a title\r\nstate: open\r\ntags: [docs, api]\r\n---\r\nBody.\r\n';
  assert.deepEqual(fromMarkdown(text, 'f'), issue({ title: 'Just a title', labels: ['api', 'docs'], body: 'Body.' }));
});

test('Markdown without fields, or with a line that is none, is refused', () => {
  assert.throws(() => fromMarkdown('# Hello\n', 'a.md'), { message: /^a\.md: the fields should be between/ });
  assert.throws(() => fromMarkdown('---\nid: kit-1\n?\n---\n', 'a.md'), { message: 'a.md:3: "?" is no field' });
});

test('a folder is written file by file, and only its own files are touched', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'notes.txt'), 'mine');
  const store = new CodyStore(folder);
  await store.apply([{ id: 'kit-1', issue: AWKWARD }, { id: 'kit-2', issue: issue({ id: 'kit-2' }) }]);
  await store.apply([{ id: 'kit-2', issue: null }]);
  assert.deepEqual((await readdir(folder)).sort(), ['kit-1.md', 'notes.txt']);
  assert.deepEqual([...(await store.read()).values()], [AWKWARD]);
});

test('a file that is called differently from its issue is refused', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'other.md'), toMarkdown(AWKWARD));
  await assert.rejects(new CodyStore(folder).read(), { message: /other\.md: the file should be called kit-1\.md$/ });
});
