/** Writes a page of Markdown for every module of the package into `docs/`, from its JSDoc. */

import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { moduleOf } from './declarations.js';
import { tagged } from './jsdoc.js';
import { ROOT, isMain, relative, scripts } from './workspace.js';

/**
 * @typedef {import('./declarations.js').Declaration} Declaration
 * @typedef {import('./declarations.js').Module} Module
 * @typedef {import('./jsdoc.js').Doc} Doc
 */

const DOCS = join(ROOT, 'docs');

/**
 * Writes the page of one module.
 *
 * @param {string} name
 * @param {Module} module
 * @returns {string}
 */
export function page(name, module) {
  const types = module.docs.filter((doc) => tagged(doc, 'property').length > 0);
  const shown = module.declarations.filter(({ exported }) => exported);
  const sections = [...types.flatMap(typeSection), ...shown.flatMap(section)];
  return [`# ${name}`, '', module.doc?.description ?? '', '', ...sections, `Source: \`${name}\``, ''].join('\n');
}

/**
 * @param {Doc} doc
 * @returns {string[]}
 */
function typeSection(doc) {
  const [{ name }] = tagged(doc, 'typedef');
  return [`## type \`${name}\``, '', ...tagged(doc, 'property').map(listItem), ''];
}

/**
 * @param {Declaration} declaration
 * @returns {string[]}
 */
function section({ kind, name, doc, parameters }) {
  const shownParameters = parameters.map((each) => `${each.name ?? '{}'}${each.optional ? '?' : ''}`).join(', ');
  const signature = kind === 'function' || kind === 'method' ? `${name}(${shownParameters})` : name;
  const lines = [`${kind === 'method' ? '###' : '##'} ${kind} \`${signature}\``, ''];
  if (doc?.description) lines.push(doc.description, '');
  const parts = tagged(doc, 'param').map(listItem);
  for (const { type, text } of tagged(doc, 'returns')) parts.push(`- returns \`${type}\`${text ? `: ${text}` : ''}`);
  return parts.length > 0 ? [...lines, ...parts, ''] : lines;
}

/**
 * @param {import('./jsdoc.js').Tag} tag
 * @returns {string}
 */
function listItem({ name, type, text }) {
  return `- \`${name}\`: \`${type}\`${text ? `, ${text}` : ''}`;
}

if (isMain(import.meta.url)) {
  const pages = new Map();
  const index = ['# API of cody-beads-integration', ''];
  for (const path of await scripts()) {
    const name = relative(path);
    if (!name.startsWith('src/')) continue;
    const module = moduleOf(await readFile(path, 'utf8'));
    const file = `${name.slice('src/'.length, -'.js'.length).replaceAll('/', '.')}.md`;
    pages.set(file, page(name, module));
    index.push(`- [${name}](${file}): ${module.doc?.description.split('\n')[0] ?? ''}`);
  }
  pages.set('README.md', [...index, ''].join('\n'));
  await mkdir(DOCS, { recursive: true });
  for (const old of await readdir(DOCS)) if (!pages.has(old)) await rm(join(DOCS, old));
  for (const [file, text] of pages) await writeFile(join(DOCS, file), text);
  console.log(`${pages.size} pages written to docs/`);
}
