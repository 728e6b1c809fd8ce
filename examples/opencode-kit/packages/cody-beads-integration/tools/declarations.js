/** Finds what a module declares at its top level: functions, classes with their methods, constants. */

import { parseDoc, tagged } from './jsdoc.js';
import { code, tokens } from './tokens.js';

/**
 * @typedef {import('./tokens.js').Token} Token
 * @typedef {import('./jsdoc.js').Doc} Doc
 */

/**
 * @typedef {object} Parameter
 * @property {string | null} name null where it is taken apart by a pattern
 * @property {boolean} optional
 * @property {boolean} rest
 * @property {Token | null} literal its default value, where that is one token
 */

/**
 * @typedef {object} Declaration
 * @property {'function' | 'method' | 'class' | 'constant'} kind
 * @property {string} name `Class.method` for a method
 * @property {number} line
 * @property {boolean} exported
 * @property {boolean} isAsync
 * @property {Doc | null} doc
 * @property {Parameter[]} parameters
 * @property {Token[]} body
 */

/**
 * @typedef {object} Module
 * @property {Doc | null} doc what the file says about itself
 * @property {Doc[]} docs all its comments with two stars
 * @property {Declaration[]} declarations
 * @property {Map<string, string>} imports from a local name to the module it comes from
 */

const CLOSING = { '{': '}', '(': ')', '[': ']' };

/**
 * Reads a module.
 *
 * @param {string} text
 * @returns {Module}
 */
export function moduleOf(text) {
  const list = tokens(text);
  const docs = list.filter(isDoc).map((token) => parseDoc(token.text));
  const first = list.find((token) => !token.text.startsWith('#!'));
  const doc = first && isDoc(first) ? parseDoc(first.text) : null;
  const rest = doc ? list.slice(list.indexOf(first) + 1) : list;
  return { doc, docs, declarations: declarationsIn(rest, ''), imports: importsIn(code(list)) };
}

/**
 * Finds the index of the mark that closes the one at `start`.
 *
 * @param {Token[]} list
 * @param {number} start
 * @returns {number}
 */
export function closing(list, start) {
  let depth = 0;
  for (let index = start; index < list.length; index += 1) {
    const { kind, text } = list[index];
    if (kind === 'template') depth += Number(text.endsWith('${')) - Number(text.startsWith('}'));
    if (kind === 'mark') depth += Number(text in CLOSING) - Number(Object.values(CLOSING).includes(text));
    if (depth === 0) return index;
  }
  return list.length;
}

/**
 * Cuts a list at its commas, those inside brackets left out.
 *
 * @param {Token[]} list
 * @returns {Token[][]}
 */
export function splitAtCommas(list) {
  const parts = [[]];
  for (let index = 0; index < list.length; index += 1) {
    if (list[index].text === ',' && list[index].kind === 'mark') {
      parts.push([]);
      continue;
    }
    const end = closing(list, index);
    parts.at(-1).push(...list.slice(index, end + 1));
    index = end;
  }
  return parts.filter((part) => part.length > 0);
}

/**
 * @param {Token[]} list of a whole file, or of the body of a class
 * @param {string} owner the name of that class
 * @returns {Declaration[]}
 */
function declarationsIn(list, owner) {
  const found = [];
  let doc = null;
  let words = [];
  for (let index = 0; index < list.length; index += 1) {
    const token = list[index];
    if (token.kind === 'comment') {
      doc = docOfNext(token) ?? doc;
    } else if (startsBody(list, index, owner)) {
      const declaration = { ...declarationAt(list, index, owner, words), doc };
      found.push(declaration, ...methodsOf(declaration));
      index = endOf(list, index);
      [doc, words] = [null, []];
    } else if (token.text in CLOSING || token.text === ';') {
      index = token.text === ';' ? index : closing(list, index);
      [doc, words] = [null, []];
    } else {
      words.push(token.text);
    }
  }
  return found;
}

/**
 * Tells whether a declaration can be cut out from here: at the name of a function, class, constant or method.
 *
 * @param {Token[]} list
 * @param {number} index
 * @param {string} owner
 * @returns {boolean}
 */
