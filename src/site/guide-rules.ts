/** What every page of the guide keeps to, read from its source text. Pure, so that a test and `npm run guide:check` share it. */

import { citedSources, shownRecords } from './citations.ts';

/** A page as it stands in its file. */
export interface GuideText {
  /** Path without slashes at the ends; "index" for the home page. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly aliases: readonly string[];
  readonly related: readonly string[];
  /** What follows the front matter. */
  readonly body: string;
  /** The line of the file on which the body begins, counted from 1. */
  readonly firstLine: number;
}

/** What pages may name. */
export interface Known {
  readonly sources: ReadonlySet<string>;
  readonly terms: ReadonlySet<string>;
  readonly machines: ReadonlySet<string>;
  readonly models: ReadonlySet<string>;
  /** Models whose memory and speed can be computed. */
  readonly computable: ReadonlySet<string>;
  readonly quants: ReadonlySet<string>;
  /** Every page of the outline, by id, with the ids of its headings; null while it is not written. */
  readonly pages: ReadonlyMap<string, ReadonlySet<string> | null>;
  /** Hashes of every run of nine words of the first draft. */
  readonly draft: ReadonlySet<number>;
}

export interface Fault {
  readonly line: number;
  readonly reason: string;
}

/** Blanks a part of a text, line breaks kept, so that line numbers stay true. */
const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

/** The sign that stands for a citation while sentences are told apart. */
const CITED = '\u0001';
/** The sign that stands for a stated exception. */
const EXCEPTED = '\u0002';

const EXCEPTION = /\{\/\*\s*uncited:\s*(?<reason>[^*]*)\*\/\}/g;

