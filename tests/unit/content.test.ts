/** What every page of the guide keeps to, read from its source: ESLint does not look into MDX. */

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const pages = globSync('src/content/docs/**/*.mdx')
  .sort()
  .map((path) => {
    const text = readFileSync(path, 'utf8');
    const [, frontMatter = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text) ?? [];
    return { path, frontMatter, body };
  });

/** Paragraphs, list items and table rows, without code, worked examples and the insides of tags. */
function prose(body: string): string[] {
  return body
    .replace(/^import .*$/gm, '')
    .replace(/```[\s\S]*?```/g, '')
    .replace(/\$\$[\s\S]*?\$\$/g, '')
    .replace(/<Worked[\s\S]*?<\/Worked>/g, '')
    .replace(/<Cite [^>]*\/>/g, '[cited]')
    .replace(/<[^>]*>/g, '')
    .split(/\n\s*\n|\n- /)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

const FIGURE =
  /\$\d|\d[\d.,]*[\s\u00a0]?(?:[kKMGT]i?B(?:\/s)?|[km]?W|kWh|µs|ms|GB\/s|MT\/s|%|TOPS|TFLOPS|tokens a second|tokens\/s)(?![\w])/;

test('pages import components and nothing else', () => {
  for (const { path, body } of pages) {
    for (const [, from] of body.matchAll(/^import .* from '([^']+)';$/gm)) assert.equal(from, '~/components/index.ts', path);
  }
});

test('pages write links as Markdown, so that they work below a path', () => {
  for (const { path, body } of pages) assert.doesNotMatch(body, /href=/, path);
});

test('a figure in running text is cited, comes from the data, or stands in a worked example', () => {
  const bare = pages.flatMap(({ path, body }) =>
    prose(body)
      .filter((part) => FIGURE.test(part) && !part.includes('[cited]'))
      .map((part) => `${path}: ${FIGURE.exec(part)?.[0] ?? ''} in “${part.slice(0, 90)}…”`),
  );
  assert.deepEqual(bare, []);
});

test('no page is a stub, and every page of a section has a source, a picture or worked example, and 300 words', () => {
  for (const { path, body, frontMatter } of pages) {
    assert.doesNotMatch(body, /lorem ipsum|coming soon|\bTODO\b|\bTBD\b|to be written|under construction/i, path);
    assert.match(frontMatter, /^checked: "\d{4}-\d\d-\d\d"$/m, path);
    if (path.endsWith('docs/index.mdx')) continue;
    assert.match(body, /<Cite |<Spec |<Estimate /, path);
    assert.match(body, /<Worked |<MachineChart |<MachineTable |<EstimateTable /, path);
    const words = prose(body).join(' ').split(/\s+/).length;
    assert.ok(words >= 300 && words <= 1000, `${path}: ${String(words)} words of running text`);
  }
});
