/** The search dialog: Pagefind's full text behind the guide's own titles, aliases and questions. Loaded on first opening. */

import { createMatcher, EXACT, meaningfulWords, resembles, wordsAsTyped, type Match, type PageTerms } from './match.ts';

interface Section {
  readonly title: string;
  readonly url: string;
  readonly excerpt: string;
}

interface ResultData {
  readonly url: string;
  readonly meta: Readonly<Record<string, string>>;
  readonly excerpt: string;
  readonly sub_results: readonly Section[];
}

interface Result {
  readonly score: number;
  data(): Promise<ResultData>;
}

interface Pagefind {
  options(options: object): Promise<void>;
  init(): Promise<void>;
  search(query: string, options: object): Promise<{ results: Result[] }>;
}

interface Hit {
  readonly path: string;
  readonly title: string;
  readonly text: string;
  readonly sections: readonly Section[];
}

const SHOWN = 12;
/** Places kept for pages made from data, a machine or a model each, however much the guide says about the same words. */
const KEPT_FOR_GENERATED = 3;
const started = new WeakSet<HTMLDialogElement>();

function isPagefind(module: unknown): module is Pagefind {
  return typeof module === 'object' && module !== null && 'search' in module && 'init' in module;
}

function isTerms(value: unknown): value is PageTerms[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null && 'path' in item && 'aliases' in item);
}

async function loadEngine(base: string): Promise<Pagefind> {
  // Pagefind writes this file after the bundle is made, so its address is put together here.
  const module: unknown = await import(/* @vite-ignore */ `${base}pagefind/pagefind.js`);
  if (!isPagefind(module)) throw new Error('the search index is not the expected one');
  await module.options({ baseUrl: base, ranking: { metaWeights: { title: 6, aliases: 8 } } });
  await module.init();
  return module;
}

async function loadTerms(base: string): Promise<PageTerms[]> {
  const answer: unknown = await (await fetch(`${base}search-terms.json`)).json();
  return isTerms(answer) ? answer : [];
}

/** What the full text found in a page, word for word, and the page's names. */
function markedWords({ excerpt, sub_results, meta }: ResultData): string[] {
  const marks = [excerpt, ...sub_results.map((section) => section.excerpt)].flatMap((text) => [...text.matchAll(/<mark>(.*?)<\/mark>/g)]);
  return [...marks.map(([, word = '']) => word), meta['title'] ?? '', meta['aliases'] ?? ''];
}

/** Page results of one kind, best first: all words together, and each word alone where too little is found. */
async function fullText(
  engine: Pagefind,
  query: string,
  kind: 'guide' | 'generated',
): Promise<Map<string, { score: number; data: ResultData }>> {
  const words = kind === 'guide' ? meaningfulWords(query) : wordsAsTyped(query);
  const found = new Map<string, { score: number; data: ResultData }>();
  const add = async (text: string, factor: number): Promise<void> => {
    const { results } = await engine.search(text, { filters: { kind } });
    for (const result of results.slice(0, SHOWN)) {
      const data = await result.data();
      if (!resembles(text, markedWords(data))) continue;
      const earlier = found.get(data.url);
      found.set(data.url, { data: earlier?.data ?? data, score: (earlier?.score ?? 0) + result.score * factor });
    }
  };
  await add(words.join(' '), 1);
  if (found.size < 3 && words.length > 1) for (const word of words) await add(word, 1 / (4 * words.length));
  return found;
}

const withSlash = (address: string): string => address.replace(/index\.html$/, '');

/** The name that was typed first, then question words and full text together, then the generated pages. */
async function findHits(query: string, match: (query: string) => Match[], engine: Pagefind, base: string): Promise<Hit[]> {
  const byName = match(query);
  const guide = await fullText(engine, query, 'guide');
  const generated = await fullText(engine, query, 'generated');
  const bestText = Math.max(1e-9, ...[...guide.values()].map((item) => item.score));
  const bestName = Math.max(1e-9, ...byName.filter((item) => item.score < EXACT).map((item) => item.score));

  const candidates = new Map<string, { rank: number; hit: Hit }>();
  for (const [address, { score, data }] of guide) {
    const path = withSlash(address);
    const sections = data.sub_results.filter((section) => section.url.includes('#') && !section.url.endsWith('#_top')).slice(0, 3);
    candidates.set(path, { rank: score / bestText, hit: { path, title: data.meta['title'] ?? path, text: data.excerpt, sections } });
  }
  for (const { page, score } of byName) {
    const path = base.slice(0, -1) + page.path;
    const known = candidates.get(path);
    const rank = score >= EXACT ? score : (1.6 * score) / bestName;
    if (rank < 0.35 && known === undefined) continue;
    candidates.set(path, {
      rank: (known?.rank ?? 0) + rank,
      hit: known?.hit ?? { path, title: page.title, text: page.answer, sections: [] },
    });
  }
  const hits = [...candidates.values()].sort((a, b) => b.rank - a.rank).map(({ hit }) => hit);
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  /** Whether a title has all the words: the page is that of the very machine or model. */
  const isNamed = ({ meta }: ResultData): number => Number(words.every((word) => meta['title']?.toLowerCase().includes(word) === true));
  const made = [...generated]
    .filter(([address]) => !candidates.has(withSlash(address)))
    .sort(([, a], [, b]) => isNamed(b.data) - isNamed(a.data) || b.score - a.score)
    .map(([address, { data }]): Hit => ({
      path: withSlash(address),
      title: data.meta['title'] ?? address,
      text: data.excerpt,
      sections: [],
    }));
  const kept = Math.min(made.length, KEPT_FOR_GENERATED);
  return [...hits.slice(0, SHOWN - kept), ...made].slice(0, SHOWN);
}