/** Running text alone, line by line as in the file: no code, formulas, worked examples, tags or comments. */
function runningText(body: string): string {
  return body
    .replace(/^import .*$/gm, blank)
    .replace(/^(?<fence>`{3,}|~{3,})[\s\S]*?^\k<fence>.*$/gm, blank)
    .replace(/\$\$[\s\S]*?\$\$/g, blank)
    .replace(/<Worked[\s\S]*?<\/Worked>/g, blank)
    .replace(EXCEPTION, EXCEPTED)
    .replace(/\{\/\*[\s\S]*?\*\/\}/g, blank)
    .replace(/<Cite\s[^>]*\/>/g, CITED)
    .replace(/`[^`\n]*`/g, 'code')
    .replace(/<[A-Za-z/][^>]*>/g, (tag) => tag.replace(/[^\n]/g, ''))
    .replace(/\]\([^)\s]*\)/g, ']')
    .replace(/\{#[a-z0-9-]+\}/g, '');
}

interface Sentence {
  readonly text: string;
  readonly line: number;
}

/** Sentences of running text; a citation after the full stop belongs to the sentence before it. A line of a table is one sentence. */
export function sentencesOf(body: string, firstLine: number): Sentence[] {
  const sentences: Sentence[] = [];
  let line = firstLine;
  let block = '';
  let start = line;
  const flush = (): void => {
    let at = start;
    for (const part of block.split(/(?<=[.!?…][”"’')\]]*[\u0001\u0002]*)\s+(?=["“‘'([*_]*[A-Z0-9])/)) {
      if (part.trim() !== '') sentences.push({ text: part.trim().replace(/\s+/g, ' '), line: at });
      at += part.split('\n').length - 1;
    }
    block = '';
  };
  for (const text of runningText(body).split('\n')) {
    const alone = /^\s*(?:\||#)/.test(text);
    if (text.trim() === '' || alone || /^\s*(?:[-*]|\d+\.)\s/.test(text)) flush();
    if (block === '') start = line;
    if (alone) {
      block = text;
      flush();
    } else if (text.trim() !== '') block += `${text}\n`;
    line++;
  }
  flush();
  return sentences;
}

/** A size that names a kind of thing ("a 24 GB card"), not a measurement of one. */
const CLASS =
  /\b\d[\d.]*[\s\u00a0-]?G(?:i)?B[\s\u00a0](?:(?:graphics|video|consumer|gaming|older|used|Apple|unified-memory)[\s\u00a0])?(?:cards?|GPUs?|Macs?|MacBooks?|machines?|laptops?|PCs?|box(?:es)?|phones?|boards?|modules?|sticks?|kits?|models?|versions?|class|kind|each)\b|\b(?:cards?|GPUs?|Macs?|modules?|sticks?|machines?|memory|RAM|VRAM) (?:of|with) \d[\d.]*[\s\u00a0]G(?:i)?B\b/g;

const FIGURES: readonly RegExp[] = [
  /[$€£]\s?\d[\d.,]*/,
  /\b\d[\d.,]*[\s\u00a0]?(?:dollars?|euros?|cents?)\b/,
  /\d[\d.,]*[\s\u00a0-]?(?:[kKMGTP]i?B(?:\/s)?|[kmM]?Wh?|µs|ms|[MG]T\/s|[MG]bit\/s|Gb\/s|[MG]Hz|TOPS|[TG]FLOPS|tokens\/s|tok\/s)(?![\w])/,
  /\d[\d.,]*[\s\u00a0]?(?:%|per cent|percent\b|tokens? (?:a|per) second)/,
  /\d[\d.,]*[\s\u00a0]?×/,
  /\b\d[\d.,]* times (?:as|faster|slower|the|more|less|larger|smaller)\b/,
  /\b\d[\d.,]*[\s\u00a0]?(?:B|billion|trillion|million|thousand)[\s\u00a0](?:[a-z-]+[\s\u00a0])?(?:parameters|weights|tokens|hours|images)\b/,
  /\b\d+\.\d+[\s\u00a0]bits?\b/,
  /\b(?:released|launched|published|came out|appeared|arrived|announced|introduced|shipped|dates from|founded|discontinued)\b[^.]*\b(?:19|20)\d\d\b/,
];

/** The first figure of a sentence that needs a source; null where there is none. */
export function bareFigure(sentence: string): string | null {
  if (sentence.includes(CITED) || sentence.includes(EXCEPTED)) return null;
  const text = sentence.replace(CLASS, 'class');
  for (const pattern of FIGURES) {
    const found = pattern.exec(text);
    if (found !== null) return found[0];
  }
  return null;
}

/** Words and turns that `CONTRIBUTING.md` bars: nobody would say them at a kitchen table. */
const CUT: readonly RegExp[] = [
  /\bit(?:'|’)?s? (?:is )?important to (?:note|remember)/i,
  /\bit(?:'|’)?s worth noting/i,
  /\bfast-paced\b/i,
  /\bdelv(?:e|es|ing)\b/i,
  /\bleverag(?:e|es|ing)\b/i,
  /\bunlock(?:s|ing)? (?:the|new|your|its)\b/i,
  /\bseamless(?:ly)?\b/i,
  /\brobust(?:ly|ness)?\b/i,
  /\bgame[- ]changer/i,
  /\bwhether you(?:'|’)re an?\b/i,
  /\bnot just\b[^.]{1,60}\bbut\b/i,
  /\bin (?:conclusion|summary)\b/i,
  /\bcutting[- ]edge\b/i,
  /\bstate[- ]of[- ]the[- ]art\b/i,
  /\bblazing(?:ly)?[- ]fast\b/i,
  /\bsupercharg/i,
  /\bdeep dive\b/i,
  /\blet(?:'|’)s (?:explore|dive|take a look)\b/i,
  /\b(?:lorem ipsum|coming soon|TODO|TBD|to be written|under construction)\b/,
];

/** 32-bit FNV-1a. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash;
}

/** Every run of nine words, small letters, no marks. */
export function runsOfNine(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z0-9]+(?:['’][a-z]+)?/g) ?? [];
  return words.slice(0, Math.max(0, words.length - 8)).map((_, at) => words.slice(at, at + 9).join(' '));
}

/** Words of running text, short answer counted. */
export function wordsOf({ description, body }: GuideText): number {
  return `${description} ${runningText(body)}`.split(/\s+/).filter((word) => /\w/.test(word)).length;
}

/** Ids of a page's headings, in order. */
export function headingIds(body: string): string[] {
  return [...body.replace(/^(`{3,})[\s\S]*?^\1.*$/gm, blank).matchAll(/^#{1,6} .*\{#(?<id>[a-z][a-z0-9-]*)\}\s*$/gm)].map(
    ({ groups }) => groups?.['id'] ?? '',
  );
}

/** Pages that are made from data, whose ids no file of the guide holds. */
const GENERATED = /^(?:calculator|machines|models|quants|api|sections)(?:\/|$)/;

/** @returns what is wrong with a page, each with its line */
export function faultsOf(page: GuideText, known: Known): Fault[] {
  const { id, body, firstLine, description, related } = page;
  const faults: Fault[] = [];
  const lineOf = (index: number): number => firstLine + body.slice(0, index).split('\n').length - 1;
  const add = (line: number, reason: string): void => {
    faults.push({ line, reason });
  };

  for (const match of body.matchAll(/^import .* from '(?<from>[^']+)';$/gm)) {
    if (match.groups?.['from'] !== '~/components/index.ts') add(lineOf(match.index), 'pages import components and nothing else');
  }
  const tags = body.replace(/^(`{3,})[\s\S]*?^\1.*$/gm, blank).replace(/`[^`\n]*`/g, blank);
  for (const match of tags.matchAll(/href=|src=/g))
    add(lineOf(match.index), 'links are written as Markdown, so that they work below a path');

  const headings = [...tags.matchAll(/^#{1,6} .*$/gm)];
  for (const match of headings) {
    if (!/\{#[a-z][a-z0-9-]*\}\s*$/.test(match[0])) add(lineOf(match.index), `this heading needs an id: ${match[0]} {#short-id}`);
    if (match[0].startsWith('# ')) add(lineOf(match.index), 'the title is in the front matter; headings begin with ##');
  }
  const ids = headingIds(body);
  for (const [at, heading] of ids.entries()) if (ids.indexOf(heading) !== at) add(firstLine, `two headings have the id "${heading}"`);

  const outsideFences = body.replace(/^(`{3,})[\s\S]*?^\1.*$/gm, blank);
  for (const match of outsideFences.matchAll(/^\|\s*\|.*\n\|[\s:|-]+$/gm))
    add(lineOf(match.index), 'the first column of this table has no name');

  for (const { text, line } of sentencesOf(body, firstLine)) {
    // A heading names what its section is about; the section's sentences carry the sources.
    const figure = text.startsWith('#') ? null : bareFigure(text);
    if (figure !== null) {
      add(
        line,
        `"${figure}" has neither <Cite> nor <Spec>/<Estimate> in its sentence: ${text.replace(/[\u0001\u0002]/g, '').slice(0, 110)}`,
      );
    }
    for (const pattern of CUT) {
      const found = pattern.exec(text);
      if (found !== null) add(line, `"${found[0]}" is on the cut list`);
    }
  }
  const exceptions = [...body.matchAll(EXCEPTION)];
  if (exceptions.length > 2) add(firstLine, `${String(exceptions.length)} figures are excepted from citation; a page may have two`);
  for (const match of exceptions) {
    if ((match.groups?.['reason'] ?? '').trim().length < 15) add(lineOf(match.index), 'an exception says why in a few words');
  }

  const check = (pattern: RegExp, set: ReadonlySet<string>, what: string): void => {
    for (const match of tags.matchAll(pattern)) {
      const name = match.groups?.['id'] ?? '';
      if (!set.has(name)) add(lineOf(match.index), `there is no ${what} "${name}"`);
    }
  };
  check(/<Cite\s+id="(?<id>[^"]*)"/g, known.sources, 'source');
  check(/<Term\s+id="(?<id>[^"]*)"/g, known.terms, 'term');
  check(/\b(?:machine|of|to|host)="(?<id>[^"]*)"/g, new Set([...known.machines, ...TABLES]), 'machine');
  check(/\bmodel="(?<id>[^"]*)"/g, known.models, 'model');
  check(/<(?:Estimate|EstimateTable|QuantTable)\b[^>]*\bmodel="(?<id>[^"]*)"/g, known.computable, 'computable model');
  check(/<(?:FitTable|ContextTable)\b[^>]*\bmodels=\{\[["'](?<id>[^"']*)["']/g, known.computable, 'computable model');
  check(/\bquant="(?<id>[^"]*)"/g, known.quants, 'file type');
  check(/\bshow="(?<id>[^"]*)"/g, SHOWN, 'answer to show:');
  for (const [list, set, what] of [
    ['machines', known.machines, 'machine'],
    ['models', known.models, 'model'],
    ['quants', known.quants, 'file type'],
  ] as const) {
    for (const match of tags.matchAll(new RegExp(`\\b${list}=\\{\\[(?<names>[^\\]]*)\\]\\}`, 'g'))) {
      for (const [, name = ''] of (match.groups?.['names'] ?? '').matchAll(/["']([^"']+)["']/g)) {
        if (!set.has(name)) add(lineOf(match.index), `there is no ${what} "${name}"`);
      }
    }
  }

  for (const match of tags.matchAll(/\]\((?<address>[^)\s]+)/g)) {
    const address = match.groups?.['address'] ?? '';
    if (/^https?:/.test(address)) continue;
    const [path = '', anchor] = address.replace(/[?][^#]*/, '').split('#');
    const target = path === '' ? id : path === '/' ? 'index' : path.replace(/^\/|\/$/g, '');
    if (/^\/api\/[a-z-]+\.jsonl?$/.test(path)) continue;
    if (path !== '' && !/^\/(?:.*\/)?$/.test(path)) add(lineOf(match.index), `a link to a page begins and ends with a slash: ${address}`);
    else if (GENERATED.test(target)) continue;
    else if (!known.pages.has(target)) add(lineOf(match.index), `there is no page ${path}`);
    else if (anchor !== undefined && anchor !== '' && known.pages.get(target)?.has(anchor) === false)
      add(lineOf(match.index), `the page ${path} has no heading #${anchor}`);
  }
  for (const other of related) if (!known.pages.has(other.replace(/\/index$/, ''))) add(1, `related: there is no page "${other}"`);

  const words = wordsOf(page);
  if (words < 150) add(firstLine, `${String(words)} words: a page needs 150, short answer counted`);
  if (description.length > 300) add(1, `the short answer has ${String(description.length)} characters, 300 at most`);
  if (!EXEMPT.has(id) && citedSources(body).length === 0 && shownRecords(body).length === 0 && !body.includes('<DataTable'))
    add(firstLine, 'the page has no source: neither <Cite> nor data');
  for (const run of runsOfNine(`${description}\n${runningText(body)}`)) {
    if (known.draft.has(hashOf(run))) add(firstLine, `nine words stand so in the first draft: "${run}"`);
  }
  return faults;
}

/** Tables that `<DataTable of="…">` knows; they share the attribute's name with `<Ratio of="…">`. */
export const TABLES: ReadonlySet<string> = new Set([
  'loaders',
  'front-ends',
  'formats',
  'families',
  'licences',
  'file-types',
  'other-quants',
  'cards',
  'timeline',
]);

/** What `<Estimate show="…">` and the components of the evidence pages can show. */
const SHOWN: ReadonlySet<string> = new Set(
  (
    'weights kv-cache kv-per-token read-per-token bits-per-weight decode decode-range prefill prefill-range ceiling compute total fits ' +
    'first-token largest-context memory noise pages data'
  ).split(' '),
);

/** Pages that make no claims of their own: maps of the guide, and what is made from data. */
const EXEMPT: ReadonlySet<string> = new Set([
  'index',
  'how-to/index',
  'evidence/how-fresh-is-this',
  'resources/glossary',
  'about/this-faq-is-lame',
  'about/changelog',
]);