function startsBody(list, index, owner) {
  if (list[index].kind !== 'name') return false;
  if (owner !== '') return list[index + 1]?.text === '(' && list[closing(list, index + 1) + 1]?.text === '{';
  const before = list[index - 1]?.text === '*' ? list[index - 2] : list[index - 1];
  return ['function', 'class', 'const', 'let'].includes(before?.text);
}

/**
 * @param {Token[]} list
 * @param {number} index of the name
 * @param {string} owner
 * @param {string[]} words that stand before the name
 * @returns {Declaration}
 */
function declarationAt(list, index, owner, words) {
  const name = list[index].text;
  const kind = owner ? 'method' : ['function', 'class'].find((word) => words.includes(word)) ?? 'constant';
  const hasParameters = kind === 'function' || kind === 'method';
  const open = index + 1;
  const close = hasParameters ? closing(list, open) : index;
  return {
    kind,
    name: owner ? `${owner}.${name}` : name,
    line: list[index].line,
    exported: words.includes('export'),
    isAsync: words.includes('async'),
    doc: null,
    parameters: hasParameters ? splitAtCommas(code(list.slice(open + 1, close))).map(parameterOf) : [],
    body: list.slice(close + 1, endOf(list, index) + 1),
  };
}

/**
 * @param {Declaration} declaration
 * @returns {Declaration[]} none where it is no class
 */
function methodsOf(declaration) {
  if (declaration.kind !== 'class') return [];
  const open = declaration.body.findIndex(({ text }) => text === '{');
  const members = declarationsIn(declaration.body.slice(open + 1, -1), declaration.name);
  return members.map((member) => ({ ...member, exported: declaration.exported && !member.name.includes('.#') }));
}

/**
 * @param {Token[]} list
 * @param {number} index of the name of a declaration
 * @returns {number} its last token
 */
function endOf(list, index) {
  for (let at = index; at < list.length; at += 1) {
    if (list[at].text === ';') return at;
    if (list[at].text in CLOSING) {
      const isBody = list[at].text === '{' && !['=', '=>', '(', ','].includes(list[at - 1].text);
      at = closing(list, at);
      if (isBody) return at;
    }
  }
  return list.length - 1;
}

/**
 * @param {Token[]} part
 * @returns {Parameter}
 */
function parameterOf(part) {
  const rest = part[0].text === '...';
  const [first] = rest ? part.slice(1) : part;
  const equals = part.findIndex(({ text }) => text === '=');
  const value = equals < 0 ? [] : part.slice(equals + 1);
  return {
    name: first.kind === 'name' ? first.text : null,
    optional: rest || equals >= 0,
    rest,
    literal: value.length === 1 ? value[0] : null,
  };
}

/**
 * @param {Token[]} list without comments
 * @returns {Map<string, string>}
 */
function importsIn(list) {
  const imports = new Map();
  for (let index = 0; index < list.length; index += 1) {
    if (list[index].text !== 'import' || ['(', '.'].includes(list[index + 1]?.text)) continue;
    const end = list.findIndex((token, at) => at > index && token.kind === 'string');
    for (const name of importedNames(list.slice(index + 1, end))) imports.set(name, list[end].text.slice(1, -1));
    index = end;
  }
  return imports;
}

/**
 * @param {Token[]} list what stands between import and the name of the module
 * @returns {string[]} local names
 */
function importedNames(list) {
  const isLocal = ({ kind, text }, index) => {
    return kind === 'name' && text !== 'as' && text !== 'from' && list[index + 1]?.text !== 'as';
  };
  return list.filter(isLocal).map(({ text }) => text);
}

/**
 * @param {Token} comment
 * @returns {Doc | null} null where it describes nothing, or a type of its own
 */
function docOfNext(comment) {
  const doc = isDoc(comment) ? parseDoc(comment.text) : null;
  return doc && tagged(doc, 'typedef').length === 0 ? doc : null;
}

/**
 * @param {Token} token
 * @returns {boolean}
 */
function isDoc(token) {
  return token.kind === 'comment' && token.text.startsWith('/**');
}
