/**
 * `npm run guide:check [-- PATH…]`: faults of the guide's pages, each with file and line. All pages when none is named.
 *
 * `--sources FILE` and `--terms FILE` add records that are not in `src/data` yet. `--report` prints pages and words by section,
 * sources by kind, and the pages in the order of their last check.
 */

import { globSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { mdxToJs } from 'satteri';
import { knownOf, readGuide } from '../site/guide-files.ts';
import { readCollection } from '../schemas/collections.ts';
import { GROUPS } from '../schemas/page.ts';
import { citedSources } from '../site/citations.ts';
import { faultsOf, wordsOf } from '../site/guide-rules.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    sources: { type: 'string', multiple: true, default: [] },
    terms: { type: 'string', multiple: true, default: [] },
    report: { type: 'boolean', default: false },
  },
});
const more = (files: readonly string[]): string[] =>
  files
    .flatMap((pattern) => globSync(pattern))
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .filter((line) => line.trim() !== '');

const guide = readGuide('src/content/docs');
const known = knownOf(guide.pages, { sources: more(values.sources), terms: more(values.terms) });
const wanted = (file: string): boolean => positionals.length === 0 || positionals.some((part) => file.includes(part.replace(/\/$/, '')));

let count = 0;
const tell = (place: string, reason: string): void => {
  count++;
  console.log(`${place} ${reason}`);
};
for (const { file, reason } of guide.faults) if (wanted(file)) tell(`${file}:1`, reason);
for (const page of guide.pages) {
  if (!wanted(page.file)) continue;
  for (const { line, reason } of faultsOf(page, known)) tell(`${page.file}:${String(line)}`, reason);
  try {
    mdxToJs(readFileSync(page.file, 'utf8'), {
      features: { headingAttributes: true, frontmatter: true, math: { singleDollarTextMath: false } },
    });
  } catch (error) {
    tell(page.file, `MDX: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (positionals.length > 0) console.log(`${page.file}: ${String(wordsOf(page))} words`);
}
if (values.report) {
  console.log('Section                                 pages    words  cited sources');
  for (const group of GROUPS) {
    const pages = guide.pages.filter((page) => page.group === group);
    const cited = new Set(pages.flatMap(({ body }) => citedSources(body)));
    const words = pages.reduce((sum, page) => sum + wordsOf(page), 0);
    console.log(`${group.padEnd(38)} ${String(pages.length).padStart(6)} ${String(words).padStart(8)} ${String(cited.size).padStart(14)}`);
  }
  const all = new Set(guide.pages.flatMap(({ body }) => citedSources(body)));
  const words = guide.pages.reduce((sum, page) => sum + wordsOf(page), 0);
  console.log(
    `${'All'.padEnd(38)} ${String(guide.pages.length).padStart(6)} ${String(words).padStart(8)} ${String(all.size).padStart(14)}`,
  );
  const sources = readCollection('sources', readFileSync('src/data/sources.jsonl', 'utf8')).filter(({ id }) => all.has(id));
  const tally = (texts: readonly string[]): string =>
    [...new Set(texts)].map((text) => `${text} ${String(texts.filter((other) => other === text).length)}`).join(', ');
  console.log(`\nSources cited by pages, by kind: ${tally(sources.map(({ kind }) => kind))}`);
  console.log(`How they were read: ${tally(sources.map(({ read }) => read.as))}`);
}
console.log(count === 0 ? 'No faults.' : `${String(count)} ${count === 1 ? 'fault' : 'faults'}.`);
process.exitCode = count === 0 ? 0 : 1;
