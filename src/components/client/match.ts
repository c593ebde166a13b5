/**
 * Which pages a query means, by title, alias and short answer: exact names first, then misspelt and joined ones, then the
 * words a question is made of. The full text is Pagefind's; this stands in front of it.
 */

export interface PageTerms {
  readonly path: string;
  readonly title: string;
  readonly aliases: readonly string[];
  /** The page's short answer. */
  readonly answer: string;
}

export interface Match {
  readonly page: PageTerms;
  /** Higher is better; 1000 and more means the name itself was typed. */
  readonly score: number;
}

/** A name typed exactly scores at least this; such pages come before everything the full text finds. */
export const EXACT = 1000;

const STOP_WORDS = new Set(
  (
    'a an and any are as at be been but by can could do does dont for from get give go had has have how i if in into is it ' +
    'its just me mine much my need needs of on one or our out should so some than that the their them then there these they ' +
    'this to use using vs versus want was way we what when where which while who why will with would you your run running ' +
    'local locally llm llms model models ai good best better'
  ).split(' '),
);

/** Small letters, no accents, everything but letters and digits turned into spaces. */
export function normalise(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

const joined = (text: string): string => normalise(text).replaceAll(' ', '');

/** Ends that hide the same word: cards, cooling, upgraded. Crude on purpose; both sides go through it. */
function stem(word: string): string {
  if (word.length <= 4 || /\d/.test(word)) return word;
  return word.replace(/(?:ing|ers|er|ies|es|ed|s|y)$/, '');
}

/** The words that carry a question's meaning; all of its words when nothing else is left. */
export function meaningfulWords(query: string): string[] {
  const words = normalise(query)
    .split(' ')
    .filter((word) => word !== '');
  const kept = words.filter((word) => !STOP_WORDS.has(word));
  return kept.length > 0 ? kept : words;
}

/** The same words as they were typed: names of models are found only with their dots and hyphens. */
export function wordsAsTyped(query: string): string[] {
  const typed = query.trim().split(/\s+/);
  const kept = typed.filter((word) => !STOP_WORDS.has(normalise(word)));
  return kept.length > 0 ? kept : typed;
}

/**
 * Whether two words differ by few typing slips (insert, drop, change, swap of neighbours), stopping early.
 *
 * @returns the number of slips, or `limit + 1` when there are more
 */
export function typingSlips(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (previous[column - 1] ?? 0) + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (beforePrevious[column - 2] ?? 0) + 1);
      }
      current.push(cost);
    }
    if (Math.min(...current) > limit) return limit + 1;
    beforePrevious = previous;
    previous = current;
  }
  return Math.min(previous[b.length] ?? limit + 1, limit + 1);
}

const allowedSlips = (word: string): number => (/\d/.test(word) || word.length < 5 ? 0 : word.length < 8 ? 1 : 2);

/** How well a query's word fits a page's words: 1 for the same word, less for a beginning or a misspelling, 0 for none. */
function fit(word: string, words: ReadonlySet<string>): number {
  if (words.has(word)) return 1;
  const root = stem(word);
  let best = 0;
  for (const candidate of words) {
    if (stem(candidate) === root) return 0.95;
    if (word.length >= 3 && candidate.startsWith(word)) best = Math.max(best, 0.7);
    const slips = allowedSlips(word);
    if (slips > 0 && best < 0.6 && typingSlips(word, candidate, slips) <= slips) best = 0.6;
  }
  return best;
}

/**
 * Whether any of the query's words resembles any of the words that the full text marked as found. Pagefind shortens a word
 * until it finds something, down to one letter; this tells a find from a guess.
 */
export function resembles(query: string, found: readonly string[]): boolean {
  const words = new Set(found.flatMap((text) => normalise(text).split(' ')));
  return meaningfulWords(query).some(
    (word) => fit(word, words) > 0 || (word.length > 4 && [...words].some((candidate) => candidate.startsWith(word.slice(0, 4)))),
  );
}

interface Prepared {
  readonly page: PageTerms;
  readonly names: readonly { readonly text: string; readonly joined: string }[];
  readonly title: ReadonlySet<string>;
  readonly alias: ReadonlySet<string>;
  readonly answer: ReadonlySet<string>;
}

const wordSet = (texts: readonly string[]): Set<string> => new Set(texts.flatMap((text) => normalise(text).split(' ')));

function prepare(page: PageTerms): Prepared {
  return {
    page,
    names: [page.title, ...page.aliases].map((name) => ({ text: normalise(name), joined: joined(name) })),
    title: wordSet([page.title]),
    alias: wordSet(page.aliases),
    answer: wordSet([page.answer]),
  };
}

/** A matcher over the guide's pages; build it once. */
export function createMatcher(pages: readonly PageTerms[]): (query: string) => Match[] {
  const prepared = pages.map(prepare);
  const commonness = new Map<string, number>();
  for (const { title, alias, answer } of prepared) {
    for (const word of new Set([...title, ...alias, ...answer].map(stem))) commonness.set(word, (commonness.get(word) ?? 0) + 1);
  }
  const weight = (word: string): number => Math.log(1 + prepared.length / (1 + (commonness.get(stem(word)) ?? 0)));

  return (query) => {
    const text = normalise(query);
    const run = joined(query);
    if (run === '') return [];
    const words = meaningfulWords(query);
    const matches: Match[] = [];
    for (const { page, names, title, alias, answer } of prepared) {
      let score = 0;
      for (const [index, name] of names.entries()) {
        const first = index === 0 ? 50 : 0;
        if (name.text === text) score = Math.max(score, EXACT + 100 + first);
        else if (name.joined === run) score = Math.max(score, EXACT + 50 + first);
        else if (run.length >= 5 && typingSlips(run, name.joined, allowedSlips(run)) <= allowedSlips(run))
          score = Math.max(score, EXACT / 2);
        // The name stands whole inside a longer question: the longer the name, the surer.
        else if (name.text.length >= 3 && ` ${text} `.includes(` ${name.text} `)) score = Math.max(score, 20 * name.text.split(' ').length);
      }
      let sum = 0;
      for (const word of words) {
        sum += weight(word) * Math.max(3 * fit(word, title), 3 * fit(word, alias), fit(word, answer));
      }
      score += (10 * sum) / Math.max(1, words.length);
      if (score > 0) matches.push({ page, score });
    }
    return matches.sort((a, b) => b.score - a.score);
  };
}
