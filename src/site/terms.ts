/** Words of the trade with their sentence: a word that has a page of its own is explained by that page's short answer. */

import { getCollection } from 'astro:content';
import type { TermRecord } from '../schemas/term.ts';
import { sections, type GuidePage } from './sections.ts';

export interface ExplainedTerm {
  readonly id: string;
  readonly term: string;
  readonly definition: string;
  /** The page that says more; null while it is not written. */
  readonly page: GuidePage | null;
}

/** @throws when a term has neither a page of its own nor a definition */
function explained({ id, term, definition, page: path }: TermRecord, pages: readonly GuidePage[]): ExplainedTerm {
  const page = pages.find((candidate) => candidate.id === path) ?? null;
  const text = definition ?? page?.description;
  if (text === undefined)
    throw new Error(`The term "${id}" has no definition in src/data/terms.jsonl, and the page ${path} does not exist`);
  return { id, term, definition: text, page };
}

/** Every term, in the order of the alphabet. */
export async function allTerms(): Promise<readonly ExplainedTerm[]> {
  const pages = (await sections()).flatMap((section) => section.pages);
  return (await getCollection('terms'))
    .map(({ data }) => explained(data, pages))
    .sort((a, b) => a.term.localeCompare(b.term, 'en', { sensitivity: 'base' }));
}

/** @throws when there is no such term */
export async function termNamed(id: string): Promise<ExplainedTerm> {
  const found = (await allTerms()).find((term) => term.id === id);
  if (found === undefined) throw new Error(`<Term id="${id}">: there is no such term in src/data/terms.jsonl`);
  return found;
}
