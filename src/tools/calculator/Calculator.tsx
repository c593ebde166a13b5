import { data } from 'virtual:calculator-data';
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatBytes, formatSpeed } from '../../engine/format.ts';
import { workOut, type Worked } from './answer.ts';
import { earlyChoices, type EarlyChoices } from './early-choices.ts';
import { Field, Options } from './fields.tsx';
import { Result } from './Result.tsx';
import { contextProblem, DEFAULT_STATE, OFFERED_CACHE_TYPES, readContext, readState, writeState, type State } from './state.ts';

const CONTEXTS = [2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072];

const KIND_NAMES: Readonly<Record<string, string>> = {
  gpu: 'Graphics cards',
  'laptop-gpu': 'Laptop graphics',
  'workstation-gpu': 'Workstation cards',
  accelerator: 'Data-centre cards',
  soc: 'Unified memory and integrated graphics',
  board: 'Small boards',
  phone: 'Phones',
  'cpu-platform': 'CPU and memory modules',
};

const FAMILY = ({ family }: { readonly family: string }): string => family;
const modelGroups = Map.groupBy(
  data.models.filter(({ historical }) => historical !== true),
  FAMILY,
);

/** The models on offer, and the chosen one where it is no longer offered. */
function offeredModels(chosen: string): ReadonlyMap<string, readonly (typeof data.models)[number][]> {
  const model = data.models.find(({ id }) => id === chosen);
  if (model?.historical !== true) return modelGroups;
  return Map.groupBy(
    data.models.filter(({ historical, id }) => historical !== true || id === chosen),
    FAMILY,
  );
}

const machineGroups = Map.groupBy(data.machines, ({ kind }) => KIND_NAMES[kind] ?? kind);

/** How long a change must settle before the address and the announcement follow, milliseconds. */
const SETTLE = 400;

/** What a screen reader is told once a change has settled. */
function announcement(worked: Worked): string {
  const { answer, machine, main, model } = worked;
  const fit = answer.fits === null ? 'needs' : answer.fits ? 'fits and needs' : 'does not fit and needs';
  return `${model.name} on ${machine.name}: ${fit} ${formatBytes(main.totalBytes)}, about ${formatSpeed(answer.decode.tokensPerSecond)}.`;
}

