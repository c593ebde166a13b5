import { createHash } from 'node:crypto';
import { glob, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { AstroIntegration } from 'astro';

/** Pagefind writes three ready-made interfaces and a second engine; the site has its own interface and needs none of them. */
const UNUSED_SEARCH_FILES = [
  'pagefind-ui.js',
  'pagefind-ui.css',
  'pagefind-modular-ui.js',
  'pagefind-modular-ui.css',
  'pagefind-component-ui.js',
  'pagefind-component-ui.css',
  'pagefind-highlight.js',
  'wasm.unknown.pagefind',
];

const INLINE_SCRIPT = /<script(?<attributes>[^>]*)>(?<code>[\s\S]*?)<\/script>/g;
const CHARSET = /<meta charset="utf-8"\s*\/?>/i;

/** Hashes of the inline scripts of a page, as a content security policy writes them. */
export function inlineScriptHashes(html: string): string[] {
  const hashes = new Set<string>();
  for (const match of html.matchAll(INLINE_SCRIPT)) {
    const { attributes = '', code = '' } = match.groups ?? {};
    const isCode = !/\ssrc=/.test(attributes) && !/type="(application\/(ld\+)?json|text\/template)"/.test(attributes);
    if (isCode && code !== '') hashes.add(`'sha256-${createHash('sha256').update(code).digest('base64')}'`);
  }
  return [...hashes].sort();
}

/**
 * The content security policy: this site and nothing else.
 *
 * `wasm-unsafe-eval` is there for the search engine alone; `unsafe-inline` for styles alone (formulas and highlighted code
 * carry style attributes).
 */
export function policy(scriptHashes: readonly string[]): string {
  return [
    "default-src 'none'",
    ["script-src 'self' 'wasm-unsafe-eval'", ...scriptHashes].join(' '),
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "frame-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join('; ');
}

/** The page that may stand in a frame of another site. */
const FRAMED = 'embed';

/**
 * Host headers in the form that Netlify and Cloudflare Pages read; the project's own server reads it too.
 *
 * A host adds up the rules that match a path, and two policies are both enforced. So each folder has a rule of its own instead of
 * one for all with an exception for the page that may be framed.
 */
function headersFile(basePath: string, scriptHashes: readonly string[], folders: readonly string[]): string {
  const common = [
    '  X-Content-Type-Options: nosniff',
    '  Referrer-Policy: no-referrer',
    '  Cross-Origin-Opener-Policy: same-origin',
    '  Permissions-Policy: camera=(), microphone=(), geolocation=()',
    '',
  ];
  const rule = (path: string, ancestors: string): string[] => [
    `${basePath}${path}`,
    `  Content-Security-Policy: ${policy(scriptHashes)}; frame-ancestors ${ancestors}`,
    ...common,
  ];
  return [
    ...rule('', "'none'"),
    ...folders.filter((folder) => folder !== FRAMED).flatMap((folder) => rule(`${folder}/*`, "'none'")),
    ...rule(`${FRAMED}/*`, '*'),
    // Data for other people's pages too: nothing here is secret, and nothing is answered for a visitor's sake.
    `${basePath}api/*`,
    '  Access-Control-Allow-Origin: *',
    '',
    `${basePath}_astro/*`,
    '  Cache-Control: public, max-age=31536000, immutable',
    '',
  ].join('\n');
}

/** After the build: the content security policy on every page and as host headers, and nothing shipped that no page uses. */
export function finishBuild({ basePath }: { basePath: string }): AstroIntegration {
  return {
    name: 'finish-build',
    hooks: {
      'astro:build:done': async ({ dir, logger }) => {
        const root = fileURLToPath(dir);
        await Promise.all(UNUSED_SEARCH_FILES.map((file) => rm(`${root}pagefind/${file}`, { force: true })));

        const all = new Set<string>();
        let pages = 0;
        for await (const file of glob('**/*.html', { cwd: root })) {
          const path = root + file;
          const html = await readFile(path, 'utf8');
          if (!CHARSET.test(html)) throw new Error(`${file} has no <meta charset>: there is no place for its security policy`);
          const hashes = inlineScriptHashes(html);
          for (const hash of hashes) all.add(hash);
          const meta = `<meta http-equiv="Content-Security-Policy" content="${policy(hashes)}">`;
          await writeFile(
            path,
            html.replace(CHARSET, (charset) => charset + meta),
          );
          pages += 1;
        }
        const folders = (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
        await writeFile(`${root}_headers`, headersFile(basePath, [...all].sort(), folders));
        logger.info(`${String(pages)} pages carry the security policy; ${String(all.size)} inline scripts are allowed by hash`);
      },
    },
  };
}
