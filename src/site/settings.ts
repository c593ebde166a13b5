/**
 * The site's address, name and repository: the only place that says them.
 *
 * Each can be overridden by an environment variable at build time.
 */

interface Settings {
  /** Where the site is published, without the base path: canonical links, the sitemap and previews use it. */
  readonly address: string;
  /** Path below the address, "/" or "/faq/". */
  readonly basePath: string;
  readonly name: string;
  /** Web address of the source repository; null until there is one, and then nothing links to it. */
  readonly repository: string | null;
}

const environment = process.env;

/** One leading and one trailing slash, whatever was written. */
function normalisePath(path: string): string {
  const inner = path.replace(/^\/+|\/+$/g, '');
  return inner === '' ? '/' : `/${inner}/`;
}

export const settings: Settings = {
  // A reserved name on purpose: whoever publishes the site sets SITE_ADDRESS.
  address: (environment['SITE_ADDRESS'] ?? 'https://local-llm-faq.example').replace(/\/+$/, ''),
  basePath: normalisePath(environment['SITE_BASE'] ?? '/'),
  name: environment['SITE_NAME'] ?? 'Local LLM FAQ',
  repository: environment['SITE_REPOSITORY']?.replace(/\/+$/, '') ?? null,
};