export default function Calculator(): JSX.Element {
  const [state, setState] = useState<State>(DEFAULT_STATE);
  const [contextText, setContextText] = useState(String(DEFAULT_STATE.context));
  const [problems, setProblems] = useState<readonly string[]>([]);
  const [said, setSaid] = useState('');
  const root = useRef<HTMLDivElement>(null);
  const changedByHand = useRef(false);
  // During the first rendering, because that one sets the fields to the state.
  const [early] = useState(earlyChoices);

  const adopt = (search: string, chosen?: EarlyChoices): void => {
    const read = readState(search, data);
    const next = { ...read.state, ...chosen?.state };
    setState(next);
    setContextText(chosen?.contextText ?? String(next.context));
    setProblems(read.problems);
  };

  // The built page shows the default; what the address asks for can only be read in the browser.
  useEffect(() => {
    changedByHand.current = Object.keys(early.state).length > 0;
    if (location.search !== '' || changedByHand.current || early.contextText !== null) adopt(location.search, early);
    root.current?.setAttribute('data-ready', '');
    const onMove = (): void => {
      changedByHand.current = false;
      adopt(location.search);
    };
    addEventListener('popstate', onMove);
    return () => {
      removeEventListener('popstate', onMove);
    };
  }, []);

  const outcome = useMemo(() => workOut(state, data), [state]);
  const lastGood = useRef<Worked | null>(null);
  if ('answer' in outcome) lastGood.current = outcome;
  const shown = lastGood.current;
  const contextIsBad = readContext(contextText) === null;

  // Address and announcement follow once typing has settled: browsers limit how often an address may change.
  useEffect(() => {
    if (!changedByHand.current) return undefined;
    const timer = setTimeout(() => {
      const address = location.pathname + writeState(state);
      if (address !== location.pathname + location.search) history.pushState(null, '', address);
      if ('answer' in outcome) setSaid(announcement(outcome));
      else setSaid(outcome.problem);
    }, SETTLE);
    return () => {
      clearTimeout(timer);
    };
  }, [state, outcome]);

  const change = (part: Partial<State>): void => {
    changedByHand.current = true;
    setProblems([]);
    setState({ ...state, ...part });
  };
  const typeContext = (text: string): void => {
    setContextText(text);
    const context = readContext(text);
    if (context !== null) change({ context });
  };

  const machine = data.machines.find(({ id }) => id === state.machine);
  const sizes = machine?.memoryGiB ?? [];
  const model = data.models.find(({ id }) => id === state.model);
  const beyond = model !== undefined && state.context > (model.contextExtended ?? model.contextNative);

  return (
    <div class="calculator not-content" ref={root}>
      <form
        class="fields"
        aria-label="What to calculate"
        // A browser that fills in what stood here on an earlier visit would speak against the address.
        autocomplete="off"
        onSubmit={(event) => {
          event.preventDefault();
        }}
      >
        <Field id="calc-model" label="Model">
          <select
            id="calc-model"
            value={state.model}
            onChange={(event) => {
              change({ model: event.currentTarget.value });
            }}
          >
            <Options groups={offeredModels(state.model)} selected={state.model} />
          </select>
        </Field>
        <Field id="calc-quant" label="Quantization" help={data.quants.find(({ name }) => name === state.quant)?.summary}>
          <select
            id="calc-quant"
            aria-describedby="calc-quant-help"
            value={state.quant}
            onChange={(event) => {
              change({ quant: event.currentTarget.value });
            }}
          >
            {data.quants.map(({ name }) => (
              <option value={name} selected={name === state.quant}>
                {name}
              </option>
            ))}
          </select>
        </Field>
        <Field
          id="calc-context"
          label="Context, tokens"
          problem={contextIsBad ? `${contextProblem} The result is still that of ${state.context.toLocaleString('en-GB')}.` : undefined}
          help={
            beyond
              ? `Longer than ${model.name} was made for (${(model.contextExtended ?? model.contextNative).toLocaleString('en-GB')}).`
              : 'Prompt and answer together.'
          }
        >
          <input
            id="calc-context"
            type="text"
            inputMode="numeric"
            autocomplete="off"
            list="calc-contexts"
            maxLength={12}
            aria-describedby="calc-context-help"
            aria-invalid={contextIsBad}
            value={contextText}
            onInput={(event) => {
              typeContext(event.currentTarget.value);
            }}
          />
          <datalist id="calc-contexts">
            {CONTEXTS.map((tokens) => (
              <option value={String(tokens)} />
            ))}
          </datalist>
        </Field>
        <Field id="calc-cache" label="KV cache type">
          <select
            id="calc-cache"
            value={state.cache}
            onChange={(event) => {
              const cache = OFFERED_CACHE_TYPES.find((type) => type === event.currentTarget.value);
              if (cache !== undefined) change({ cache });
            }}
          >
            {OFFERED_CACHE_TYPES.map((type) => (
              <option value={type} selected={type === state.cache}>
                {type}
              </option>
            ))}
          </select>
        </Field>
        <Field id="calc-machine" label="Machine">
          <select
            id="calc-machine"
            value={state.machine}
            onChange={(event) => {
              change({ machine: event.currentTarget.value, memoryGiB: null });
            }}
          >
            <Options groups={machineGroups} selected={state.machine} />
          </select>
        </Field>
        {sizes.length > 1 && (
          <Field id="calc-memory" label="Its memory, GiB">
            <select
              id="calc-memory"
              value={String(state.memoryGiB ?? sizes.at(-1))}
              onChange={(event) => {
                change({ memoryGiB: Number(event.currentTarget.value) });
              }}
            >
              {sizes.map((size) => (
                <option value={String(size)} selected={size === (state.memoryGiB ?? sizes.at(-1))}>
                  {size}
                </option>
              ))}
            </select>
          </Field>
        )}
      </form>

      {problems.length > 0 && (
        <ul class="problems" role="alert">
          {problems.map((problem) => (
            <li>{problem}</li>
          ))}
        </ul>
      )}
      {'problem' in outcome && (
        <p class="problems" role="alert">
          {outcome.problem} Below is the last result that could be worked out.
        </p>
      )}
      {shown !== null && <Result worked={shown} />}
      <p class="visually-hidden" role="status" data-announcement>
        {said}
      </p>
    </div>
  );
}
