import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DataError } from '../../src/schemas/records.ts';
import { checkData } from '../../src/site/check-data.ts';

/** A copy of the data with changes, and what the check says of it. */
function faultsWith(change: (folder: string) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'data-'));
  try {
    cpSync('src/data', folder, { recursive: true });
    change(folder);
    checkData(folder);
    return '';
  } catch (error) {
    if (error instanceof DataError) return error.message;
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function edit(folder: string, name: string, from: string, to: string): void {
  const text = readFileSync(join(folder, name), 'utf8');
  assert.ok(text.includes(from), from);
  writeFileSync(join(folder, name), text.replace(from, to));
}

test('the data as it is has no fault', () => {
  assert.equal(
    faultsWith(() => undefined),
    '',
  );
});

test('faults in several files are told together', () => {
  const message = faultsWith((folder) => {
    edit(folder, 'hardware.jsonl', '"watts":120', '"watts":-120');
    edit(folder, 'models.jsonl', '{"id"', '{"id');
    rmSync(join(folder, 'terms.jsonl'));
    writeFileSync(join(folder, 'quants.jsonl'), '');
  });
  assert.match(message, /src\/data\/hardware\.jsonl:\d+ · id "[a-z0-9-]+" · field "watts"/);
  assert.match(message, /src\/data\/models\.jsonl:1 /);
  assert.match(message, /src\/data\/terms\.jsonl:0 · the file is missing/);
  assert.match(message, /src\/data\/quants\.jsonl:\d+ · .*no record/);
});

test('a source that does not exist is told with the line of the record that names it', () => {
  const message = faultsWith((folder) => {
    edit(folder, 'hardware.jsonl', '"source":"', '"source":"nobody-');
  });
  assert.match(message, /src\/data\/hardware\.jsonl:[1-9]\d* · id "[a-z0-9-]+" · field "sources" · there is no source "nobody-/);
});
