/** Comma-separated values (RFC 4180). */

/** A text is kept from being read as a formula where a spreadsheet would take it for one. */
function field(value: unknown): string {
  const text = typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' ? String(value) : '';
  const safe = typeof value === 'string' && /^[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @returns one line a row, heads first; what is neither text, number nor truth value is an empty field */
export function csv(heads: readonly string[], rows: readonly (readonly unknown[])[]): string {
  return [heads, ...rows].map((line) => line.map(field).join(',')).join('\r\n') + '\r\n';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Lists of plain values are parted by semicolons; of sources the ids are kept; any other list of records is JSON. */
function listText(list: readonly unknown[], name: string): string {
  if (name === 'sources')
    return list.flatMap((item) => (isRecord(item) && typeof item['source'] === 'string' ? [item['source']] : [])).join('; ');
  return list.some((item) => typeof item === 'object') ? JSON.stringify(list) : list.join('; ');
}

function flatten(record: Readonly<Record<string, unknown>>, prefix = ''): [string, unknown][] {
  return Object.entries(record).flatMap(([name, value]): [string, unknown][] => {
    const head = prefix + name;
    if (Array.isArray(value)) return [[head, listText(value, name)]];
    if (isRecord(value)) return flatten(value, `${head}.`);
    return [[head, value]];
  });
}

/** Records as CSV: a field within a field becomes a column with a dot in its name ("licence.name"). */
export function recordsCsv(records: readonly object[]): string {
  const flat = records.map((record) => new Map(flatten({ ...record })));
  const heads = [...new Set(flat.flatMap((fields) => [...fields.keys()]))];
  return csv(
    heads,
    flat.map((fields) => heads.map((head) => fields.get(head))),
  );
}
