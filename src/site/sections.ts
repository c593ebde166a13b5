import { getCollection } from 'astro:content';
import { GROUPS, page as frontMatter, type Page } from '../schemas/page.ts';

type Group = (typeof GROUPS)[number];

/** A page of the guide: its front matter, checked, and the path it is found under. */
export interface GuidePage extends Page {
  /** Path without slashes at the ends; "index" for the home page. */
  readonly id: string;
  readonly title: string;
}

/** A section of the guide: its pages in reading order. */
export interface Section {
  readonly group: Group;
  /** Last part of the section index's address; never changes. */
  readonly slug: string;
  readonly pages: readonly GuidePage[];
}

const SLUGS: Readonly<Record<Group, string>> = {
  'Start here': 'start',
  'The very high-level stuff': 'high-level',
  'Basic terminology': 'basic-terminology',
  'Hardware for hosting a local LLM': 'hardware',
  'Software for hosting a local LLM': 'software',
  'Medium advanced terminology': 'medium-terminology',
  'Advanced terminology and other magic': 'advanced-terminology',
  'How do I…': 'how-to',
  "It doesn't work": 'fix',
  Evidence: 'evidence',
  'Resources and pointers': 'resources',
  About: 'about',
};

/** Address of a page of the guide, root-relative. */
export function pagePath({ id }: { readonly id: string }): `/${string}` {
  return id === 'index' ? '/' : `/${id}/`;
}

/** Address of a section's index, root-relative. */
export function sectionPath(section: Section): `/${string}` {
  return `/sections/${section.slug}/`;
}

let cached: Promise<readonly Section[]> | undefined;

/** All sections in the outline's order, their pages in reading order; those not yet written have none. */
export async function allSections(): Promise<readonly Section[]> {
  const load = async (): Promise<readonly Section[]> => {
    const pages = (await getCollection('docs')).map(({ id, data }): GuidePage => {
      const checked = frontMatter.safeParse(data);
      if (!checked.success) {
        const faults = checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
        throw new Error(`src/content/docs/${id}.mdx: the front matter is not complete. ${faults}`);
      }
      return { id, title: data.title, ...checked.data };
    });
    return GROUPS.map((group) => ({
      group,
      slug: SLUGS[group],
      pages: pages.filter((page) => page.group === group).sort((a, b) => a.order - b.order),
    }));
  };
  // In development pages come and go; a build reads them once.
  if (import.meta.env.DEV) return load();
  cached ??= load();
  return cached;
}

/** The sections that have pages. */
export async function sections(): Promise<readonly Section[]> {
  return (await allSections()).filter((section) => section.pages.length > 0);
}