/** Text with its marked words, as nodes: nothing else of the excerpt's markup is taken over. */
function marked(excerpt: string): Node[] {
  const parsed = new DOMParser().parseFromString(excerpt, 'text/html');
  return [...parsed.body.childNodes].map((node) => {
    const text = document.createTextNode(node.textContent ?? '');
    if (node.nodeName !== 'MARK') return text;
    const mark = document.createElement('mark');
    mark.append(text);
    return mark;
  });
}

function entry(address: string, title: string, text: string): HTMLLIElement {
  const item = document.createElement('li');
  const link = document.createElement('a');
  const name = document.createElement('b');
  const words = document.createElement('span');
  link.href = address;
  name.textContent = title;
  words.append(...marked(text));
  link.append(name, words);
  item.append(link);
  return item;
}

function render(list: HTMLUListElement, hits: readonly Hit[]): void {
  list.replaceChildren(
    ...hits.map((hit) => {
      const item = entry(hit.path, hit.title, hit.text);
      if (hit.sections.length > 0) {
        const nested = document.createElement('ul');
        nested.append(...hit.sections.map((section) => entry(section.url, section.title, section.excerpt)));
        item.append(nested);
      }
      return item;
    }),
  );
}

/** Arrow keys move between the field and the results; Escape closes. */
function wireKeys(dialog: HTMLDialogElement, field: HTMLInputElement): void {
  dialog.addEventListener('keydown', (event) => {
    // In a search field the browser's own Escape only empties the field.
    if (event.key === 'Escape') {
      event.preventDefault();
      dialog.close();
      return;
    }
    const links = [...dialog.querySelectorAll<HTMLAnchorElement>('[data-search-results] a')];
    const position = links.findIndex((link) => link === document.activeElement);
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0 || links.length === 0) return;
    event.preventDefault();
    const next = links[position + step];
    if (position + step < 0 || next === undefined) field.focus();
    else next.focus();
  });
  field.form?.addEventListener('submit', (event) => {
    // Enter in the field opens the best result; the button closes the dialog.
    if (event.submitter instanceof HTMLButtonElement && document.activeElement !== field) return;
    event.preventDefault();
    const best = dialog.querySelector<HTMLAnchorElement>('[data-search-results] a');
    if (best === null) return;
    best.click();
  });
}

/** Wires the dialog once; later openings only select what was typed before. */
export function startSearch(dialog: HTMLDialogElement): void {
  const field = dialog.querySelector('input');
  const list = dialog.querySelector<HTMLUListElement>('[data-search-results]');
  const status = dialog.querySelector<HTMLElement>('[data-search-status]');
  if (field === null || list === null || status === null) return;
  if (started.has(dialog)) return;
  started.add(dialog);

  if (dialog.dataset['searchable'] === undefined) {
    status.textContent = 'Search works on the built site: npm start.';
    return;
  }
  const base = dialog.dataset['base'] ?? '/';
  const ready = Promise.all([loadEngine(base), loadTerms(base)]).then(([engine, terms]) => ({ engine, match: createMatcher(terms) }));
  let asked = 0;

  const update = async (): Promise<void> => {
    asked += 1;
    const mine = asked;
    const query = field.value.trim();
    if (query === '') {
      list.replaceChildren();
      status.textContent = '';
      delete dialog.dataset['shown'];
      return;
    }
    try {
      const { engine, match } = await ready;
      const hits = await findHits(query, match, engine, base);
      // A slower, older answer must not overwrite a newer one.
      if (mine !== asked) return;
      render(list, hits);
      dialog.dataset['shown'] = query;
      status.textContent =
        hits.length === 0
          ? `Nothing found for “${query}”. Try fewer or other words.`
          : `${String(hits.length)} ${hits.length === 1 ? 'page' : 'pages'}`;
    } catch {
      if (mine === asked) status.textContent = 'The search could not be loaded. Check your connection and open it again.';
    }
  };

  let timer: ReturnType<typeof setTimeout> | undefined;
  field.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => void update(), 120);
  });
  list.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.closest('a') !== null) dialog.close();
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  wireKeys(dialog, field);
  if (field.value.trim() !== '') void update();
}
