import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';

test('a taken port gives the next free one, said in a line, and one address that answers', async () => {
  const other = createServer((_, response) => response.end('somebody else'));
  await new Promise<void>((resolve) => other.listen(0, 'localhost', resolve));
  const { port } = other.address() as AddressInfo;
  const server = spawn(process.execPath, ['src/cli/serve.ts', '--port', String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    let output = '';
    for await (const data of server.stdout) {
      output += String(data);
      if (output.includes('The site is at')) break;
    }
    assert.match(output, new RegExp(`^Port ${String(port)} is taken; trying ${String(port + 1)}\\.$`, 'm'));
    const addresses = [...output.matchAll(/The site is at (\S+)/g)].map(([, address = '']) => address);
    assert.equal(addresses.length, 1, output);
    const answer = await fetch(addresses[0] ?? '');
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-security-policy') ?? '', /default-src/);
    assert.equal((await fetch(`${addresses[0] ?? ''}no-such-page/`)).status, 404);
  } finally {
    server.kill();
    other.close();
    other.closeAllConnections();
  }
});

test('a port that is none is answered with a sentence', () => {
  const { status, stderr } = spawnSync(process.execPath, ['src/cli/serve.ts', '--port', 'abc'], { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /"abc" is no port to serve on/);
});
