/** The command line: `cody-beads sync | status | check`. */

import { parseArgs } from 'node:util';
import { BadRecord } from './issue.js';
import { PREFERENCES } from './plan.js';
import { BeadsStore } from './stores/beads.js';
import { CodyStore } from './stores/cody.js';
import { preview, synchronise } from './sync.js';

export const EXIT = { ok: 0, differs: 1, usage: 2, conflict: 3, badRecord: 4 };

const USAGE = `usage: cody-beads sync|status|check --beads FILE --cody FOLDER [options]
  --prefer ${PREFERENCES.join('|')}  who wins where both sides have changed the same field
  --json                            print the plan as JSON
`;

const OPTIONS = {
  beads: { type: 'string' },
  cody: { type: 'string' },
  prefer: { type: 'string', default: 'none' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};

const COMMANDS = { sync, status, check };

/**
 * Runs one command.
 *
 * @param {string[]} words the command line without node and script
 * @param {{ write: Function }} out
 * @param {{ write: Function }} err
 * @returns {Promise<number>} the exit code
 */
export async function main(words, out, err) {
  try {
    const { command, options } = commandLine(words);
    if (options.help) {
      out.write(USAGE);
      return EXIT.ok;
    }
    const stores = [new BeadsStore(options.beads), new CodyStore(options.cody)];
    return await COMMANDS[command](stores, options, out, err);
  } catch (error) {
    err.write(`error: ${error.message}\n`);
    if (error instanceof BadRecord) return EXIT.badRecord;
    if (error instanceof WrongUsage) err.write(USAGE);
    return error instanceof WrongUsage ? EXIT.usage : EXIT.differs;
  }
}

class WrongUsage extends Error {}

/**
 * @param {string[]} words
 * @returns {{ command: string, options: object }}
 */
function commandLine(words) {
  let parsed;
  try {
    parsed = parseArgs({ args: words, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new WrongUsage(error.message);
  }
  const { values: options, positionals } = parsed;
  if (options.help) return { command: 'help', options };
  const [command = '', ...rest] = positionals;
  if (!Object.hasOwn(COMMANDS, command) || rest.length > 0) throw new WrongUsage('say one of sync, status, check');
  if (!options.beads || !options.cody) throw new WrongUsage('both --beads and --cody are needed');
  if (!PREFERENCES.includes(options.prefer)) throw new WrongUsage(`--prefer is one of ${PREFERENCES.join(', ')}`);
  return { command, options };
}

/**
 * @param {Array} stores
 * @param {object} options
 * @param {{ write: Function }} out
 * @param {{ write: Function }} err
 * @returns {Promise<number>}
 */
async function sync(stores, options, out, err) {
  const result = await synchronise(...stores, options.prefer);
  report(result, options, out, err);
  return result.conflicts.length > 0 ? EXIT.conflict : EXIT.ok;
}

/**
 * @param {Array} stores
 * @param {object} options
 * @param {{ write: Function }} out
 * @param {{ write: Function }} err
 * @returns {Promise<number>}
 */
async function status(stores, options, out, err) {
  const result = await preview(...stores, options.prefer);
  report(result, options, out, err);
  if (result.conflicts.length > 0) return EXIT.conflict;
  return result.changes.length > 0 ? EXIT.differs : EXIT.ok;
}

/**
 * @param {Array} stores
 * @param {object} _options
 * @param {{ write: Function }} out
 * @param {{ write: Function }} err
 * @returns {Promise<number>}
 */
async function check(stores, _options, out, err) {
  const results = await Promise.allSettled(stores.map((store) => store.read()));
  const failures = results.filter((result) => result.status === 'rejected').map((result) => result.reason);
  for (const failure of failures) err.write(`error: ${failure.message}\n`);
  if (failures.length > 0) return EXIT.badRecord;
  const [beads, cody] = results.map((result) => result.value.size);
  out.write(`${beads} issues in beads, ${cody} in Cody, all good\n`);
  return EXIT.ok;
}

/**
 * @param {import('./plan.js').Plan} result
 * @param {object} options
 * @param {{ write: Function }} out
 * @param {{ write: Function }} err
 * @returns {void}
 */
function report(result, options, out, err) {
  if (options.json) {
    out.write(`${JSON.stringify(result, null, 2)}\n`);
    return;
  }
  for (const { store, action, id, fields } of result.changes) {
    out.write(`${store}: ${action} ${id}${fields.length > 0 ? ` (${fields.join(', ')})` : ''}\n`);
  }
  for (const { id, fields } of result.conflicts) {
    const changed = `${fields.join(', ')} changed on both sides`;
    err.write(`conflict: ${id}: ${fields.length > 0 ? changed : 'deleted on one side, changed on the other'}\n`);
  }
  if (result.changes.length + result.conflicts.length === 0) out.write('nothing to do\n');
}
