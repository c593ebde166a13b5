import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { missingRecords, type Lock } from '../../src/cli/lock.ts';

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));

test('the lock file names every optional package, so that npm ci accepts it on any registry', () => {
  const missing = missingRecords(read('package-lock.json') as Lock);
  assert.deepEqual(
    missing.map(({ place }) => place),
    [],
    'run: npm run lock',
  );
});

test('the lock file and package.json agree on what the project depends on, each at one exact version', () => {
  const manifest = read('package.json') as Record<string, Record<string, string> | undefined>;
  const root = (read('package-lock.json') as { packages: Record<string, Record<string, unknown>> }).packages[''] ?? {};
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
    assert.deepEqual(root[kind], manifest[kind], kind);
    for (const [name, version] of Object.entries(manifest[kind] ?? {})) assert.match(version, /^\d+\.\d+\.\d+$/, name);
  }
});

test('the lock file carries no address of a registry', () => {
  assert.doesNotMatch(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'), /"resolved": "http/);
});

test('missing optional packages are found, and put where npm would look', () => {
  const lock: Lock = {
    packages: {
      '': { optionalDependencies: { node: '24.0.0' } },
      'node_modules/node': { version: '24.0.0' },
      'node_modules/a': { version: '1.0.0', optionalDependencies: { '@a/darwin-arm64': '1.0.0', '@a/linux-x64': '1.0.0' } },
      'node_modules/@a/linux-x64': { version: '1.0.0' },
      'node_modules/b': { version: '2.0.0', optionalDependencies: { '@a/linux-x64': '2.0.0', fsevents: '~2.3.2' } },
    },
  };
  assert.deepEqual(missingRecords(lock), [
    { place: 'node_modules/@a/darwin-arm64', record: { version: '1.0.0', optional: true, cpu: ['arm64'], os: ['darwin'] } },
    {
      place: 'node_modules/b/node_modules/@a/linux-x64',
      record: { version: '2.0.0', optional: true, cpu: ['x64'], os: ['linux'] },
    },
    { place: 'node_modules/fsevents', record: { version: '2.3.2', optional: true } },
  ]);
});
