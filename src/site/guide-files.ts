/** Reads the guide's pages and what they may name from their files, for checks that run without a build. */

import { globSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { page as frontMatter, type Page } from '../schemas/page.ts';
import { headingIds, type GuideText, type Known } from './guide-rules.ts';

export interface GuideFile extends GuideText, Pick<Page, 'group' | 'order' | 'checked'> {
  readonly file: string;
}

export interface Guide {
  readonly pages: readonly GuideFile[];
  /** Front matter that can't be read, and aliases that two pages claim. */
  readonly faults: readonly { readonly file: string; readonly reason: string }[];
}

/** An alias as search compares it. */
const plain = (alias: string): string => alias.toLowerCase().trim();

/** @param folder the folder of the guide's pages, from the project's root */
export function readGuide(folder: string): Guide {
  const pages: GuideFile[] = [];
  const faults: { file: string; reason: string }[] = [];
  const owners = new Map<string, string>();
  for (const file of globSync(`${folder}/**/*.mdx`).sort()) {
    const text = readFileSync(file, 'utf8');
    const [head = '', yaml = '', body = ''] = /^(---\n[\s\S]*?\n---\n)/.exec(text)
      ? [/^---\n[\s\S]*?\n---\n/.exec(text)?.[0], /^---\n([\s\S]*?)\n---\n/.exec(text)?.[1], text.replace(/^---\n[\s\S]*?\n---\n/, '')]
      : [];
    let raw: unknown;
    try {
      raw = parse(yaml);
    } catch (error) {
      faults.push({ file, reason: `the front matter is not YAML: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''}` });
      continue;
    }
    const checked = frontMatter.safeParse(raw);
    const title = typeof raw === 'object' && raw !== null && 'title' in raw && typeof raw.title === 'string' ? raw.title : '';
    if (!checked.success || title === '') {
      const reasons = checked.success
        ? ['title: missing']
        : checked.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
      faults.push({ file, reason: `front matter: ${reasons.join('; ')}` });
      continue;
    }
    const id = file.replace(/\\/g, '/').slice(folder.length + 1, -'.mdx'.length);
    for (const alias of checked.data.aliases) {
      const owner = owners.get(plain(alias));
      if (owner !== undefined) faults.push({ file, reason: `the alias "${alias}" belongs to ${owner} already` });
      else owners.set(plain(alias), file);
    }
    pages.push({
      ...checked.data,
      id: id === 'index' ? id : id.replace(/\/index$/, '/index'),
      title,
      body,
      file,
      firstLine: head.split('\n').length,
    });
  }
  return { pages, faults };
}

/** As much of a record as is asked for here. */
interface NamedRecord {
  readonly id: string;
  readonly name?: string;
  readonly kind?: string;
  readonly shape?: object | null;
}

/** What pages may name: the data in `src/data`, and the pages there are. */
export function knownOf(
  pages: readonly GuideText[],
  more: { readonly sources: readonly string[]; readonly terms: readonly string[] } = { sources: [], terms: [] },
): Known {
  const records = (file: string): NamedRecord[] =>
    readFileSync(`src/data/${file}.jsonl`, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as NamedRecord);
  const ids = (file: string, extra: readonly string[] = []): Set<string> =>
    new Set([...records(file), ...extra.map((line) => JSON.parse(line) as NamedRecord)].map(({ id }) => id));
  const outline = readFileSync('tests/fixtures/outline.txt', 'utf8').trim().split('\n');
  const headings = new Map<string, ReadonlySet<string> | null>(outline.map((path) => [path.replace(/\/index$/, ''), null]));
  for (const { id, body } of pages) headings.set(id.replace(/\/index$/, ''), new Set(headingIds(body)));
  return {
    sources: ids('sources', more.sources),
    terms: ids('terms', more.terms),
    machines: ids('hardware'),
    models: ids('models'),
    computable: new Set(records('models').flatMap(({ id, shape }) => (shape === null ? [] : [id]))),
    quants: new Set(records('quants').flatMap(({ name, kind }) => (kind === 'file-type' && name !== undefined ? [name] : []))),
    pages: headings,
    draft: new Set(JSON.parse(readFileSync('tests/fixtures/first-draft-runs.json', 'utf8')) as number[]),
  };
}
