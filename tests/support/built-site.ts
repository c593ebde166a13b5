/** The built pages as files. */

import { globSync, readFileSync } from 'node:fs';

export interface BuiltPage {
  /** Address below the site's base: "/hardware/gpu/". */
  readonly path: string;
  /** File, relative to the built folder. */
  readonly file: string;
  readonly html: string;
}

/** Every page of a built folder, in a fixed order. */
export function builtPages(directory: string): BuiltPage[] {
  return globSync('**/*.html', { cwd: directory })
    .sort()
    .map((file) => ({
      file,
      path: file === '404.html' ? '/404.html' : `/${file.replace(/index\.html$/, '')}`,
      html: readFileSync(`${directory}/${file}`, 'utf8'),
    }));
}

/** Addresses of the pages of a built folder, the 404 page left out. */
export function builtPaths(directory: string): string[] {
  return builtPages(directory)
    .map(({ path }) => path)
    .filter((path) => path !== '/404.html');
}

/** Pages that are made from a record: one for each machine and each model. */
const GENERATED = /^\/(?:machines|models)\/[^/]+\/$/;

export function isGenerated(path: string): boolean {
  return GENERATED.test(path);
}

/** Every how manieth generated page is looked at where each look is slow: they come from two templates. */
const EVERY = 12;

/** All pages but most of the generated ones; really all with TEST_FULL set (`npm run test:full`). */
export function sampled<T extends { readonly path: string }>(pages: readonly T[]): readonly T[] {
  if (process.env['TEST_FULL'] !== undefined) return pages;
  const generated = pages.filter(({ path }) => isGenerated(path));
  const looked = new Set(generated.filter((_, index) => index % EVERY === 0));
  return pages.filter((page) => !isGenerated(page.path) || looked.has(page));
}

/** Addresses of the sampled pages, the 404 page left out. */
export function sampledPaths(directory: string): string[] {
  return sampled(builtPages(directory))
    .map(({ path }) => path)
    .filter((path) => path !== '/404.html');
}
