/** What every built page must have, and what none may. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { inlineScriptHashes, policy } from '../../src/site/finish-build.ts';
import { settings } from '../../src/site/settings.ts';
import { builtPages, isGenerated, sampled } from '../support/built-site.ts';

const pages = builtPages('dist');

/** Where links may lead and nothing is loaded from: what a browser fetches by itself must be the site's own. */
const LOADING = /<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*\s(?:src|srcset|data)="(?<address>[^"]+)"/g;
const LINKED =
  /<link\b(?=[^>]*\brel="(?:stylesheet|preload|modulepreload|icon|shortcut icon|manifest|preconnect|dns-prefetch|prefetch)")[^>]*\bhref="(?<address>[^"]+)"/g;

test('there are pages', () => {
  assert.ok(pages.length >= 980, `only ${String(pages.length)} pages were built`);
});

for (const { path, html } of pages) {
  test(`one h1, ids on headings, own security policy: ${path}`, () => {
    assert.equal([...html.matchAll(/<h1\b/g)].length, 1, 'exactly one h1');
    const main = /<main\b[\s\S]*<\/main>/.exec(html)?.[0] ?? '';
    const without = [...main.matchAll(/<h[1-4]\b(?![^>]*\bid=)[^>]*>(?<text>[^<]*)/g)].map(({ groups }) => groups?.['text']);
    assert.deepEqual(without, [], 'headings without an id can not be linked to');
    assert.ok(
      html.includes(`content="${policy(inlineScriptHashes(html))}"`),
      'the policy must allow exactly the inline scripts of the page',
    );
    assert.doesNotMatch(html, /\son[a-z]+="/, 'no inline event handlers');
  });

  test(`nothing is loaded from another host: ${path}`, () => {
    const addresses = [LOADING, LINKED].flatMap((pattern) => [...html.matchAll(pattern)].map(({ groups }) => groups?.['address'] ?? ''));
    assert.deepEqual(
      addresses.filter((address) => /^(https?:)?\/\//.test(address)),
      [],
    );
  });

  test(`a title, a short answer and no unfinished text: ${path}`, () => {
    assert.match(html, /<title>[^<]{5,70}<\/title>/);
    assert.match(html, /<meta name="description" content="[^"]{40,300}"/);
    assert.doesNotMatch(html, /\b(?:undefined|NaN|\[object Object\]|lorem ipsum)\b/);
  });
}

test('guide pages stay light: HTML 14 kB at most and 9 kB in the middle, blocking styles within 9 kB (brotli)', () => {
  const size = (content: string | Buffer): number => brotliCompressSync(content).length;
  const sheetSizes = new Map<string, number>();
  const sheetSize = (href: string): number => {
    const known = sheetSizes.get(href) ?? size(readFileSync(`dist${href}`));
    sheetSizes.set(href, known);
    return known;
  };
  /** Pages that list all there is of something. */
  const lists: Readonly<Record<string, number>> = {
    '/resources/timeline/': 18_000,
    '/sections/': 16_000,
    '/machines/': 20_000,
    '/models/': 20_000,
  };
  const looked = sampled(pages);
  const sizes = looked.map(({ path, html }) => ({ path, bytes: size(html) }));
  assert.deepEqual(
    sizes.filter(({ path, bytes }) => bytes > (lists[path] ?? 14_000)),
    [],
  );
  const guide = sizes.filter(({ path }) => !isGenerated(path)).map(({ bytes }) => bytes);
  const middle = guide.sort((a, b) => a - b)[Math.floor(guide.length / 2)] ?? 0;
  assert.ok(middle <= 9_000, `half of the pages have more than ${String(middle)} bytes of HTML`);
  for (const { path, html } of looked) {
    const sheets = [...html.matchAll(/<link rel="stylesheet" href="([^"]+)"(?! media)/g)]
      .map(([, href = '']) => href)
      .filter((href) => !href.includes('no-script'));
    const bytes = sheets.reduce((sum, href) => sum + sheetSize(href), 0);
    // The calculator brings its own sheet.
    assert.ok(bytes <= 10_500, `${path}: ${String(bytes)} bytes of styles block the first paint`);
  }
});

test('the files of the search that no page uses are not shipped', () => {
  assert.ok(existsSync('dist/pagefind/pagefind.js'));
  assert.ok(!existsSync('dist/pagefind/pagefind-ui.js'));
  assert.ok(!existsSync('dist/pagefind/pagefind-component-ui.js'));
});

test('host headers carry the policy, and the sitemap the address', () => {
  const headers = readFileSync('dist/_headers', 'utf8');
  assert.match(headers, /Content-Security-Policy: default-src 'none'/);
  assert.match(headers, /^\/api\/\*\n {2}Access-Control-Allow-Origin: \*$/m);
  assert.ok(readFileSync('dist/sitemap-0.xml', 'utf8').includes(`<loc>${settings.address}/</loc>`));
});
