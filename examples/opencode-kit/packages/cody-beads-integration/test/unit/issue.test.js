import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BadRecord, differences, normalised } from '../../src/issue.js';

const GOOD = { id: 'kit-1', title: 'Write the docs' };

test('defaults are filled in', () => {
  assert.deepEqual(normalised(GOOD, 'f:1'), {
    id: 'kit-1',
    title: 'Write the docs',
    status: 'open',
    priority: 2,
    labels: [],
    blockedBy: [],
    updated: '1970-01-01T00:00:00Z',
    body: '',
  });
});

test('lists are sorted and have no repeats, bodies no blank edges', () => {
  const issue = normalised({ ...GOOD, labels: ['b', 'a', 'b'], blockedBy: ['kit-3', 'kit-2'], body: '\n\nx\n' }, 'f:1');
  assert.deepEqual([issue.labels, issue.blockedBy, issue.body], [['a', 'b'], ['kit-2', 'kit-3'], 'x']);
});

for (const [fault, fields] of Object.entries({
  'id "Kit 1" does not look like kit-12': { id: 'Kit 1' },
  'id "../kit-1" does not look like kit-12': { id: '../kit-1' },
  'title should be one line of text': { title: 'a\nb' },
  'status "done" is none of open, in_progress, blocked, closed': { status: 'done' },
  'priority 5 is not between 0 and 4': { priority: 5 },
  'priority "1" is not between 0 and 4': { priority: '1' },
  'labels should be a list of texts': { labels: [1] },
  'it is blocked by itself': { blockedBy: ['kit-1'] },
  'updated "soon" is no date': { updated: 'soon' },
  'body should be a text': { body: 1 },
})) {
  test(`fault: ${fault}`, () => {
    assert.throws(() => normalised({ ...GOOD, ...fields }, 'f:7'), new BadRecord('f:7', [fault]));
  });
}

test('all faults of a record are named at once', () => {
  const expected = { message: 'f:7: id undefined does not look like kit-12; title should be one line of text' };
  assert.throws(() => normalised({}, 'f:7'), expected);
});

test('differences names fields people change, and not the date', () => {
  const one = normalised(GOOD, 'f:1');
  const other = normalised({ ...GOOD, status: 'closed', labels: ['x'], updated: '2026-01-02' }, 'f:1');
  assert.deepEqual(differences(one, other), ['status', 'labels']);
});
