/**
 * Serves a built site as a plain static host would: clean addresses, the host headers of `_headers`, the site's own 404.
 *
 * Usage: node src/cli/serve.ts [--port 4321] [--dir dist] [--base /]
 */

import { existsSync, readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import sirv from 'sirv';
import { settings } from '../site/settings.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4321' },
    dir: { type: 'string', default: 'dist' },
    base: { type: 'string', default: settings.basePath },
  },
});
const directory = resolve(values.dir);
const base = values.base;

interface Rule {
  readonly prefix: string;
  /** The rule is for this path alone. */
  readonly exact: boolean;
  readonly headers: readonly (readonly [string, string])[];
}

/** Reads the `_headers` form: an address pattern on a line, its headers indented below. */
function readRules(text: string): Rule[] {
  const rules: { prefix: string; exact: boolean; headers: [string, string][] }[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    if (!line.startsWith(' ')) {
      rules.push({ prefix: line.trim().replace(/\*$/, ''), exact: !line.trim().endsWith('*'), headers: [] });
      continue;
    }
    const [name = '', ...value] = line.trim().split(':');
    rules.at(-1)?.headers.push([name, value.join(':').trim()]);
  }
  return rules;
}

if (!existsSync(`${directory}/index.html`)) {
  console.error(`There is no built site in ${directory}. Build it first: npm run build`);
  process.exit(1);
}
const rules = existsSync(`${directory}/_headers`) ? readRules(readFileSync(`${directory}/_headers`, 'utf8')) : [];
const notFound = existsSync(`${directory}/404.html`) ? readFileSync(`${directory}/404.html`) : 'Not found';

function addHeaders(response: ServerResponse, path: string): void {
  for (const { prefix, exact, headers } of rules) {
    if (exact ? path === prefix : path.startsWith(prefix)) for (const [name, value] of headers) response.setHeader(name, value);
  }
}

const files = sirv(directory, {
  // Look at the folder on each request: a rebuild while serving must not serve half of each.
  dev: true,
  etag: true,
  dotfiles: false,
  setHeaders: (response, path) => {
    addHeaders(response, base.slice(0, -1) + path);
  },
});

const server = createServer((request, response) => {
  const [path = '/', query] = (request.url ?? '/').split('?');
  const refuse = (): void => {
    addHeaders(response, path);
    response.writeHead(404, { 'Content-Type': 'text/html; charset=utf-8' }).end(request.method === 'HEAD' ? undefined : notFound);
  };
  if (!path.startsWith(base)) {
    if (`${path}/` === base || path === '/') response.writeHead(302, { Location: base }).end();
    else refuse();
    return;
  }
  request.url = `/${path.slice(base.length)}${query === undefined ? '' : `?${query}`}`;
  files(request, response, refuse);
});

const wantedPort = Number(values.port);
const TRIES = 50;
if (!Number.isInteger(wantedPort) || wantedPort < 1 || wantedPort > 65535 - TRIES) {
  console.error(`"${values.port}" is no port to serve on: give a whole number from 1 to ${String(65535 - TRIES)}.`);
  process.exit(1);
}
let port = wantedPort;

server.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EADDRINUSE' || port >= wantedPort + TRIES) {
    console.error(`Port ${String(port)} can't be used: ${error.message}`);
    process.exit(1);
  }
  console.log(`Port ${String(port)} is taken; trying ${String(port + 1)}.`);
  port += 1;
  server.listen(port, 'localhost');
});
server.on('listening', () => {
  console.log(`The site is at http://localhost:${String(port)}${base}  (stop with Ctrl+C)`);
});
server.listen(port, 'localhost');
