import type { APIRoute } from 'astro';
import { pagePath, sections } from '../site/sections.ts';

/** Titles, aliases and short answers of the guide's pages: what the search looks at before the full text. Fetched on first opening. */
export const GET: APIRoute = async () => {
  const pages = (await sections()).flatMap((section) => section.pages);
  const terms = pages.map((page) => ({
    path: pagePath(page),
    title: page.title,
    aliases: page.aliases,
    answer: page.description,
  }));
  return Response.json(terms);
};
