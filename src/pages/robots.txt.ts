import { settings } from '~/site/settings.ts';

/** Everybody may read everything; where the list of pages is. */
export function GET(): Response {
  return new Response(`User-agent: *\nAllow: /\n\nSitemap: ${settings.address}${settings.basePath}sitemap-index.xml\n`);
}
