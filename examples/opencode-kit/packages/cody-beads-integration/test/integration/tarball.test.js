import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { DIST, manifest, tarballName } from '../../tools/build.js';
import { unpack } from '../../tools/tar.js';
import { install } from '../../tools/verify.js';
import { ROOT } from '../../tools/workspace.js';
import { codyBeads } from './program.js';

let folder;
let entries;
let installed;

before(async () => {
  const tarball = join(DIST, await tarballName());
  assert.ok(existsSync(tarball), `there is no ${await tarballName()} in dist/: run build-node first`);
  folder = await mkdtemp(join(tmpdir(), 'cody-beads-'));
  installed = join(folder, 'package');
  entries = unpack(await readFile(tarball));
  await install(entries, folder);
});

after(async () => {
  if (folder) await rm(folder, { recursive: true });
});

test('the installed program works', async () => {
  await writeFile(join(folder, 'issues.jsonl'), '{"id":"kit-1","title":"T"}\n');
  assert.deepEqual(codyBeads(installed, folder, 'sync'), { code: 0, out: 'cody: create kit-1\n', err: '' });
});

test('the installed package can be imported', async () => {
  const { exports: entryPoint } = await manifest();
  const library = await import(pathToFileURL(join(installed, entryPoint)).href);
  assert.deepEqual(Object.keys(library).sort(), [
    'BadRecord',
    'BeadsStore',
    'CodyStore',
    'normalised',
    'plan',
    'synchronise',
  ]);
});

test('it is the code of this tree', async () => {
  for (const { name, data } of entries) {
    const source = await readFile(join(ROOT, name.replace('package/', '')));
    assert.ok(source.equals(data), `${name} has changed since the build: run build-node again`);
  }
});

test('the program is executable, and neither tests nor tools are shipped', async () => {
  assert.equal((await stat(join(installed, 'bin', 'cody-beads.js'))).mode & 0o111, 0o111);
  assert.deepEqual(entries.filter(({ name }) => /\/(test|tools)\//.test(name)), []);
});
