/** Cuts JavaScript into tokens: enough of the language for linting, and no more. */

/**
 * @typedef {object} Token
 * @property {'comment' | 'name' | 'number' | 'string' | 'template' | 'regex' | 'mark'} kind
 * @property {string} text
 * @property {number} line counted from one
 * @property {number} endLine
 */

const BLANK = /\s+/y;
const TEMPLATE_END = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;
const REGEX = /\/(?![*/])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;

const MARK =
  /=>|\.\.\.|\?\.(?!\d)|[=!]==?|\?\?=?|&&=?|\|\|=?|\*\*=?|\+\+|--|[-+*/%&|^<>]=|[-{}()[\];,<>+*/%&|^!~?:=.@]/y;

const KINDS = [
  ['comment', /\/\/[^\n]*|\/\*[\s\S]*?\*\//y],
  ['name', /#?[\p{ID_Start}$_][\p{ID_Continue}$]*/uy],
  ['number', /(?:0[xob][\da-f_]+|\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+)n?/iy],
  ['string', /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y],
  ['mark', MARK],
];

/** Words after which a slash begins a regular expression. */
const OPERATOR_WORDS = new Set('await case delete in new of return throw typeof void yield'.split(' '));

/**
 * Cuts a text into tokens; white space is left out, comments stay.
 *
 * @param {string} text
 * @returns {Token[]}
 */
export function tokens(text) {
  return new Tokenizer(text).all();
}

/**
 * Leaves out comments.
 *
 * @param {Token[]} list
 * @returns {Token[]}
 */
export function code(list) {
  return list.filter(({ kind }) => kind !== 'comment');
}

class Tokenizer {
  #text;
  #offset = 0;
  #line = 1;
  #found = [];
  /** For every template we are in: how many braces are open in its `${}`. */
  #templates = [];

  constructor(text) {
    this.#text = text;
  }

  all() {
    if (this.#text.startsWith('#!')) this.#take('comment', /#![^\n]*/y);
    while (this.#skipBlank() < this.#text.length) this.#next();
    return this.#found;
  }

  #next() {
    const character = this.#text[this.#offset];
    if (character === '`') return this.#template(1);
    if (character === '}' && this.#templates.at(-1) === 0) {
      this.#templates.pop();
      return this.#template(1);
    }
    if (character === '/' && !this.#followsValue() && this.#take('regex', REGEX)) return;
    if (!KINDS.some(([kind, pattern]) => this.#take(kind, pattern))) {
      throw new SyntaxError(`line ${this.#line}: unexpected ${character}`);
    }
    this.#countBraces(this.#found.at(-1).text);
  }

  #template(opening) {
    TEMPLATE_END.lastIndex = this.#offset + opening;
    const match = TEMPLATE_END.exec(this.#text);
    if (!match) throw new SyntaxError(`line ${this.#line}: this template does not end`);
    this.#push('template', this.#text.slice(this.#offset, TEMPLATE_END.lastIndex));
    if (match[0].endsWith('${')) this.#templates.push(0);
  }

  #countBraces(text) {
    if (this.#templates.length === 0) return;
    if (text === '{') this.#templates[this.#templates.length - 1] += 1;
    if (text === '}') this.#templates[this.#templates.length - 1] -= 1;
  }

  #followsValue() {
    const last = code(this.#found.slice(-3)).at(-1);
    if (!last) return false;
    if (last.kind === 'name') return !OPERATOR_WORDS.has(last.text);
    if (last.kind === 'template') return last.text.endsWith('`');
    return last.kind !== 'mark' || [')', ']', '}'].includes(last.text);
  }

  #skipBlank() {
    BLANK.lastIndex = this.#offset;
    const match = BLANK.exec(this.#text);
    if (match) this.#advance(match[0]);
    return this.#offset;
  }

  #take(kind, pattern) {
    pattern.lastIndex = this.#offset;
    const match = pattern.exec(this.#text);
    if (match) this.#push(kind, match[0]);
    return match !== null;
  }

  #push(kind, text) {
    const line = this.#line;
    this.#advance(text);
    this.#found.push({ kind, text, line, endLine: this.#line });
  }

  #advance(text) {
    this.#offset += text.length;
    this.#line += text.split('\n').length - 1;
  }
}
