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
