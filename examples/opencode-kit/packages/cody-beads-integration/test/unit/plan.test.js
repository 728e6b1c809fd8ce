import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalised } from '../../src/issue.js';
import { plan } from '../../src/plan.js';

const issue = (fields = {}) => normalised({ id: 'kit-1', title: 'T', ...fields }, 'test');
const store = (...issues) => new Map(issues.map((each) => [each.id, each]));
const NONE = store();
const NOTHING = { changes: [], conflicts: [] };

test('equal stores need nothing', () => {
  assert.deepEqual(plan(NONE, store(issue()), store(issue())), NOTHING);
});

test('a new issue is created on the other side, from either side', () => {
  const created = (name) => ({
    changes: [{ id: 'kit-1', store: name, action: 'create', fields: [], issue: issue() }],
    conflicts: [],
  });
  assert.deepEqual(plan(NONE, store(issue()), NONE), created('cody'));
  assert.deepEqual(plan(NONE, NONE, store(issue())), created('beads'));
});

test('an issue deleted on one side and unchanged on the other is deleted there', () => {
  const { changes, conflicts } = plan(store(issue()), NONE, store(issue()));
  assert.deepEqual(changes, [{ id: 'kit-1', store: 'cody', action: 'delete', fields: [], issue: null }]);
  assert.deepEqual(conflicts, []);
});

test('an issue deleted on both sides needs nothing', () => {
  assert.deepEqual(plan(store(issue()), NONE, NONE), NOTHING);
});

test('a field changed on one side is carried to the other', () => {
  const changed = issue({ status: 'closed' });
  const { changes } = plan(store(issue()), store(issue()), store(changed));
  assert.deepEqual(changes, [{ id: 'kit-1', store: 'beads', action: 'update', fields: ['status'], issue: changed }]);
});

test('different fields changed on the two sides are merged', () => {
  const beads = issue({ status: 'closed', updated: '2026-01-01' });
  const cody = issue({ title: 'U', updated: '2026-01-02' });
  const both = issue({ status: 'closed', title: 'U', updated: '2026-01-02' });
  const { changes, conflicts } = plan(store(issue()), store(beads), store(cody));
  assert.deepEqual(conflicts, []);
  assert.deepEqual(
    changes.map(({ store: name, fields, issue: wanted }) => [name, fields, wanted]),
    [
      ['beads', ['title'], both],
      ['cody', ['status'], both],
    ],
  );
});

test('the same change on both sides is no conflict', () => {
  const changed = issue({ status: 'closed' });
  assert.deepEqual(plan(store(issue()), store(changed), store(changed)), NOTHING);
});

test('one field changed on both sides is a conflict and changes nothing', () => {
  const beads = issue({ status: 'closed', priority: 0 });
  const cody = issue({ status: 'blocked' });
  const expected = { changes: [], conflicts: [{ id: 'kit-1', fields: ['status'] }] };
  assert.deepEqual(plan(store(issue()), store(beads), store(cody)), expected);
});

test('a preference decides disputed fields and leaves the others merged', () => {
  const beads = issue({ status: 'closed', priority: 0, updated: '2026-01-01' });
  const cody = issue({ status: 'blocked', title: 'U', updated: '2026-01-02' });
  const statusBy = (prefer) => {
    const { changes, conflicts } = plan(store(issue()), store(beads), store(cody), prefer);
    assert.deepEqual(conflicts, []);
    for (const { issue: wanted } of changes) assert.deepEqual([wanted.priority, wanted.title], [0, 'U']);
    return changes[0].issue.status;
  };
  assert.deepEqual(['beads', 'cody', 'newest'].map(statusBy), ['closed', 'blocked', 'blocked']);
});

test('without a base every difference is disputed', () => {
  const { conflicts } = plan(NONE, store(issue()), store(issue({ title: 'U', priority: 1 })));
  assert.deepEqual(conflicts, [{ id: 'kit-1', fields: ['title', 'priority'] }]);
});

test('deleted here and changed there: a preference decides, and newest keeps the change', () => {
  const base = store(issue());
  const changed = store(issue({ title: 'U' }));
  const outcome = (prefer) => {
    const { changes, conflicts } = plan(base, NONE, changed, prefer);
    return [changes.map(({ store: name, action }) => `${action} in ${name}`).join(), conflicts.length];
  };
  assert.deepEqual(outcome('none'), ['', 1]);
  assert.deepEqual(outcome('beads'), ['delete in cody', 0]);
  assert.deepEqual(outcome('cody'), ['create in beads', 0]);
  assert.deepEqual(outcome('newest'), ['create in beads', 0]);
});

test('issues are planned in the order of their ids', () => {
  const ids = ['kit-3', 'kit-1', 'kit-2'];
  const beads = store(...ids.map((id) => issue({ id })));
  assert.deepEqual(plan(NONE, beads, NONE).changes.map(({ id }) => id), ['kit-1', 'kit-2', 'kit-3']);
});
