import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { EngineError } from '../../engine/errors.ts';
import { formatBytes, formatRate, type SizeUnit } from '../../engine/format.ts';
import type { Verdict } from '../../engine/room.ts';
import type { CalculatorData, CalculatorMachine, ModelRow } from './data.ts';
import { Select, Whole } from './fields.tsx';
import { isHopeless, linesOf, LISTED_TYPES, listSetUp, machineLine, type MachineLine, type ModelLine, type TypeChoice } from './lists.ts';
import { writeState, type SetUpState, type State } from './state.ts';

const VERDICTS: Readonly<Record<Verdict, string>> = {
  fits: 'fits',
  tight: 'tight',
  'needs-setting': 'after a setting',
  spills: 'spills',
  'too-large': 'too large',
};

/** Lines that fill a screen. */
const SCREENFUL = 25;

/** How long a piece of a list may take before the page gets its turn, milliseconds. */
const PIECE = 10;

/**
 * Asks a question of many things without holding up the page: in pieces, the last result shown until the next is whole.
 *
 * @param key changes when the question does
 */
function useInPieces<T, R>(
  things: readonly T[],
  ask: (thing: T) => readonly R[],
  key: string,
): { readonly found: readonly R[]; readonly done: boolean } {
  const [result, setResult] = useState<{ readonly found: readonly R[]; readonly done: boolean }>({ found: [], done: false });
  useEffect(() => {
    let stopped = false;
    const found: R[] = [];
    let at = 0;
    // The first lines as soon as they fill a screen, the rest when it is whole: each showing costs a sorting.
    let early = false;
    const piece = (): void => {
      if (stopped) return;
      const end = performance.now() + PIECE;
      while (at < things.length && performance.now() < end) {
        const thing = things[at++];
        if (thing !== undefined) found.push(...ask(thing));
      }
      if (at >= things.length) setResult({ found, done: true });
      else {
        if (!early && found.length >= SCREENFUL) {
          early = true;
          setResult({ found: [...found], done: false });
        }
        setTimeout(piece, 0);
      }
    };
    piece();
    return () => {
      stopped = true;
    };
  }, [key]);
  return result;
}

interface Column<R> {
  readonly key: string;
  readonly name: string;
  readonly figure?: true;
  readonly sort: (line: R) => number | string;
  readonly cell: (line: R) => JSX.Element | string;
}

const PAGE = 50;

