import type { JSX } from 'preact';
import { memo } from 'preact/compat';
import { useMemo } from 'preact/hooks';
import { isCacheType, type CacheType } from '../../engine/ggml-types.ts';
import type { Vendor } from '../../import/device.ts';
import type { Imported } from './answer.ts';
import type { CalculatorData, CalculatorMachine } from './data.ts';
import { Check, Field, Options, Select, Whole, type Named } from './fields.tsx';
import {
  DEFAULT_TYPED,
  OFFERED_CACHE_TYPES,
  readPositive,
  TYPED,
  type Question,
  type SetUpState,
  type System,
  type Typed,
} from './state.ts';

const CONTEXTS = [2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144];
const PROMPTS = [128, 512, 2048, 8192, 32_768];

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

const SYSTEM_NAMES: readonly (readonly [System, string])[] = [
  ['linux', 'Linux'],
  ['windows', 'Windows'],
  ['macos', 'macOS'],
];
const VENDOR_NAMES: readonly (readonly [Vendor, string])[] = [
  ['nvidia', 'NVIDIA'],
  ['amd', 'AMD'],
  ['intel', 'Intel'],
  ['apple', 'Apple'],
  ['qualcomm', 'Qualcomm'],
  ['cpu', 'A processor of any maker'],
];
const MEMORY_NAMES: readonly (readonly [Typed['memory'], string])[] = [
  ['discrete', 'Its own, on a card'],
  ['unified', 'Shared with the CPU'],
  ['system', 'Modules of the CPU'],
];

/** The lists to choose from, made once. */
export interface Lists {
  readonly models: ReadonlyMap<string, readonly Named[]>;
  readonly machines: ReadonlyMap<string, readonly Named[]>;
  readonly cards: ReadonlyMap<string, readonly Named[]>;
  readonly hosts: ReadonlyMap<string, readonly Named[]>;
}

export function listsOf({ models, machines }: CalculatorData): Lists {
  const kind = ({ kind: name }: CalculatorMachine): string => KIND_NAMES[name] ?? name;
  return {
    models: Map.groupBy(
      models.filter(({ historical }) => historical !== true),
      ({ family }) => family,
    ),
    machines: new Map<string, readonly Named[]>([
      ...Map.groupBy(machines, kind),
      ['Not in the list', [{ id: TYPED, name: 'My own figures …' }]],
    ]),
    cards: Map.groupBy(
      machines.filter(({ memory }) => memory === 'discrete'),
      kind,
    ),
    hosts: Map.groupBy(
      machines.filter(({ kind: name }) => name === 'cpu-platform'),
      kind,
    ),
  };
}

/** The list without all but the chosen one, which is all that the built page holds: the whole would weigh as much as the page. */
export function onlyChosen(
  groups: ReadonlyMap<string, readonly Named[]>,
  chosen: string,
  all: readonly Named[],
): ReadonlyMap<string, readonly Named[]> {
  for (const [group, items] of groups) {
    const found = items.find(({ id }) => id === chosen);
    if (found !== undefined) return new Map([[group, [found]]]);
  }
  return new Map([['Other', all.filter(({ id }) => id === chosen)]]);
}

interface FormProps {
  readonly state: SetUpState;
  readonly question: Question;
  readonly data: CalculatorData;
  readonly lists: Lists;
  /** Whether the program runs in a browser yet. */
  readonly live: boolean;
  readonly imported: Imported | null;
  readonly onChange: (change: Partial<SetUpState>) => void;
  /** What ids begin with: the form stands on a page more than once in a comparison. */
  readonly prefix: string;
}

