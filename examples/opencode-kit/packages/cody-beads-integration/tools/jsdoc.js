/** Reads the comments that begin with two stars. */

/**
 * @typedef {object} Tag
 * @property {string} tag such as `param`
 * @property {string | null} type what stands in braces
 * @property {string | null} name of a parameter, property or type
 * @property {string} text
 */

/**
 * @typedef {object} Doc
 * @property {string} description
 * @property {Tag[]} tags
 */

const NAMED = new Set(['param', 'property', 'typedef']);

/**
 * Takes a comment apart.
 *
 * @param {string} comment with its stars
 * @returns {Doc}
 */
export function parseDoc(comment) {
  const text = comment.replace(/^\/\*\*|\*\/$/g, '').replace(/^[ \t]*\* ?/gm, '');
  const [description, ...parts] = text.split(/^[ \t]*@(?=\w)/m);
  return { description: description.trim(), tags: parts.map((part) => parseTag(part.trim())) };
}

/**
 * Picks the tags of one kind.
 *
 * @param {Doc | null} doc
 * @param {string} tag
 * @returns {Tag[]}
 */
export function tagged(doc, tag) {
  return (doc?.tags ?? []).filter((each) => each.tag === tag);
}

/**
 * @param {string} part a tag without its @
 * @returns {Tag}
 */
function parseTag(part) {
  const tag = /^\w+/.exec(part)[0];
  let rest = part.slice(tag.length).trimStart();
  let type = null;
  if (rest.startsWith('{')) {
    const end = closingBrace(rest);
    type = rest.slice(1, end).trim();
    rest = rest.slice(end + 1).trimStart();
  }
  if (!NAMED.has(tag)) return { tag, type, name: null, text: oneLine(rest) };
  const [, name, text] = /^(\S*)([\s\S]*)$/.exec(rest);
  return { tag, type, name, text: oneLine(text) };
}

/**
 * @param {string} text begins with a brace
 * @returns {number} where it is closed
 */
function closingBrace(text) {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '{') depth += 1;
    if (text[index] === '}') depth -= 1;
    if (depth === 0) return index;
  }
  return text.length;
}

/**
 * @param {string} text
 * @returns {string}
 */
function oneLine(text) {
  return text.trim().replace(/\s+/g, ' ');
}
