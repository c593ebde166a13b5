import type { JSX } from 'preact';
import { memo } from 'preact/compat';
import { useEffect, useState } from 'preact/hooks';
import type { Backend } from '../../engine/device.ts';
import { formatBytes, formatRate, formatSeconds, formatSpeed, type SizeUnit } from '../../engine/format.ts';
import type { MemoryPart } from '../../engine/memory.ts';
import type { DeviceAnswer } from '../../engine/predict.ts';
import { roomOn } from '../../engine/room.ts';
import type { Step } from '../../engine/steps.ts';
import { adviceFor, curveOf, longestContext, type Advice, type CurvePoint, type Imported, type Worked } from './answer.ts';
import { commandsFor } from './command.ts';
import { Curve } from './Curve.tsx';
import type { CalculatorData } from './data.ts';
import { CopyButton, useAfterPaint } from './fields.tsx';
import { headline } from './share.ts';
import type { SetUpState } from './state.ts';

/** As their makers write them. */
const BACKEND_NAMES: Readonly<Record<Backend, string>> = {
  cuda: 'CUDA',
  rocm: 'ROCm',
  vulkan: 'Vulkan',
  metal: 'Metal',
  mlx: 'MLX',
  sycl: 'SYCL',
  opencl: 'OpenCL',
  ik: 'CUDA',
  exllama: 'ExLlama',
  mlc: 'MLC',
  cpu: 'the CPU',
};

/** What the plain answer leaves open on this machine. */
function remarks({ answer, main, setUp, request }: Worked, unit: SizeUnit): string[] {
  const notes: string[] = [];
  const [first] = setUp.gpus;
  const room = main.device === null ? null : roomOn(main.device, request.room);
  switch (answer.verdict) {
    case 'tight':
      notes.push(
        `Only ${formatBytes((main.capacityBytes ?? 0) - main.totalBytes, unit)} are left over. The driver, the desktop and other programs want some of that, so expect it to be tight.`,
      );
      break;
    case 'needs-setting':
      notes.push(
        room?.kind === 'mac-working-set'
          ? `macOS lets the GPU use ${formatBytes(room.comfortableBytes ?? 0, unit)} by itself. Raise the limit with sudo sysctl iogpu.wired_limit_mb, and leave the system some gigabytes.`
          : `Linux lends the graphics unit ${formatBytes(room?.comfortableBytes ?? 0, unit)} by itself. Raise GTT (the ttm.pages_limit setting) to give it more.`,
      );
      break;
    case 'spills':
    case 'too-large':
      notes.push('The speed is what it would be if it did fit. Below is what helps.');
      break;
    case 'fits':
    case null:
      break;
  }
  if (first?.memory === 'discrete' && answer.devices.length > 1) {
    const host = answer.devices.at(-1);
    if (host !== undefined && host.device?.memory !== 'discrete')
      notes.push(
        `${formatBytes(host.totalBytes, unit)} of ordinary memory hold what is not on the ${setUp.gpus.length > 1 ? 'cards' : 'card'}: the token table, buffers, and layers or experts left there.`,
      );
  }
  return [...notes, ...answer.warnings];
}

const PARTS = [
  { id: 'weights', label: 'Weights', bytes: (part: MemoryPart) => part.weightsBytes },
  { id: 'kv-cache', label: 'KV cache', bytes: (part: MemoryPart) => part.kvCacheBytes },
  { id: 'compute', label: 'Compute buffer', bytes: (part: MemoryPart) => part.computeBytes },
] as const;

/** Memory of one device as a stacked bar against its capacity. */
function MemoryBar({ part, unit }: { readonly part: DeviceAnswer; readonly unit: SizeUnit }): JSX.Element {
  const { capacityBytes: capacity } = part;
  const whole = Math.max(part.totalBytes, capacity ?? 0, 1);
  const percent = (bytes: number): string => `${((100 * bytes) / whole).toFixed(2)}%`;
  const description = PARTS.map(({ label, bytes }) => `${label} ${formatBytes(bytes(part), unit)}`).join(', ');
  return (
    <div
      class="bar"
      role="img"
      aria-label={`${part.name}: ${description}${capacity === null ? '' : `, of ${formatBytes(capacity, unit)}`}.`}
    >
      {PARTS.map(({ id, bytes }) => (
        <span class={`bar-part ${id}`} style={{ width: percent(bytes(part)) }} />
      ))}
      {capacity !== null && part.totalBytes > capacity && <span class="bar-limit" style={{ left: percent(capacity) }} />}
    </div>
  );
}

