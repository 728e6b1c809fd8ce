import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT, main } from '../../src/cli.js';

const STORES = ['--beads', 'f.jsonl', '--cody', 'cody'];

/** Runs the command line in this process. */
async function ran(...words) {
  const written = { out: '', err: '' };
  const into = (name) => ({ write: (text) => (written[name] += text) });
  return { code: await main(words, into('out'), into('err')), ...written };
}

for (const [message, words] of Object.entries({
  'say one of sync, status, check': ['sync', 'twice', ...STORES],
  'both --beads and --cody are needed': ['sync', '--beads', 'f.jsonl'],
  '--prefer is one of none, beads, cody, newest': ['sync', '--prefer', 'me', ...STORES],
  "Unknown option '--what'": ['sync', '--what', ...STORES],
})) {
  test(`wrong usage: ${message}`, async () => {
    const { code, out, err } = await ran(...words);
    assert.deepEqual([code, out], [EXIT.usage, '']);
    assert.ok(err.startsWith(`error: ${message}`), err);
    assert.match(err, /^usage: cody-beads /m);
  });
}

test('--help goes to the output and is no mistake', async () => {
  const { code, out, err } = await ran('--help');
  assert.deepEqual([code, err], [EXIT.ok, '']);
  assert.match(out, /^usage: cody-beads /);
});