/** A table of lines that sorts by any column and grows by fifty rows at a time. */
function LineTable<R>({
  lines,
  columns,
  caption,
  keyOf,
  first,
}: {
  readonly lines: readonly R[];
  readonly columns: readonly Column<R>[];
  readonly caption: string;
  readonly keyOf: (line: R) => string;
  readonly first: string;
}): JSX.Element {
  const [order, setOrder] = useState<{ readonly key: string; readonly down: boolean }>({ key: first, down: true });
  const [shown, setShown] = useState(PAGE);
  const sorted = useMemo(() => {
    const column = columns.find(({ key }) => key === order.key);
    if (column === undefined) return lines;
    const sign = order.down ? -1 : 1;
    return [...lines].sort((a, b) => {
      const [x, y] = [column.sort(a), column.sort(b)];
      return sign * (typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y), 'en', { numeric: true }));
    });
  }, [lines, order, columns]);
  return (
    <>
      <div class="scroll" role="group" aria-label={caption} tabIndex={0}>
        <table class="lines">
          <caption class="visually-hidden">{caption}</caption>
          <thead>
            <tr>
              {columns.map(({ key, name, figure }) => (
                <th
                  scope="col"
                  class={figure === true ? 'figure' : undefined}
                  aria-sort={order.key === key ? (order.down ? 'descending' : 'ascending') : undefined}
                >
                  <button
                    type="button"
                    class="sort"
                    onClick={() => {
                      setOrder({ key, down: order.key === key ? !order.down : figure === true });
                      setShown(PAGE);
                    }}
                  >
                    {name}
                    <span aria-hidden="true">{order.key === key ? (order.down ? ' ↓' : ' ↑') : ''}</span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, shown).map((line) => (
              <tr key={keyOf(line)}>
                {columns.map(({ key, figure, cell }, index) =>
                  index === 0 ? (
                    <th scope="row" key={key}>
                      {cell(line)}
                    </th>
                  ) : (
                    <td key={key} class={figure === true ? 'figure' : undefined}>
                      {cell(line)}
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {sorted.length > shown && (
        <button
          type="button"
          class="plain"
          onClick={() => {
            setShown(shown + PAGE);
          }}
        >
          Show {Math.min(PAGE, sorted.length - shown)} more of {sorted.length - shown}
        </button>
      )}
    </>
  );
}

const range = ({ low, high }: { readonly low: number; readonly high: number }): string => `${formatRate(low)}–${formatRate(high)}`;

/** What comes out of either question: memory and both speeds. */
function answerColumns<R extends Pick<ModelLine, 'totalBytes' | 'decode' | 'prefill'>>(unit: SizeUnit): readonly Column<R>[] {
  return [
    {
      key: 'size',
      name: 'Needs',
      figure: true,
      sort: ({ totalBytes }) => totalBytes,
      cell: ({ totalBytes }) => formatBytes(totalBytes, unit),
    },
    {
      key: 'speed',
      name: 'Writes, tokens/s',
      figure: true,
      sort: ({ decode }) => decode.tokensPerSecond,
      cell: ({ decode }) => range(decode),
    },
    {
      key: 'prompt',
      name: 'Reads, tokens/s',
      figure: true,
      sort: ({ prefill }) => prefill.tokensPerSecond,
      cell: ({ prefill }) => range(prefill),
    },
  ];
}

interface ListProps {
  readonly state: State;
  readonly data: CalculatorData;
  readonly unit: SizeUnit;
  readonly onOpen: (change: Partial<SetUpState>) => void;
}

type Fit = 'fits' | 'maybe' | 'all';
type Kind = 'all' | 'thinking' | 'instruct' | 'base' | 'pictures' | 'mixture' | 'dense';

function isKind({ kind, inputs, shape }: ModelRow, wanted: Kind): boolean {
  switch (wanted) {
    case 'all':
      return true;
    case 'thinking':
      return kind === 'thinking' || kind === 'hybrid-thinking';
    case 'instruct':
    case 'base':
      return kind === wanted;
    case 'pictures':
      return inputs.includes('image');
    case 'mixture':
      return shape.experts !== null;
    case 'dense':
      return shape.experts === null;
  }
}

/** What can I run? A machine, and every model on it. */
export function WhatRuns({ state, data, unit, onOpen }: ListProps): JSX.Element {
  const [types, setTypes] = useState<TypeChoice>('best');
  const [fit, setFit] = useState<Fit>('fits');
  const [kind, setKind] = useState<Kind>('all');
  const [business, setBusiness] = useState<'any' | 'yes'>('any');
  const [words, setWords] = useState('');
  const [least, setLeast] = useState<number | null>(null);
  // The largest first, because the table begins with them.
  const models = useMemo(
    () => data.models.filter(({ historical }) => historical !== true).sort((a, b) => b.paramsTextB - a.paramsTextB),
    [data],
  );
  const bits = useMemo(() => new Map(data.quants.map((quant) => [quant.name, quant.bits])), [data]);
  let problem: string | null = null;
  let target: ReturnType<typeof listSetUp> | null = null;
  try {
    target = listSetUp(state, data);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    problem = error.message;
  }
  const setUp = target?.setUp ?? null;
  // Models that can't fit are worked out only when somebody wants to see them.
  const asks = useMemo(
    () => (fit === 'all' || setUp === null ? models : models.filter((model) => !isHopeless(model, state, setUp, bits))),
    [models, fit, state, setUp, bits],
  );
  const key = `${fit === 'all' ? 'all' : 'some'} ${types} ${writeState({ ...state, model: '', quant: '', question: 'run', others: [], wanted: 1 })}`;
  const { found, done } = useInPieces(
    asks,
    (model): readonly ModelLine[] => (setUp === null ? [] : linesOf(model, state, setUp, types, bits)),
    key,
  );
  const asked = words.toLowerCase().split(/\s+/).filter(Boolean);
  const lines = found.filter(
    ({ model, verdict, decode, quant }) =>
      (fit === 'all' ||
        verdict === null ||
        verdict === 'fits' ||
        (fit === 'maybe' && (verdict === 'tight' || verdict === 'needs-setting'))) &&
      isKind(model, kind) &&
      (business === 'any' || model.commercial === 'yes') &&
      (least === null || decode.tokensPerSecond >= least) &&
      asked.every((word) => `${model.name} ${model.family} ${quant} ${model.licence}`.toLowerCase().includes(word)),
  );
  const columns: readonly Column<ModelLine>[] = useMemo(
    () => [
      {
        key: 'model',
        name: 'Model',
        sort: ({ model }) => model.name,
        cell: ({ model, quant }) => (
          <button
            type="button"
            class="plain"
            onClick={() => {
              onOpen({ model: model.id, quant });
            }}
          >
            {model.name}
          </button>
        ),
      },
      {
        key: 'quant',
        name: 'File type',
        sort: ({ quant }) => LISTED_TYPES.findIndex((type) => type === quant),
        cell: ({ quant }) => quant,
      },
      {
        key: 'fit',
        name: 'Fit',
        sort: ({ verdict }) => VERDICTS[verdict ?? 'fits'],
        cell: ({ verdict }) => (verdict === null ? 'if fitted' : VERDICTS[verdict]),
      },
      {
        key: 'params',
        name: 'Billion',
        figure: true,
        sort: ({ model }) => model.paramsTextB,
        cell: ({ model }) =>
          model.paramsActiveB < model.paramsTextB * 0.9
            ? `${model.paramsTextB.toFixed(1)} (${model.paramsActiveB.toFixed(1)})`
            : model.paramsTextB.toFixed(1),
      },
      ...answerColumns<ModelLine>(unit),
      {
        key: 'context',
        name: 'Made for, tokens',
        figure: true,
        sort: ({ model }) => model.contextNative,
        cell: ({ model }) => model.contextNative.toLocaleString('en-GB'),
      },
      { key: 'licence', name: 'Licence', sort: ({ model }) => model.licence, cell: ({ model }) => model.licence },
    ],
    [unit, onOpen],
  );
  return (
    <section class="result" aria-label="What can I run?">
      <h2 id="result" class="headline" data-headline>
        {problem ??
          (done
            ? `${lines.length.toLocaleString('en-GB')} of ${models.length.toLocaleString('en-GB')} models on ${target?.name ?? ''}, with ${state.context.toLocaleString('en-GB')} tokens of context.`
            : 'Working it out …')}
      </h2>
      <div class="fields narrow">
        <div class="field">
          <label for="list-words">Name, family, licence</label>
          <input
            id="list-words"
            type="search"
            autocomplete="off"
            value={words}
            onInput={(event) => {
              setWords(event.currentTarget.value);
            }}
          />
        </div>
        <Select
          id="list-types"
          label="File types"
          value={types}
          options={[['best', 'the best that fits'], ...LISTED_TYPES.map((type) => [type, type] as const), ['all', 'all of these']]}
          onChoose={setTypes}
        />
        <Select
          id="list-fit"
          label="Fit"
          value={fit}
          options={[
            ['fits', 'fits well'],
            ['maybe', 'fits somehow'],
            ['all', 'all'],
          ]}
          onChoose={setFit}
        />
        <Select
          id="list-kind"
          label="Kind"
          value={kind}
          options={[
            ['all', 'all'],
            ['thinking', 'can think'],
            ['instruct', 'instruct'],
            ['base', 'base'],
            ['pictures', 'reads pictures'],
            ['mixture', 'mixture of experts'],
            ['dense', 'dense'],
          ]}
          onChoose={setKind}
        />
        <Select
          id="list-business"
          label="Licence"
          value={business}
          options={[
            ['any', 'any'],
            ['yes', 'commercial use allowed'],
          ]}
          onChoose={setBusiness}
        />
        <Whole id="list-least" field="wanted" label="At least, tokens/s" open="any" value={least} onValue={setLeast} />
      </div>
      <LineTable
        lines={lines}
        columns={columns}
        caption="Models on this machine"
        keyOf={({ model, quant }) => `${model.id} ${quant}`}
        first="params"
      />
    </section>
  );
}

/** What do I need? A model and a speed, and every machine that does it. */
export function WhatNeeds({
  state,
  data,
  unit,
  onOpen,
  onWanted,
}: ListProps & { readonly onWanted: (wanted: number) => void }): JSX.Element {
  const [kind, setKind] = useState('all');
  const model = data.models.find(({ id }) => id === state.model);
  const key = writeState({ ...state, machine: '', typed: null, also: [], count: 1, memoryGiB: null, question: 'run', others: [] });
  const { found, done } = useInPieces(
    data.machines,
    (machine: CalculatorMachine): readonly MachineLine[] => {
      if (model === undefined) return [];
      try {
        const line = machineLine(machine, model, state, state.wanted);
        return line === null ? [] : [line];
      } catch (error) {
        if (error instanceof EngineError) return [];
        throw error;
      }
    },
    key,
  );
  const kinds = [...new Set(found.map(({ machine }) => machine.kind))];
  const lines = found.filter(({ machine }) => kind === 'all' || machine.kind === kind);
  const columns: readonly Column<MachineLine>[] = useMemo(
    () => [
      {
        key: 'machine',
        name: 'Machine',
        sort: ({ machine }) => machine.name,
        cell: ({ machine, memoryGiB, count }) => (
          <button
            type="button"
            class="plain"
            onClick={() => {
              onOpen({ machine: machine.id, memoryGiB, count, typed: null, also: [] });
            }}
          >
            {count > 1 ? `${String(count)} × ` : ''}
            {machine.name}
            {memoryGiB === null ? '' : `, ${String(memoryGiB)} GiB`}
          </button>
        ),
      },
      {
        key: 'watts',
        name: 'Rated watts',
        figure: true,
        sort: ({ watts }) => watts ?? Infinity,
        cell: ({ watts }) => (watts === null ? 'not known' : watts.toLocaleString('en-GB')),
      },
      ...answerColumns<MachineLine>(unit),
      {
        key: 'efficiency',
        name: 'Tokens a joule, rated',
        figure: true,
        sort: ({ watts, decode }) => (watts === null ? -1 : decode.tokensPerSecond / watts),
        cell: ({ watts, decode }) => (watts === null ? 'not known' : (decode.tokensPerSecond / watts).toFixed(2)),
      },
    ],
    [unit, onOpen],
  );
  return (
    <section class="result" aria-label="What do I need?">
      <h2 id="result" class="headline" data-headline>
        {done
          ? `${lines.length.toLocaleString('en-GB')} machines write ${model?.name ?? ''} at ${state.quant} with ${state.wanted.toLocaleString('en-GB')} tokens/s or more.`
          : 'Working it out …'}
      </h2>
      <div class="fields narrow">
        <Whole
          id="need-wanted"
          field="wanted"
          label="Speed wanted, tokens/s"
          value={state.wanted}
          onValue={(wanted) => {
            if (wanted !== null) onWanted(wanted);
          }}
        />
        <Select
          id="need-kind"
          label="Kind of machine"
          value={kind}
          options={[['all', 'all'], ...kinds.map((name) => [name, name.replaceAll('-', ' ')] as const)]}
          onChoose={setKind}
        />
      </div>
      <p class="basis">
        Each in the least memory that holds the model with room to spare; two of the same card where one does not. Prices are left out: they
        age by the week.
      </p>
      <LineTable
        lines={lines}
        columns={columns}
        caption="Machines for this model"
        keyOf={({ machine, count }) => `${machine.id} ${String(count)}`}
        first="speed"
      />
    </section>
  );
}