/** The fields of one set-up. */
export const SetUpForm = memo(function SetUpForm({
  state,
  question,
  data,
  lists,
  live,
  imported,
  onChange,
  prefix,
}: FormProps): JSX.Element {
  const id = (name: string): string => `${prefix}-${name}`;
  const machine = data.machines.find((candidate) => candidate.id === state.machine);
  const model = data.models.find((candidate) => candidate.id === state.model);
  const sizes = machine?.memoryGiB ?? [];
  const isTyped = state.machine === TYPED;
  const memory = isTyped ? state.typed?.memory : machine?.memory;
  const isCard = memory === 'discrete';
  const most = model === undefined ? null : (model.contextExtended ?? model.contextNative);
  const asksModel = question !== 'what-runs';
  const asksMachine = question !== 'what-needs';
  const historical = model?.historical === true ? model : null;
  const modelGroups = useMemo(() => {
    const groups = historical === null ? lists.models : new Map([...lists.models, ['Historical', [historical]]]);
    return live ? groups : onlyChosen(groups, state.model, data.models);
  }, [live, lists, historical, live ? '' : state.model]);
  const machineGroups = useMemo(
    () => (live ? lists.machines : onlyChosen(lists.machines, state.machine, data.machines)),
    [live, lists, live ? '' : state.machine],
  );
  return (
    <>
      {asksModel && (
        <>
          <Field
            id={id('model')}
            label="Model"
            help={imported === null ? undefined : `Instead, ${imported.name} is shown, which was read from a file.`}
          >
            <select
              id={id('model')}
              aria-describedby={id('model-help')}
              value={state.model}
              onChange={(event) => {
                onChange({ model: event.currentTarget.value });
              }}
            >
              <Options groups={modelGroups} selected={live ? null : state.model} />
            </select>
          </Field>
          <Field id={id('quant')} label="Quantization" help={data.quants.find(({ name }) => name === state.quant)?.summary}>
            <select
              id={id('quant')}
              aria-describedby={id('quant-help')}
              value={state.quant}
              disabled={imported?.workload != null}
              onChange={(event) => {
                onChange({ quant: event.currentTarget.value });
              }}
            >
              {data.quants.map(({ name }) => (
                <option value={name} selected={name === state.quant}>
                  {name}
                </option>
              ))}
            </select>
          </Field>
        </>
      )}
      <Whole
        id={id('context')}
        field="context"
        label="Context, tokens"
        help={
          asksModel && most !== null && state.context > most
            ? `Longer than ${model?.name ?? 'the model'} was made for (${most.toLocaleString('en-GB')}).`
            : 'Prompt and answer together.'
        }
        value={state.context}
        suggestions={CONTEXTS}
        onValue={(context) => {
          if (context !== null) onChange({ context });
        }}
      />
      <Select
        id={id('cache')}
        label="KV cache type"
        value={OFFERED_CACHE_TYPES.find((type) => type === state.cache) ?? 'f16'}
        options={OFFERED_CACHE_TYPES.map((type) => [type, type] as const)}
        onChoose={(cache) => {
          onChange({ cache });
        }}
      />
      {asksMachine && (
        <>
          <Field id={id('machine')} label="Machine">
            <select
              id={id('machine')}
              value={state.machine}
              onChange={(event) => {
                const chosen = event.currentTarget.value;
                onChange({ machine: chosen, memoryGiB: null, typed: chosen === TYPED ? (state.typed ?? DEFAULT_TYPED) : null });
              }}
            >
              <Options groups={machineGroups} selected={live ? null : state.machine} />
            </select>
          </Field>
          {sizes.length > 1 && (
            <Select
              id={id('memory')}
              label="Its memory, GiB"
              value={String(state.memoryGiB ?? sizes.at(-1))}
              options={sizes.map((size) => [String(size), String(size)] as const)}
              onChoose={(size) => {
                onChange({ memoryGiB: Number(size) });
              }}
            />
          )}
          {isCard && (
            <Whole
              id={id('count')}
              field="count"
              label="How many"
              help="Layers are shared by memory."
              value={state.count}
              onValue={(count) => {
                if (count !== null) onChange({ count });
              }}
            />
          )}
          {isTyped && state.typed !== null && <TypedFields typed={state.typed} onChange={onChange} id={id} />}
        </>
      )}
    </>
  );
});

function TypedFields({
  typed,
  onChange,
  id,
}: {
  readonly typed: Typed;
  readonly onChange: FormProps['onChange'];
  readonly id: (name: string) => string;
}): JSX.Element {
  const put = (part: Partial<Typed>): void => {
    onChange({ typed: { ...typed, ...part } });
  };
  return (
    <>
      <Select
        id={id('vendor')}
        label="Maker"
        value={typed.vendor}
        options={VENDOR_NAMES}
        onChoose={(vendor) => {
          put({ vendor });
        }}
      />
      <Select
        id={id('kind')}
        label="Kind of memory"
        value={typed.memory}
        options={MEMORY_NAMES}
        onChoose={(memory) => {
          put({ memory });
        }}
      />
      <Positive
        id={id('gib')}
        label="Memory, GiB"
        most={16_384}
        value={typed.memoryGiB}
        onValue={(memoryGiB) => {
          if (memoryGiB !== null) put({ memoryGiB });
        }}
      />
      <Positive
        id={id('bandwidth')}
        label="Bandwidth, GB/s"
        most={100_000}
        value={typed.bandwidthGBs}
        onValue={(bandwidthGBs) => {
          if (bandwidthGBs !== null) put({ bandwidthGBs });
        }}
      />
      <Positive
        id={id('tflops')}
        label="FP16 matrix rate, TFLOPS"
        open="not known"
        most={100_000}
        value={typed.fp16Tflops}
        onValue={(fp16Tflops) => {
          put({ fp16Tflops });
        }}
      />
    </>
  );
}

interface PositiveProps {
  readonly id: string;
  readonly label: string;
  readonly most: number;
  readonly value: number | null;
  readonly open?: string;
  readonly onValue: (value: number | null) => void;
}

/** A number above 0, with a fraction where wanted. */
function Positive({ id, label, most, value, open, onValue }: PositiveProps): JSX.Element {
  return (
    <Field id={id} label={label} help={`Above 0, at most ${most.toLocaleString('en-GB')}.`}>
      <input
        id={id}
        type="text"
        inputMode="decimal"
        autocomplete="off"
        maxLength={12}
        placeholder={open}
        aria-describedby={`${id}-help`}
        defaultValue={value === null ? '' : String(value)}
        onInput={(event) => {
          const field = event.currentTarget;
          const number = readPositive(field.value, most);
          const isOpen = field.value.trim() === '' && open !== undefined;
          field.setAttribute('aria-invalid', String(number === null && !isOpen));
          if (number !== null || isOpen) onValue(number);
        }}
      />
    </Field>
  );
}

