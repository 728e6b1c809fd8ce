/** The issue: what both stores hold, whatever they write it as. */

/**
 * @typedef {object} Issue
 * @property {string} id
 * @property {string} title
 * @property {string} status
 * @property {number} priority 0 is the most urgent
 * @property {string[]} labels sorted, without repeats
 * @property {string[]} blockedBy ids, sorted
 * @property {string} updated an ISO date and time
 * @property {string} body
 */

export const STATUSES = ['open', 'in_progress', 'blocked', 'closed'];
export const LOWEST_PRIORITY = 4;

/** Fields that people change; `id` never changes and `updated` follows from the others. */
export const FIELDS = ['title', 'status', 'priority', 'labels', 'blockedBy', 'body'];

const ID = /^[a-z][a-z0-9]*-[a-z0-9]+$/;

/** A record that is no issue. Its message names every fault. */
export class BadRecord extends Error {
  /**
   * @param {string} where the file, and the line if there is one
   * @param {string[]} faults
   */
  constructor(where, faults) {
    super(`${where}: ${faults.join('; ')}`);
    this.name = 'BadRecord';
  }
}

/**
 * Turns what a store has read into an issue: defaults filled in, lists sorted.
 *
 * @param {object} record
 * @param {string} where for the error message
 * @returns {Issue}
 */
export function normalised(record, where) {
  const issue = {
    id: record.id,
    title: record.title,
    status: record.status ?? 'open',
    priority: record.priority ?? 2,
    labels: record.labels ?? [],
    blockedBy: record.blockedBy ?? [],
    updated: record.updated ?? '1970-01-01T00:00:00Z',
    body: record.body ?? '',
  };
  const faults = faultsOf(issue);
  if (faults.length > 0) throw new BadRecord(where, faults);
  return {
    ...issue,
    labels: [...new Set(issue.labels)].sort(),
    blockedBy: [...new Set(issue.blockedBy)].sort(),
    body: issue.body.trim(),
  };
}

/**
 * Names the fields in which two issues differ.
 *
 * @param {Issue} one
 * @param {Issue} other
 * @returns {string[]}
 */
export function differences(one, other) {
  return FIELDS.filter((field) => JSON.stringify(one[field]) !== JSON.stringify(other[field]));
}

/**
 * Names what is wrong with an issue.
 *
 * @param {Issue} issue
 * @returns {string[]}
 */
function faultsOf(issue) {
  const isText = (value) => typeof value === 'string';
  const isTexts = (value) => Array.isArray(value) && value.every(isText);
  const isLine = (value) => isText(value) && value.trim() !== '' && !value.includes('\n');
  const { priority } = issue;
  const rules = [
    [isText(issue.id) && ID.test(issue.id), `id ${show(issue.id)} does not look like kit-12`],
    [isLine(issue.title), 'title should be one line of text'],
    [STATUSES.includes(issue.status), `status ${show(issue.status)} is none of ${STATUSES.join(', ')}`],
    [
      Number.isInteger(priority) && priority >= 0 && priority <= LOWEST_PRIORITY,
      `priority ${show(priority)} is not between 0 and ${LOWEST_PRIORITY}`,
    ],
    [isTexts(issue.labels), 'labels should be a list of texts'],
    [isTexts(issue.blockedBy), 'blockedBy should be a list of ids'],
    [!isTexts(issue.blockedBy) || !issue.blockedBy.includes(issue.id), 'it is blocked by itself'],
    [isText(issue.updated) && !Number.isNaN(Date.parse(issue.updated)), `updated ${show(issue.updated)} is no date`],
    [isText(issue.body), 'body should be a text'],
  ];
  return rules.filter(([holds]) => !holds).map(([, fault]) => fault);
}

/**
 * Writes a value for a message.
 *
 * @param {unknown} value
 * @returns {string}
 */
function show(value) {
  return JSON.stringify(value) ?? 'undefined';
}
