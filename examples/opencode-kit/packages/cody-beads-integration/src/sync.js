/** Brings two stores into step: read, plan, write, remember. */

import { plan } from './plan.js';
import { BeadsStore } from './stores/beads.js';

/**
 * @typedef {import('./plan.js').Plan} Plan
 * @typedef {import('./stores/cody.js').CodyStore} CodyStore
 */

/**
 * Reads both stores and says what has to change.
 *
 * @param {BeadsStore} beads
 * @param {CodyStore} cody
 * @param {string} prefer
 * @returns {Promise<Plan>}
 */
export async function preview(beads, cody, prefer = 'none') {
  const [base, ours, theirs] = await Promise.all([baseOf(beads).read(), beads.read(), cody.read()]);
  return plan(base, ours, theirs, prefer);
}

/**
 * Carries changes over, both ways, and remembers what the stores agree on.
 *
 * @param {BeadsStore} beads
 * @param {CodyStore} cody
 * @param {string} prefer
 * @returns {Promise<Plan>} what was done, and what was left for somebody to decide
 */
export async function synchronise(beads, cody, prefer = 'none') {
  const result = await preview(beads, cody, prefer);
  const changesOf = (store) => result.changes.filter((change) => change.store === store);
  await cody.apply(changesOf('cody'));
  await beads.apply(changesOf('beads'));
  await remember(beads, result);
  return result;
}

/**
 * Writes the new base. Disputed issues keep their old one, so that they stay disputed.
 *
 * @param {BeadsStore} beads
 * @param {Plan} result
 * @returns {Promise<void>}
 */
async function remember(beads, result) {
  const base = baseOf(beads);
  const [before, now] = await Promise.all([base.read(), beads.read()]);
  for (const { id } of result.conflicts) {
    now.delete(id);
    if (before.has(id)) now.set(id, before.get(id));
  }
  await base.write(now);
}

/**
 * @param {BeadsStore} beads
 * @returns {BeadsStore}
 */
function baseOf(beads) {
  return new BeadsStore(`${beads.path}.base`);
}
