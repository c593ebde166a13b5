/** What a page cites, read from its source text, so that numbers do not depend on the order in which parts are rendered. */

/** Ids of the sources cited in a page's source, each once, in order of first appearance: the first is number 1. */
export function citedSources(body: string): string[] {
  return [...new Set([...body.matchAll(/<Cite\s+id="(?<id>[^"]+)"/g)].map((match) => match.groups?.['id'] ?? ''))];
}

/** Ids of the data records a page shows figures of, each once, in order of appearance. */
export function shownRecords(body: string): string[] {
  const ids: string[] = [];
  for (const match of body.matchAll(/\b(?:machine|model|of|to)="(?<one>[^"]+)"|\bmachines=\{\[(?<many>[^\]]*)\]\}/g)) {
    const { one, many } = match.groups ?? {};
    if (one !== undefined) ids.push(one);
    else ids.push(...[...(many ?? '').matchAll(/["'](?<id>[^"']+)["']/g)].map((item) => item.groups?.['id'] ?? ''));
  }
  return [...new Set(ids)];
}
