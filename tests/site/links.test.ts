/** Every internal link and anchor leads somewhere, at the root and below a path; addresses end in a slash. */

import assert from 'node:assert/strict';
import { mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { check, LinkState } from 'linkinator';
import { settings } from '../../src/site/settings.ts';
import { builtPages } from '../support/built-site.ts';

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
    const pages = builtPages(directory).map(({ file }) => base.slice(1) + file);
    const { links } = await check({
      path: pages,
      serverRoot: serverRoot(directory, base),
      recurse: true,
      checkFragments: true,
      linksToSkip: (link) =>
        Promise.resolve(!/^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/.test(link) || link.startsWith(settings.address)),
    });
    const broken = links
      .filter(({ state }) => state === LinkState.BROKEN)
      .map(({ url, parent, status }) => `${url} on ${parent ?? '?'}: ${String(status)}`);
    assert.deepEqual(broken, []);
    // An empty crawl would pass as well.
    const followed = links.filter(({ state }) => state === LinkState.OK).length;
    assert.ok(followed > pages.length, `only ${String(followed)} links were followed from ${String(pages.length)} pages`);
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
