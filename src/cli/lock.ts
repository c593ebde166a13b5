/**
 * The lock file, made whole. npm leaves out the records of optional packages for other platforms when the registry in
 * use hasn't got them, and then refuses its own lock in `npm ci`. They are never installed here; the lock only has to name them.
 */

/** A package's record in package-lock.json, as far as it matters here. */
export interface LockRecord {
  version?: string;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  optionalDependencies?: Record<string, string>;
}

export interface Lock {
  packages: Record<string, LockRecord>;
}

/** A record that is missing: where it belongs, and what it says. */
export interface MissingRecord {
  readonly place: string;
  readonly record: LockRecord;
}

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

/** The places where Node looks for a package, from that of the package that wants it upwards. */
function places(parent: string, name: string): string[] {
  const found: string[] = [];
  let folder = parent;
  for (;;) {
    found.push(folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`);
    if (folder === '') return found;
    const cut = folder.lastIndexOf('/node_modules/');
    folder = cut === -1 ? '' : folder.slice(0, cut);
  }
}

/** The oldest version that a range like ^1.2.3, ~1.2.3 or 1.2.3 allows. */
function oldestOf(range: string): string {
  const version = /\d+\.\d+\.\d+[\w.+-]*/.exec(range)?.[0];
  if (version === undefined) throw new Error(`The range "${range}" names no full version: complete the lock by hand`);
  return version;
}

function isExact(range: string): boolean {
  return /^\d+\.\d+\.\d+[\w.+-]*$/.test(range);
}

/** What the lock leaves out, in the order of its packages. Shape: package-lock.json of version 3. */
export function missingRecords(lock: Lock): MissingRecord[] {
  const known = new Map(Object.entries(lock.packages));
  const missing: MissingRecord[] = [];
  for (const [parent, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
    for (const [name, range] of Object.entries(optionalDependencies)) {
      const candidates = places(parent, name);
      const nearest = candidates.find((place) => known.has(place));
      const found = nearest === undefined ? undefined : known.get(nearest)?.version;
      if (found !== undefined && (!isExact(range) || found === range)) continue;
      const parts = name.split(/[/-]/);
      const system = SYSTEMS.filter((word) => parts.includes(word));
      const processor = PROCESSORS.filter((word) => parts.includes(word));
      const record: LockRecord = {
        version: oldestOf(range),
        optional: true,
        ...(processor.length > 0 && { cpu: processor }),
        ...(system.length > 0 && { os: system }),
      };
      // At the top if nobody sits there yet, otherwise below the package that wants it.
      const top = `node_modules/${name}`;
      const place = known.has(top) || parent === '' ? (candidates[0] ?? top) : top;
      known.set(place, record);
      missing.push({ place, record });
    }
  }
  return missing;
}
