import { defineRouteMiddleware, type StarlightRouteData } from '@astrojs/starlight/route-data';
import { allSections, pagePath, sectionPath } from './sections.ts';
import { url } from './url.ts';

type SidebarEntry = StarlightRouteData['sidebar'][number];
type SidebarLink = Extract<SidebarEntry, { type: 'link' }>;

function link(label: string, href: string, current: string): SidebarLink {
  return { type: 'link', label, href, isCurrent: href === current, badge: undefined, attrs: {} };
}

/**
 * Sidebar and previous/next in the outline's order.
 *
 * The current section is shown with all its pages and every other section as one link to its index, so that a page's
 * weight does not grow with the site. A section without pages is a group without entries: its name, linked to nothing.
 */
export const onRequest = defineRouteMiddleware(async (context) => {
  const route = context.locals.starlightRoute;
  const all = await allSections();
  const pages = all.flatMap((section) => section.pages);
  const current = context.url.pathname;
  const position = pages.findIndex((page) => url(pagePath(page)) === current);
  const here = pages[position];

  route.sidebar = [
    link('Home', url('/'), current),
    link('Calculator', url('/calculator/'), current),
    ...all.map((section): SidebarEntry => {
      const isHere = here?.group === section.group && here.id !== 'index';
      if (!isHere && section.pages.length > 0) return link(section.group, url(sectionPath(section)), current);
      return {
        type: 'group',
        label: section.group,
        collapsed: false,
        badge: undefined,
        entries: section.pages
          .filter(({ id }) => id !== 'index')
          .map((page) => link(page.short ?? page.title, url(pagePath(page)), current)),
      };
    }),
  ];

  const neighbour = (index: number): SidebarLink | undefined => {
    const page = pages[index];
    return position === -1 || page === undefined ? undefined : link(page.title, url(pagePath(page)), current);
  };
  route.pagination = { prev: neighbour(position - 1), next: neighbour(position + 1) };
});
