import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/workspace.js';
import { temporaryFolder } from '../temporary.js';
import { codyBeads } from './program.js';

const BEAD = '{"id":"kit-1","title":"Write the docs","labels":["docs"],"updated":"2026-01-01T00:00:00Z"}\n';

/** A folder where both stores hold one issue and agree on it. */
async function syncedFolder(context) {
  const folder = await temporaryFolder(context);
  await writeFile(join(folder, 'issues.jsonl'), BEAD);
  const run = (...words) => codyBeads(ROOT, folder, ...words);
  assert.deepEqual(run('sync'), { code: 0, out: 'cody: create kit-1\n', err: '' });
  const edit = async (name, from, to) => {
    const path = join(folder, name);
    await writeFile(path, (await readFile(path, 'utf8')).replace(from, to));
  };
  return { folder, run, edit };
}

test('sync once, and there is nothing left to do', async (t) => {
  const { run } = await syncedFolder(t);
  assert.deepEqual(run('sync'), { code: 0, out: 'nothing to do\n', err: '' });
  assert.deepEqual(run('status'), { code: 0, out: 'nothing to do\n', err: '' });
  assert.deepEqual(run('check'), { code: 0, out: '1 issues in beads, 1 in Cody, all good\n', err: '' });
});

test('a store that needs no change is not written', async (t) => {
  const { folder, edit, run } = await syncedFolder(t);
  assert.equal(await readFile(join(folder, 'issues.jsonl'), 'utf8'), BEAD);
  await edit('issues.jsonl', '"labels":["docs"]', '"labels":[]');
  const before = await readFile(join(folder, 'issues.jsonl'), 'utf8');
  assert.deepEqual(run('sync'), { code: 0, out: 'cody: update kit-1 (labels)\n', err: '' });
  assert.equal(await readFile(join(folder, 'issues.jsonl'), 'utf8'), before);
});

test('status says what sync will do, and does nothing', async (t) => {
  const { run, edit } = await syncedFolder(t);
  await edit('cody/kit-1.md', 'state: open', 'state: closed');
  const update = 'beads: update kit-1 (status)\n';
  assert.deepEqual(run('status'), { code: 1, out: update, err: '' });
  assert.deepEqual(run('status'), { code: 1, out: update, err: '' });
  assert.deepEqual(run('sync'), { code: 0, out: update, err: '' });
});

test('a conflict is named, changes nothing, stays, and is decided by a preference', async (t) => {
  const { folder, run, edit } = await syncedFolder(t);
  await edit('cody/kit-1.md', 'state: open', 'state: closed');
  await edit('issues.jsonl', '"title"', '"status":"blocked","title"');
  const conflict = { code: 3, out: '', err: 'conflict: kit-1: status changed on both sides\n' };
  assert.deepEqual(run('sync'), conflict);
  assert.deepEqual(run('sync'), conflict);
  assert.deepEqual(run('sync', '--prefer', 'cody'), { code: 0, out: 'beads: update kit-1 (status)\n', err: '' });
  assert.equal(JSON.parse(await readFile(join(folder, 'issues.jsonl'), 'utf8')).status, 'closed');
});

test('a deletion is carried over', async (t) => {
  const { folder, run } = await syncedFolder(t);
  await rm(join(folder, 'cody', 'kit-1.md'));
  assert.deepEqual(run('sync'), { code: 0, out: 'beads: delete kit-1\n', err: '' });
  assert.equal(await readFile(join(folder, 'issues.jsonl'), 'utf8'), '');
});

test('--json prints the plan', async (t) => {
  const { run, edit } = await syncedFolder(t);
  await edit('cody/kit-1.md', 'priority: 2', 'priority: 0');
  const { changes, conflicts } = JSON.parse(run('status', '--json').out);
  assert.deepEqual(conflicts, []);
  const [{ store, action, fields }] = changes;
  assert.deepEqual([changes.length, store, action, fields], [1, 'beads', 'update', ['priority']]);
});

test('check names the bad records of both stores', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'cody'));
  await writeFile(join(folder, 'issues.jsonl'), '{"id":"kit-1"}\n');
  await writeFile(join(folder, 'cody', 'kit-2.md'), '# no fields\n');
  const { code, out, err } = codyBeads(ROOT, folder, 'check');
  assert.deepEqual([code, out], [4, '']);
  assert.deepEqual(err.split('\n'), [
    'error: issues.jsonl:1: title should be one line of text',
    `error: ${join('cody', 'kit-2.md')}: the fields should be between two lines of ---`,
    '',
  ]);
});

test('wrong usage is exit code 2 and shows the usage', async (t) => {
  const { code, out, err } = codyBeads(ROOT, await temporaryFolder(t), 'frobnicate');
  assert.deepEqual([code, out], [2, '']);
  assert.match(err, /^error: say one of sync, status, check\nusage: cody-beads /);
});