/** Memory of one device by part, to the byte. */
function PartsTable({ part }: { readonly part: DeviceAnswer }): JSX.Element {
  return (
    <div class="scroll" role="group" aria-label={`Memory of ${part.name}, table`} tabIndex={0}>
      <table class="parts">
        <caption class="visually-hidden">Memory of {part.name} by part</caption>
        <thead>
          <tr>
            <th scope="col">Memory</th>
            <th scope="col" class="figure">
              GB
            </th>
            <th scope="col" class="figure">
              GiB
            </th>
            <th scope="col" class="figure">
              Bytes
            </th>
          </tr>
        </thead>
        <tbody>
          {[...PARTS, { id: 'total', label: 'Together', bytes: (each: MemoryPart) => each.totalBytes } as const].map(
            ({ id, label, bytes }) => (
              <tr data-part={id}>
                <th scope="row">
                  <i class={`key ${id}`} aria-hidden="true" />
                  {label}
                </th>
                <td class="figure">{formatBytes(bytes(part))}</td>
                <td class="figure">{formatBytes(bytes(part), 'GiB')}</td>
                <td class="figure" data-bytes={bytes(part)}>
                  {bytes(part).toLocaleString('en-GB')}
                </td>
              </tr>
            ),
          )}
        </tbody>
      </table>
    </div>
  );
}

