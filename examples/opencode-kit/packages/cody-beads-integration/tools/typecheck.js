/**
 * Checks the JSDoc types of the package against its code.
 *
 * Every function says what it takes and returns, in the order of its signature; every type it names is known; every
 * literal default, result and argument is of the type it stands for; every call has the arguments it needs.
 */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { closing, moduleOf, splitAtCommas } from './declarations.js';
import { tagged } from './jsdoc.js';
import { code, tokens } from './tokens.js';
import { finish, isMain, relative, scripts } from './workspace.js';

/**
 * @typedef {import('./declarations.js').Declaration} Declaration
 * @typedef {import('./declarations.js').Module} Module
 * @typedef {import('./tokens.js').Token} Token
 * @typedef {import('./workspace.js').Finding} Finding
 * @typedef {[number, string, string]} Complaint line, rule, message
 */

const BUILTINS = new Set(
  `any Array Buffer Date Error false Function Iterable Map null number object Promise RegExp Set string true
   undefined unknown Uint8Array URL void boolean`.split(/\s+/),
);

/** What a literal can be, by the type it is written for. */
const LITERAL_TYPES = ['string', 'number', 'boolean', 'null', 'undefined'];

/**
 * Checks the types of one module.
 *
 * @param {Module} module
 * @param {string} text
 * @param {Map<string, Module>} modules all of them, by path
 * @param {string} path
 * @returns {Complaint[]}
 */
export function check(module, text, modules, path) {
  const known = knownTypes(module, modules, path);
  const functions = module.declarations.filter(({ kind }) => kind === 'function' || kind === 'method');
  return [
    ...functions.flatMap((each) => [...parameters(each), ...results(each)]),
    ...unknownTypes(module, known),
    ...calls(code(tokens(text)), callables(module, modules, path)),
  ];
}

/**
 * Tells whether one token can be of a type; in doubt it can.
 *
 * @param {Token} token
 * @param {string} type
 * @returns {boolean}
 */
export function fits(token, type) {
  const actual = literalType(token);
  const wanted = type.split('|').map((part) => part.trim());
  if (!actual || !wanted.every((part) => LITERAL_TYPES.includes(part) || /^'.*'$/.test(part))) return true;
  return wanted.includes(actual) || wanted.includes(token.text);
}

/**
 * @param {Declaration} declaration
 * @returns {Complaint[]}
 */
function parameters({ name, line, doc, parameters: actual }) {
  const tags = tagged(doc, 'param');
  const found = [];
  const say = (message) => found.push([line, 'param', `${name}: ${message}`]);
  for (const [index, parameter] of actual.entries()) {
    const tag = tags[index];
    if (!tag) {
      say(`parameter ${parameter.name ?? index + 1} has no @param`);
      continue;
    }
    if (!tag.type) say(`@param ${tag.name} has no type`);
    if (parameter.name && tag.name !== parameter.name) say(`@param ${tag.name} stands where ${parameter.name} is`);
    if (parameter.literal && tag.type && !fits(parameter.literal, tag.type)) {
      say(`default ${parameter.literal.text} of ${parameter.name} is no ${tag.type}`);
    }
  }
  for (const tag of tags.slice(actual.length)) say(`@param ${tag.name} is no parameter`);
  return found;
}

/**
 * @param {Declaration} declaration
 * @returns {Complaint[]}
 */
function results({ name, line, doc, body, isAsync }) {
  if (name.endsWith('.constructor')) return [];
  const [tag] = tagged(doc, 'returns');
  if (!tag?.type) return [[line, 'returns', `${name}: the result has no @returns with a type`]];
  if (isAsync && !tag.type.startsWith('Promise<')) {
    return [[line, 'returns', `${name}: an async function returns a Promise, not ${tag.type}`]];
  }
  const type = isAsync ? tag.type.slice('Promise<'.length, -1) : tag.type;
  return returnsIn(code(body)).flatMap(([token, next]) => {
    const isBare = token.text === ';';
    if (type === 'void' && !isBare) return [[token.line, 'returns', `${name}: returns something, promised is void`]];
    if (isBare || next?.text !== ';' || fits(token, type)) return [];
    return [[token.line, 'returns', `${name}: returns ${token.text}, promised is ${type}`]];
  });
}

/**
 * Lists what stands after each `return` of a function, those of functions inside it left out.
 *
 * @param {Token[]} body
 * @returns {Token[][]} the first two tokens
 */
function returnsIn(body) {
  const found = [];
  for (let index = 0; index < body.length; index += 1) {
    const { kind, text } = body[index];
    if (text === '=>' && body[index + 1]?.text === '{') index = closing(body, index + 1);
    if (kind === 'name' && text === 'return') found.push(body.slice(index + 1, index + 3));
  }
  return found;
}

/**
 * @param {Module} module
 * @param {Set<string>} known
 * @returns {Complaint[]}
 */
