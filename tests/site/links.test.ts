/** Every internal link and anchor leads somewhere, at the root and below a path; addresses end in a slash. */

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { check, LinkState } from 'linkinator';
import { settings } from '../../src/site/settings.ts';
import { builtPages, isGenerated, sampled } from '../support/built-site.ts';

/** A folder to serve in which the build lies where its links expect it. */
function serverRoot(directory: string, base: string): string {
  if (base === '/') return resolve(directory);
  const root = mkdtempSync(join(tmpdir(), 'site-'));
  symlinkSync(resolve(directory), join(root, base.replaceAll('/', '')));
  return root;
}

for (const { directory, base } of [
  { directory: 'dist', base: '/' },
  { directory: '.cache/faq', base: '/faq/' },
]) {
  test(`links and anchors of the build at ${base}`, async () => {
    const all = builtPages(directory);
    const looked = sampled(all);
    const pages = looked.map(({ file }) => base.slice(1) + file);
    /** Generated pages that are not in the sample: the next test has looked for them among the files. */
    const left = new Set(
      all.filter((page) => isGenerated(page.path) && !looked.includes(page)).map(({ path }) => base.slice(0, -1) + path),
    );
    const { links } = await check({
      path: pages,
      serverRoot: serverRoot(directory, base),
      recurse: true,
      checkFragments: true,
      linksToSkip: (link) =>
        Promise.resolve(
          !/^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/.test(link) ||
            link.startsWith(settings.address) ||
            left.has(new URL(link).pathname),
        ),
    });
    const broken = links
      .filter(({ state }) => state === LinkState.BROKEN)
      .map(({ url, parent, status }) => `${url} on ${parent ?? '?'}: ${String(status)}`);
    assert.deepEqual(broken, []);
    // An empty crawl would pass as well.
    const followed = links.filter(({ state }) => state === LinkState.OK).length;
    assert.ok(followed > pages.length, `only ${String(followed)} links were followed from ${String(pages.length)} pages`);
  });

  test(`every internal link and anchor of the build at ${base} names a file that is there`, () => {
    const all = builtPages(directory);
    const byPath = new Map(all.map((page) => [page.path, page]));
    const ids = new Map<string, Set<string>>();
    const idsOf = (path: string): Set<string> => {
      const known = ids.get(path) ?? new Set([...(byPath.get(path)?.html ?? '').matchAll(/\sid="([^"]+)"/g)].map(([, id = '']) => id));
      ids.set(path, known);
      return known;
    };
    const faults = new Set<string>();
    for (const { path, html } of all) {
      for (const [, href = ''] of html.matchAll(/<a\s[^>]*href="([/#][^"]*)"/g)) {
        const [address = '', anchor] = href.split('#');
        const [target = ''] = address.split('?');
        const page = target === '' ? path : `/${target.slice(base.length)}`;
        if (!(page.endsWith('/') || target === '' ? byPath.has(page) : existsSync(directory + page))) faults.add(`${path}: ${href}`);
        else if (anchor !== undefined && anchor !== '' && !idsOf(page).has(decodeURIComponent(anchor)))
          faults.add(`${path}: ${href} has no such anchor`);
      }
    }
    assert.deepEqual([...faults], []);
  });

  test(`internal addresses of the build at ${base} stay below it and end in a slash`, () => {
    const faults: string[] = [];
    for (const { path, html } of builtPages(directory)) {
      for (const [, href = ''] of html.matchAll(/<a\s[^>]*href="(\/[^"]*)"/g)) {
        const [address = ''] = href.split(/[?#]/);
        if (!address.startsWith(base)) faults.push(`${path}: ${href} leaves ${base}`);
        else if (!/(\/|\.[a-z0-9]+)$/.test(address)) faults.push(`${path}: ${href} has no slash at its end`);
      }
    }
    assert.deepEqual(faults, []);
  });
}