function Steps({ steps, title }: { readonly steps: readonly Step[]; readonly title: string }): JSX.Element {
  return (
    <table class="steps">
      <caption class="visually-hidden">{title}</caption>
      <thead>
        <tr>
          <th scope="col">Step</th>
          <th scope="col">Sum</th>
          <th scope="col" class="figure">
            Result
          </th>
        </tr>
      </thead>
      <tbody>
        {steps.map(({ id, label, expression, result }) => (
          <tr data-step={id}>
            <th scope="row">{label}</th>
            <td>{expression}</td>
            <td class="figure">{result}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What takes a moment to search, worked out once the answer itself is on the screen. */
interface Further {
  readonly of: Worked;
  readonly longest: number | null;
  readonly curve: readonly CurvePoint[];
  readonly advice: readonly Advice[];
}

function useFurther(worked: Worked, data: CalculatorData, imported: Imported | null): Further | null {
  const [further, setFurther] = useState<Further | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => {
      const longest = longestContext(worked);
      const bad = worked.answer.fits === false || worked.answer.verdict === 'tight' || worked.answer.verdict === 'spills';
      setFurther({ of: worked, longest, curve: curveOf(worked), advice: bad ? adviceFor(worked, data, imported) : [] });
    }, 60);
    return () => {
      clearTimeout(timer);
    };
  }, [worked]);
  return further?.of === worked ? further : null;
}

/** Commands and the arithmetic, below the answer. */
const Lower = memo(function Lower({ worked }: { readonly worked: Worked }): JSX.Element {
  const { decode, prefill } = worked.answer;
  return (
    <>
      <section class="commands" aria-label="Commands">
        <h3 id="to-run-it">To run it</h3>
        {commandsFor(worked).map(({ name, text, remark }) => (
          <details open={name === 'llama-server'}>
            <summary>{name}</summary>
            <p class="basis">{remark} Put the name of your own file in.</p>
            <pre tabIndex={0}>
              <code data-command={name}>{text}</code>
            </pre>
            <CopyButton text={text} />
          </details>
        ))}
      </section>
      <details>
        <summary>How the generation speed is worked out</summary>
        <div class="scroll" role="group" aria-label="Generation speed, step by step" tabIndex={0}>
          <Steps steps={decode.steps()} title="Generation speed, step by step" />
        </div>
      </details>
      <details>
        <summary>How the prompt speed is worked out</summary>
        <p class="basis">{prefill.basis}</p>
        <div class="scroll" role="group" aria-label="Prompt speed, step by step" tabIndex={0}>
          <Steps steps={prefill.steps()} title="Prompt speed, step by step" />
        </div>
      </details>
    </>
  );
});

interface ResultProps {
  readonly worked: Worked;
  readonly data: CalculatorData;
  readonly imported: Imported | null;
  readonly unit: SizeUnit;
  readonly onChange: (change: Partial<SetUpState>) => void;
}

/** Everything that follows from the choices. */
export function Result({ worked, data, imported, unit, onChange }: ResultProps): JSX.Element {
  const { answer, model, main, request, setUp } = worked;
  const { decode, prefill } = answer;
  const notes = remarks(worked, unit);
  // What is read later is drawn later: the answer itself must not wait for it.
  const later = useAfterPaint(worked);
  const further = useFurther(later, data, imported);
  const shown = answer.devices.filter(
    ({ totalBytes, capacityBytes, device }, index) =>
      index === 0 || device?.memory === 'discrete' || capacityBytes !== null || totalBytes > 1e9,
  );
  const bad = answer.fits === false || answer.verdict === 'spills';
  const backend = setUp.gpus[0]?.backend ?? setUp.host?.backend ?? 'cpu';
  return (
    <section class="result" aria-label="Result">
      <h2 id="result" class={bad ? 'headline bad' : 'headline'} data-headline>
        {headline(worked, unit)}
      </h2>
      <p class="what">
        {model.name}, {worked.quant}, on {worked.machineName} with {BACKEND_NAMES[backend]}
      </p>
      {shown.map((part) => (
        <div class="device">
          {shown.length > 1 && (
            <p class="device-name">
              {part.name}: {formatBytes(part.totalBytes, unit)}
              {part.capacityBytes !== null && ` of ${formatBytes(part.capacityBytes, unit)}`}
            </p>
          )}
          <MemoryBar part={part} unit={unit} />
        </div>
      ))}
      <PartsTable part={main} />
      {shown.length > 1 && (
        <details>
          <summary>The other devices, by part</summary>
          {shown.slice(1).map((part) => (
            <>
              <p class="device-name">{part.name}</p>
              <PartsTable part={part} />
            </>
          ))}
        </details>
      )}
      {notes.length > 0 && (
        <ul class="notes">
          {notes.map((note) => (
            <li>{note}</li>
          ))}
        </ul>
      )}
      <dl class="speeds">
        <div>
          <dt>{request.depth === 0 ? 'Generation, at the start' : `Generation, after ${request.depth.toLocaleString('en-GB')} tokens`}</dt>
          <dd data-decode>
            {formatSpeed(decode.tokensPerSecond)}
            <small>
              {formatRate(decode.low)}–{formatRate(decode.high)}
            </small>
          </dd>
        </div>
        <div>
          <dt>Prompt</dt>
          <dd data-prefill>
            {formatSpeed(prefill.tokensPerSecond)}
            <small>
              {formatRate(prefill.low)}–{formatRate(prefill.high)}; first word of the answer to{' '}
              {request.promptTokens.toLocaleString('en-GB')} tokens after {formatSeconds(prefill.secondsToFirstToken)}
            </small>
          </dd>
        </div>
        <div>
          <dt>Longest context that fits</dt>
          <dd data-longest>
            {further === null ? '…' : further.longest === null ? 'none' : `${further.longest.toLocaleString('en-GB')} tokens`}
            <small>made for {(model.contextExtended ?? model.contextNative).toLocaleString('en-GB')}</small>
          </dd>
        </div>
      </dl>
      <p class="basis">{decode.basis} It should hold four times in five.</p>
      {further !== null && further.advice.length > 0 && (
        <section class="advice" aria-label="What helps">
          <h3 id="what-helps">What helps</h3>
          <ul>
            {further.advice.map(({ what, change, worked: then }) => (
              <li>
                <button
                  type="button"
                  class="plain"
                  onClick={() => {
                    onChange(change);
                  }}
                >
                  {what}
                </button>{' '}
                {headline(then, unit)}
              </li>
            ))}
          </ul>
        </section>
      )}
      {further !== null && (
        <details open class="curve">
          <summary>Speed as the conversation grows</summary>
          <Curve points={further.curve} />
        </details>
      )}
      <Lower worked={later} />
    </section>
  );
}
