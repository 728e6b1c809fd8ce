/** Writes and reads tar archives (ustar) in memory: plain files only. */

import { gunzipSync, gzipSync } from 'node:zlib';

const BLOCK = 512;
const LONGEST_NAME = 100;

/** What npm gives every file, so that archives do not tell when they were made: 1985-10-26 08:15 UTC. */
const TIME = 499162500;

/** Where a header keeps what: offset and length. */
const NAME = [0, 100];
const MODE = [100, 8];
const OWNER = [108, 8];
const GROUP = [116, 8];
const SIZE = [124, 12];
const CHANGED = [136, 12];
const CHECKSUM = [148, 8];
const KIND = [156, 1];
const MAGIC = [257, 8];

/**
 * @typedef {object} Entry
 * @property {string} name with slashes
 * @property {number} mode such as 0o644
 * @property {Uint8Array} data
 */

/**
 * Packs entries into a compressed archive. The same entries give the same bytes.
 *
 * @param {Entry[]} entries
 * @returns {Buffer}
 */
export function pack(entries) {
  const blocks = entries.flatMap((entry) => [header(entry), entry.data, padding(entry.data.length)]);
  const compressed = gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]), { level: 9 });
  // The ninth byte names the system that compressed; 255 is none.
  compressed[9] = 255;
  return compressed;
}

/**
 * Unpacks what `pack` has packed.
 *
 * @param {Uint8Array} archive
 * @returns {Entry[]}
 */
export function unpack(archive) {
  const bytes = gunzipSync(archive);
  const entries = [];
  let offset = 0;
  while (offset < bytes.length && bytes[offset] !== 0) {
    const block = bytes.subarray(offset, offset + BLOCK);
    if (octal(block, CHECKSUM) !== checksum(block)) throw new Error(`the tar header at byte ${offset} is damaged`);
    const size = octal(block, SIZE);
    const start = offset + BLOCK;
    entries.push({ name: text(block, NAME), mode: octal(block, MODE), data: bytes.subarray(start, start + size) });
    offset = start + size + padding(size).length;
  }
  return entries;
}

/**
 * @param {Entry} entry
 * @returns {Buffer}
 */
function header({ name, mode, data }) {
  if (Buffer.byteLength(name) > LONGEST_NAME) throw new Error(`${name} is too long a name for this archive`);
  const block = Buffer.alloc(BLOCK);
  const put = ([offset], value) => block.write(value, offset, 'utf8');
  const putNumber = ([offset, length], value) => put([offset], value.toString(8).padStart(length - 1, '0'));
  put(NAME, name);
  putNumber(MODE, mode);
  putNumber(OWNER, 0);
  putNumber(GROUP, 0);
  putNumber(SIZE, data.length);
  putNumber(CHANGED, TIME);
  put(KIND, '0');
  put(MAGIC, 'ustar\x0000');
  put(CHECKSUM, `${checksum(block).toString(8).padStart(6, '0')}\0 `);
  return block;
}

/**
 * @param {Uint8Array} block
 * @returns {number} the sum of its bytes, where the checksum itself counts as spaces
 */
function checksum(block) {
  const [start, length] = CHECKSUM;
  const isOwn = (index) => index >= start && index < start + length;
  return block.reduce((sum, byte, index) => sum + (isOwn(index) ? 0x20 : byte), 0);
}

/**
 * @param {number} size
 * @returns {Buffer} what fills the last block up
 */
function padding(size) {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/**
 * @param {Buffer} block
 * @param {number[]} field
 * @returns {string}
 */
function text(block, [offset, length]) {
  return block.toString('utf8', offset, offset + length).replace(/\0.*$/s, '');
}

/**
 * @param {Buffer} block
 * @param {number[]} field
 * @returns {number}
 */
function octal(block, field) {
  return Number.parseInt(text(block, field), 8);
}