function unknownTypes(module, known) {
  return module.declarations.flatMap(({ name, line, doc }) => {
    const names = (doc?.tags ?? []).flatMap(({ type }) => namesIn(type ?? ''));
    const unknown = names.filter((each) => !known.has(each) && !BUILTINS.has(each));
    return unknown.map((each) => [line, 'type', `${name}: there is no type ${each}`]);
  });
}

/**
 * @param {Token[]} list
 * @param {Map<string, Declaration>} known what can be called, by local name
 * @returns {Complaint[]}
 */
function calls(list, known) {
  return list.flatMap((token, index) => {
    const target = known.get(token.text);
    const isCall = token.kind === 'name' && list[index + 1]?.text === '(';
    const isOther = ['.', '?.', 'function', '*'].includes(list[index - 1]?.text);
    if (!target || !isCall || isOther) return [];
    const given = splitAtCommas(list.slice(index + 2, closing(list, index + 1)));
    if (given.some(([first]) => first.text === '...')) return [];
    return callProblems(target, given).map((message) => [token.line, 'call', `${token.text}: ${message}`]);
  });
}

/**
 * @param {Declaration} target
 * @param {Token[][]} given
 * @returns {string[]}
 */
function callProblems({ doc, parameters: wanted }, given) {
  const needed = wanted.filter(({ optional }) => !optional).length;
  const most = wanted.some(({ rest }) => rest) ? Infinity : wanted.length;
  if (given.length < needed) return [`${given.length} arguments, needed are ${needed}`];
  if (given.length > most) return [`${given.length} arguments, it takes ${most}`];
  const tags = tagged(doc, 'param');
  return given.flatMap((part, index) => {
    const type = tags[index]?.type;
    const bad = type && part.length === 1 && !fits(part[0], type);
    return bad ? [`${tags[index].name} is ${part[0].text}, wanted is ${type}`] : [];
  });
}

/**
 * @param {Module} module
 * @param {Map<string, Module>} modules
 * @param {string} path
 * @returns {Map<string, Declaration>}
 */
function callables(module, modules, path) {
  const isFunction = ({ kind }) => kind === 'function';
  const own = module.declarations.filter(isFunction).map((each) => [each.name, each]);
  const imported = [...module.imports].flatMap(([name, from]) => {
    const source = modules.get(join(dirname(path), from));
    const target = source?.declarations.find((each) => isFunction(each) && each.name === name);
    return target ? [[name, target]] : [];
  });
  return new Map([...imported, ...own]);
}

/**
 * @param {Module} module
 * @param {Map<string, Module>} modules
 * @param {string} path
 * @returns {Set<string>}
 */
function knownTypes(module, modules, path) {
  const known = new Set(module.imports.keys());
  for (const name of typesOf(module)) known.add(name);
  // import('./other.js').Name: known by its last word, where that file has it.
  for (const tag of module.docs.flatMap(({ tags }) => tags)) {
    for (const [, from, name] of (tag.type ?? '').matchAll(/import\('([^']+)'\)\.(\w+)/g)) {
      const target = join(dirname(path), from);
      if (typesOf(modules.get(target)).includes(name) || (!modules.has(target) && existsSync(target))) known.add(name);
    }
  }
  return known;
}

/**
 * @param {Module | undefined} module
 * @returns {string[]}
 */
function typesOf(module) {
  const classes = (module?.declarations ?? []).filter(({ kind }) => kind === 'class').map(({ name }) => name);
  const typedefs = (module?.docs ?? []).flatMap((doc) => tagged(doc, 'typedef').map(({ name }) => name));
  return [...classes, ...typedefs];
}

/**
 * @param {string} type
 * @returns {string[]}
 */
function namesIn(type) {
  const plain = type.replace(/import\('[^']+'\)\./g, '').replace(/'[^']*'/g, '').replace(/\w+\??:/g, '');
  return plain.match(/[A-Za-z_]\w*/g) ?? [];
}

/**
 * @param {Token} token
 * @returns {string | null} null where that cannot be told
 */
function literalType({ kind, text }) {
  if (kind === 'string' || (kind === 'template' && text.endsWith('`'))) return 'string';
  if (kind === 'number') return 'number';
  if (text === 'true' || text === 'false') return 'boolean';
  return text === 'null' || text === 'undefined' ? text : null;
}

if (isMain(import.meta.url)) {
  const texts = new Map();
  for (const path of await scripts()) {
    if (/^(src|bin)\//.test(relative(path))) texts.set(path, await readFile(path, 'utf8'));
  }
  const modules = new Map([...texts].map(([path, text]) => [path, moduleOf(text)]));
  const findings = [...modules].flatMap(([path, module]) => {
    const complaints = check(module, texts.get(path), modules, path);
    return complaints.map(([line, rule, message]) => ({ file: relative(path), line, rule, message }));
  });
  finish(findings, `types of ${modules.size} modules checked`);
}
