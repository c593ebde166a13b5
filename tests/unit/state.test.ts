import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { VENDORS } from '../../src/import/device.ts';
import { calculatorData } from '../../src/site/calculator-data.ts';
import type { CalculatorData } from '../../src/tools/calculator/data.ts';
import {
  DEFAULT_STATE,
  LIMITS,
  OFFERED_CACHE_TYPES,
  QUESTIONS,
  readContext,
  readState,
  SYSTEMS,
  TYPED,
  writeState,
  type Chosen,
  type SetUpState,
  type State,
  type Typed,
} from '../../src/tools/calculator/state.ts';

const data = calculatorData() as CalculatorData;
const cards = data.machines.filter(({ memory }) => memory === 'discrete');
const hosts = data.machines.filter(({ memory }) => memory === 'system');

const within = ({ least, most }: { readonly least: number; readonly most: number }): fc.Arbitrary<number> =>
  fc.integer({ min: least, max: most });
const open = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });
const size = (sizes: readonly number[], which: number): number | null =>
  sizes.length > 1 && which > 0 ? (sizes[which % sizes.length] ?? null) : null;

const typed: fc.Arbitrary<Typed> = fc.record(
  {
    vendor: fc.constantFrom(...VENDORS),
    memory: fc.constantFrom('discrete' as const, 'unified' as const, 'system' as const),
    memoryGiB: fc.integer({ min: 1, max: 16_384 }),
    bandwidthGBs: fc.integer({ min: 1, max: 1_000_000 }).map((tenths) => tenths / 10),
    fp16Tflops: open(fc.integer({ min: 1, max: 100_000 })),
  },
  { noNullPrototype: true },
);

const chosen: fc.Arbitrary<Chosen> = fc
  .record({ card: fc.constantFrom(...cards), which: fc.nat(), count: within(LIMITS.count) })
  .map(({ card, which, count }) => ({ id: card.id, memoryGiB: size(card.memoryGiB, which), count }));

const setUp: fc.Arbitrary<SetUpState> = fc
  .record({
    model: fc.constantFrom(...data.models.map(({ id }) => id)),
    quant: fc.constantFrom(...data.quants.map(({ name }) => name)),
    context: within(LIMITS.context),
    cache: fc.constantFrom(...OFFERED_CACHE_TYPES),
    cacheV: open(fc.constantFrom(...OFFERED_CACHE_TYPES)),
    slots: within(LIMITS.slots),
    machine: fc.constantFrom(...data.machines),
    which: fc.nat(),
    count: within(LIMITS.count),
    own: open(typed),
    also: fc.array(chosen, { maxLength: 4 }),
    host: open(fc.constantFrom(...hosts.map(({ id }) => id))),
    hostGiB: open(within(LIMITS.hostGiB)),
    system: fc.constantFrom(...SYSTEMS),
    gpuLayers: open(within(LIMITS.gpuLayers)),
    cpuMoeLayers: open(within(LIMITS.cpuMoeLayers)),
    prompt: within(LIMITS.prompt),
    depth: within(LIMITS.depth),
    flashAttention: fc.boolean(),
    ubatch: within(LIMITS.ubatch),
    tensorParallel: fc.boolean(),
    draft: open(
      fc
        .tuple(fc.constantFrom(...data.models.map(({ id }) => id)), within(LIMITS.draftTokens), within(LIMITS.acceptance))
        .map(([model, tokens, acceptance]) => ({ model, tokens, acceptance })),
    ),
  })
  .map(({ machine, which, own, cache, cacheV, ...rest }) => ({
    ...rest,
    cache,
    cacheV: cacheV === cache ? null : cacheV,
    ...(own === null
      ? { machine: machine.id, memoryGiB: size(machine.memoryGiB, which), typed: null }
      : { machine: TYPED, memoryGiB: null, typed: own }),
  }));

const anyState: fc.Arbitrary<State> = fc
  .record({
    first: setUp,
    question: fc.constantFrom(...QUESTIONS),
    wanted: within(LIMITS.wanted),
    unit: fc.constantFrom('GB' as const, 'GiB' as const),
    others: fc.array(setUp, { maxLength: 3 }),
  })
  .map(({ first, ...rest }) => ({ ...first, ...rest }));

test('an address gives back the state it was made from', () => {
  fc.assert(
    fc.property(anyState, (state) => {
      const address = writeState(state);
      // Four set-ups with everything said are longer than an address may be; nobody has all of it.
      fc.pre(address.length <= 4096);
      assert.deepEqual(readState(address, data), { state, problems: [] });
    }),
  );
});

test('any address at all is read without an exception, and what is wrong is told in short sentences', () => {
  const key = fc.constantFrom(
    'model',
    'quant',
    'ctx',
    'kv',
    'v',
    'machine',
    'mem',
    'n',
    'and',
    'host',
    'ram',
    'os',
    'ngl',
    'ncmoe',
    'own',
    'draft',
    'with',
    'q',
    'want',
    'pp',
    'x',
  );
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom('-5', '1e99', '<script>', '%', 'NaN', 'typed', '~~~', 'rtx-3090*99', 'a~b~c', 'x'.repeat(9999)),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value), { maxLength: 10 }), (parts) => {
      const { state, problems } = readState(`?${parts.map(([name, text]) => `${name}=${text}`).join('&')}`, data);
      for (const each of [state, ...state.others]) {
        assert.ok(data.models.some(({ id }) => id === each.model));
        assert.ok(each.machine === TYPED ? each.typed !== null : data.machines.some(({ id }) => id === each.machine));
        assert.ok(each.context >= LIMITS.context.least && each.context <= LIMITS.context.most);
      }
      for (const problem of problems) assert.ok(problem.length < 200 && problem.endsWith('.'), problem);
    }),
  );
});

interface Kept {
  readonly link: string;
  readonly state: Readonly<Record<string, unknown>>;
}

test('links that were ever shared keep their meaning', () => {
  const links = JSON.parse(readFileSync('tests/fixtures/calculator-links.json', 'utf8')) as Kept[];
  assert.ok(links.length >= 9);
  for (const { link, state } of links) {
    const read = readState(link, data);
    assert.deepEqual(read.problems, [], link);
    const got = Object.fromEntries(Object.entries(read.state).filter(([name]) => name in state));
    assert.deepEqual(got, state, link);
    // And the address they turn into means the same again.
    assert.deepEqual(readState(writeState(read.state), data).state, read.state, link);
  }
});

test('nothing asked is the default, and ids are found in any spelling', () => {
  assert.deepEqual(readState('', data), { state: DEFAULT_STATE, problems: [] });
  assert.equal(readState('?model=Llama-3.1-8B&machine=RTX%203090', data).state.machine, 'rtx-3090');
});

test('a context is read with the marks that people type', () => {
  for (const text of ['32768', '32,768', ' 32 768 ', '32_768']) assert.equal(readContext(text), 32768);
  for (const text of ['', '-5', '1e5', '32k', '255', '99999999999', '8192.5']) assert.equal(readContext(text), null, text);
});
