/** Decides what has to change so that two stores agree. Reads and writes nothing. */

import { differences } from './issue.js';

/**
 * @typedef {import('./issue.js').Issue} Issue
 * @typedef {Map<string, Issue>} Issues by id
 */

/**
 * @typedef {object} Change
 * @property {string} id
 * @property {'beads' | 'cody'} store the one to write to
 * @property {'create' | 'update' | 'delete'} action
 * @property {string[]} fields those that differ, for an update
 * @property {Issue | null} issue what the store shall hold
 */

/**
 * @typedef {object} Conflict
 * @property {string} id
 * @property {string[]} fields changed on both sides; empty where one side has deleted the issue
 */

/**
 * @typedef {object} Plan
 * @property {Change[]} changes
 * @property {Conflict[]} conflicts
 */

/** Who wins where both sides have changed the same thing. */
export const PREFERENCES = ['none', 'beads', 'cody', 'newest'];

/**
 * Compares both stores with what they agreed on last.
 *
 * @param {Issues} base
 * @param {Issues} beads
 * @param {Issues} cody
 * @param {string} prefer one of PREFERENCES
 * @returns {Plan}
 */
export function plan(base, beads, cody, prefer = 'none') {
  const ids = [...new Set([...base.keys(), ...beads.keys(), ...cody.keys()])].sort();
  const result = { changes: [], conflicts: [] };
  for (const id of ids) {
    const versions = { base: base.get(id), beads: beads.get(id), cody: cody.get(id) };
    const { wanted, conflict } = reconciled(versions, prefer);
    if (conflict) result.conflicts.push({ id, fields: conflict });
    else result.changes.push(...changesFor(id, versions, wanted));
  }
  return result;
}

/**
 * Finds the one version both stores shall hold; undefined is a deleted issue.
 *
 * @param {object} versions base, beads and cody, each may be missing
 * @param {string} prefer
 * @returns {{ wanted?: Issue, conflict?: string[] }}
 */
function reconciled(versions, prefer) {
  const { base, beads, cody } = versions;
  if (beads && cody) return merged(base, beads, cody, prefer);
  const left = beads ?? cody;
  if (!left || !base) return { wanted: left };
  if (differences(base, left).length === 0) return { wanted: undefined };
  // Deleted here, changed there: a deletion has no date, so `newest` keeps the change.
  if (prefer === 'none') return { conflict: [] };
  return { wanted: prefer === 'newest' ? left : versions[prefer] };
}

/**
 * Merges two versions field by field.
 *
 * @param {Issue | undefined} base
 * @param {Issue} beads
 * @param {Issue} cody
 * @param {string} prefer
 * @returns {{ wanted?: Issue, conflict?: string[] }}
 */
function merged(base, beads, cody, prefer) {
  const changedInBeads = new Set(base ? differences(base, beads) : differences(cody, beads));
  const changedInCody = new Set(base ? differences(base, cody) : differences(beads, cody));
  const disputed = differences(beads, cody).filter((field) => changedInBeads.has(field) && changedInCody.has(field));
  if (disputed.length > 0 && prefer === 'none') return { conflict: disputed };

  const winner = preferred(beads, cody, prefer);
  const wanted = { ...beads, updated: later(beads, cody).updated };
  for (const field of differences(beads, cody)) {
    const source = disputed.includes(field) ? winner : changedInBeads.has(field) ? beads : cody;
    wanted[field] = source[field];
  }
  return { wanted };
}

/**
 * Lists what to write so that both stores hold the wanted version.
 *
 * @param {string} id
 * @param {object} versions
 * @param {Issue | undefined} wanted
 * @returns {Change[]}
 */
function changesFor(id, versions, wanted) {
  const changes = [];
  for (const store of ['beads', 'cody']) {
    const current = versions[store];
    if (!wanted && current) changes.push({ id, store, action: 'delete', fields: [], issue: null });
    if (wanted && !current) changes.push({ id, store, action: 'create', fields: [], issue: wanted });
    if (!wanted || !current) continue;
    const fields = differences(current, wanted);
    if (fields.length > 0) changes.push({ id, store, action: 'update', fields, issue: wanted });
  }
  return changes;
}

/**
 * @param {Issue} beads
 * @param {Issue} cody
 * @param {string} prefer
 * @returns {Issue}
 */
function preferred(beads, cody, prefer) {
  if (prefer === 'newest') return later(beads, cody);
  return prefer === 'cody' ? cody : beads;
}

/**
 * @param {Issue} one wins where both are of the same time
 * @param {Issue} other
 * @returns {Issue}
 */
function later(one, other) {
  return Date.parse(other.updated) > Date.parse(one.updated) ? other : one;
}
