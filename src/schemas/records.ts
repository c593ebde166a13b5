import type { z } from 'astro/zod';

/** A fault in a data file, told so that whoever edits it can mend it. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly id: string | null;
  /** Dotted path of the field; null when the line as a whole is at fault. */
  readonly field: string | null;
  readonly reason: string;
}

/** Every fault of a data file at once. */
export class DataError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(
      `${String(problems.length)} ${problems.length === 1 ? 'fault' : 'faults'} in the data:\n` +
        problems
          .map(({ file, line, id, field, reason }) =>
            [`  ${file}:${String(line)}`, id === null ? null : `id "${id}"`, field === null ? null : `field "${field}"`, reason]
              .filter((part) => part !== null)
              .join(' · '),
          )
          .join('\n'),
    );
    this.name = 'DataError';
    this.problems = problems;
  }
}

interface WithId {
  readonly id: string;
}

function idOf(value: unknown): string | null {
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string' ? value.id : null;
}

/**
 * Reads a data file of JSON lines: one record a line, empty lines and lines that start with `//` are passed over.
 *
 * @param text what the file holds; undefined when there is no such file
 * @param file its name, for messages
 * @param schema what each record must be
 * @returns the records in the file's order
 * @throws {DataError} with every fault: lines that are not JSON, records against the schema, ids used twice, an empty or missing file
 */
export function readRecords<T extends WithId>(text: string | undefined, file: string, schema: z.ZodType<T>): readonly T[] {
  if (text === undefined) {
    throw new DataError([{ file, line: 0, id: null, field: null, reason: 'the file is missing' }]);
  }
  const problems: Problem[] = [];
  const records: T[] = [];
  const firstLine = new Map<string, number>();
  text.split(/\r?\n/).forEach((content, index) => {
    const line = index + 1;
    if (content.trim() === '' || content.startsWith('//')) return;
    let value: unknown;
    try {
      value = JSON.parse(content);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      problems.push({ file, line, id: null, field: null, reason: `not JSON: ${reason}` });
      return;
    }
    const id = idOf(value);
    const parsed = schema.safeParse(value);
    if (!parsed.success) {
      for (const issue of parsed.error.issues) {
        const field = issue.path.length === 0 ? null : issue.path.join('.');
        problems.push({ file, line, id, field, reason: issue.message });
      }
    }
    if (id !== null) {
      const earlier = firstLine.get(id);
      if (earlier === undefined) firstLine.set(id, line);
      else problems.push({ file, line, id, field: 'id', reason: `this id is used on line ${String(earlier)} already` });
    }
    if (parsed.success) records.push(parsed.data);
  });
  if (problems.length === 0 && records.length === 0) {
    problems.push({ file, line: 1, id: null, field: null, reason: 'the file holds no record' });
  }
  if (problems.length > 0) throw new DataError(problems);
  return records;
}