/** Fields that most people leave alone. */
export function MoreFields({ state, data, lists, live, onChange, prefix }: Omit<FormProps, 'question' | 'imported'>): JSX.Element {
  const id = (name: string): string => `${prefix}-${name}`;
  const machine = data.machines.find((candidate) => candidate.id === state.machine);
  const isCard = (state.machine === TYPED ? state.typed?.memory : machine?.memory) === 'discrete';
  const also = state.also[0];
  const cards = state.count + state.also.reduce((sum, { count }) => sum + count, 0);
  const valueTypes: readonly (readonly ['same' | CacheType, string])[] = [
    ['same', 'as the keys'],
    ...OFFERED_CACHE_TYPES.map((type) => [type, type] as const),
  ];
  return (
    <div class="fields">
      <Whole
        id={id('prompt')}
        field="prompt"
        label="Prompt to read, tokens"
        help="For the time to the first word."
        value={state.prompt}
        suggestions={PROMPTS}
        onValue={(prompt) => {
          if (prompt !== null) onChange({ prompt });
        }}
      />
      <Whole
        id={id('depth')}
        field="depth"
        label="Tokens already in the context"
        help="Writing slows down as they grow."
        value={state.depth}
        onValue={(depth) => {
          if (depth !== null) onChange({ depth });
        }}
      />
      <Whole
        id={id('slots')}
        field="slots"
        label="Slots"
        help="Conversations at once; they share the context."
        value={state.slots}
        onValue={(slots) => {
          if (slots !== null) onChange({ slots });
        }}
      />
      <Select
        id={id('cache-v')}
        label="KV cache type, values"
        value={state.cacheV ?? 'same'}
        options={valueTypes}
        onChoose={(type) => {
          onChange({ cacheV: isCacheType(type) && type !== state.cache ? type : null });
        }}
      />
      <Select
        id={id('system')}
        label="System"
        value={state.system}
        options={SYSTEM_NAMES}
        onChoose={(system) => {
          onChange({ system });
        }}
      />
      {isCard && (
        <>
          <Field id={id('also')} label="Another kind of card beside it">
            <select
              id={id('also')}
              value={also?.id ?? ''}
              onChange={(event) => {
                const chosen = event.currentTarget.value;
                onChange({ also: chosen === '' ? [] : [{ id: chosen, memoryGiB: null, count: also?.count ?? 1 }] });
              }}
            >
              <option value="">none</option>
              {live && <Options groups={lists.cards} selected={null} />}
            </select>
          </Field>
          {also !== undefined && (
            <Whole
              id={id('also-count')}
              field="count"
              label="How many of those"
              value={also.count}
              onValue={(count) => {
                if (count !== null) onChange({ also: [{ ...also, count }, ...state.also.slice(1)] });
              }}
            />
          )}
          <Field id={id('host')} label="Processor and memory around it" help="Does what is not on the card.">
            <select
              id={id('host')}
              aria-describedby={id('host-help')}
              value={state.host ?? ''}
              onChange={(event) => {
                onChange({ host: event.currentTarget.value === '' ? null : event.currentTarget.value });
              }}
            >
              <option value="">an ordinary desktop with DDR5</option>
              {live && <Options groups={lists.hosts} selected={null} />}
            </select>
          </Field>
          <Whole
            id={id('ngl')}
            field="gpuLayers"
            label="Layers on the card (-ngl)"
            open="all"
            value={state.gpuLayers}
            onValue={(gpuLayers) => {
              onChange({ gpuLayers });
            }}
          />
          <Whole
            id={id('ncmoe')}
            field="cpuMoeLayers"
            label="Layers with experts in RAM (-ncmoe)"
            help="For mixtures of experts."
            open="none"
            value={state.cpuMoeLayers}
            onValue={(cpuMoeLayers) => {
              onChange({ cpuMoeLayers });
            }}
          />
        </>
      )}
      <Whole
        id={id('ram')}
        field="hostGiB"
        label="RAM, GiB"
        open="not said"
        value={state.hostGiB}
        onValue={(hostGiB) => {
          onChange({ hostGiB });
        }}
      />
      <Whole
        id={id('ubatch')}
        field="ubatch"
        label="Micro-batch (-ub)"
        help="Larger reads prompts faster and takes more memory."
        value={state.ubatch}
        onValue={(ubatch) => {
          if (ubatch !== null) onChange({ ubatch });
        }}
      />
      <Check
        id={id('fa')}
        label="Flash attention"
        value={state.flashAttention}
        onValue={(flashAttention) => {
          onChange({ flashAttention });
        }}
      />
      {cards > 1 && (
        <Check
          id={id('tp')}
          label="Cards work on every layer together (tensor parallel)"
          value={state.tensorParallel}
          onValue={(tensorParallel) => {
            onChange({ tensorParallel });
          }}
        />
      )}
    </div>
  );
}
