import type { JSX } from 'preact';
import type { Backend } from '../../engine/device.ts';
import { BYTES_PER_GIB, formatBytes, formatRate, formatSeconds, formatSpeed } from '../../engine/format.ts';
import type { MemoryPart } from '../../engine/memory.ts';
import type { Step } from '../../engine/steps.ts';
import type { Worked } from './answer.ts';

/** Below this, what the driver and a desktop take decides whether it really fits. */
const TIGHT = 1.5 * BYTES_PER_GIB;

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

function headline({ answer, device, main }: Worked): string {
  const needed = formatBytes(main.totalBytes);
  const speed = `about ${formatSpeed(answer.decode.tokensPerSecond)} (${formatRate(answer.decode.low)}–${formatRate(answer.decode.high)})`;
  if (answer.fits === null) return `Needs ${needed} of memory; ${speed}.`;
  const capacity = formatBytes(device.memoryBytes ?? 0);
  return answer.fits ? `Fits: ${needed} of ${capacity}, ${speed}.` : `Does not fit: it needs ${needed} and there are ${capacity}.`;
}

/** What the plain answer leaves open on this machine. */
function remarks({ answer, device, machine, main }: Worked): string[] {
  const notes: string[] = [];
  const spare = device.memoryBytes === null ? null : device.memoryBytes - main.totalBytes;
  if (answer.fits === true && spare !== null && spare < TIGHT) {
    notes.push(
      `Only ${formatBytes(spare)} are left over. The driver, the desktop and other programs want some of that, so expect it to be tight.`,
    );
  }
  if (answer.fits === false) {
    notes.push('The speed is what it would be if it did fit. Try a smaller quantization, a shorter context or a q8_0 cache.');
  }
  if (machine.vendor === 'apple') {
    notes.push('macOS lets the GPU use only a part of the memory unless told otherwise, and keeps some for itself.');
  }
  if (device.memory === 'discrete') {
    notes.push(`On top of that, ${formatBytes(answer.memory.host.totalBytes)} of ordinary memory hold the token table and buffers.`);
  }
  return [...notes, ...answer.warnings];
}

const PARTS = [
  { id: 'weights', label: 'Weights', bytes: (part: MemoryPart) => part.weightsBytes },
  { id: 'kv-cache', label: 'KV cache', bytes: (part: MemoryPart) => part.kvCacheBytes },
  { id: 'compute', label: 'Compute buffer', bytes: (part: MemoryPart) => part.computeBytes },
] as const;

/** Memory of one device as a stacked bar against its capacity. */
function MemoryBar({ part, capacity }: { readonly part: MemoryPart; readonly capacity: number | null }): JSX.Element {
  const whole = Math.max(part.totalBytes, capacity ?? 0);
  const percent = (bytes: number): string => `${((100 * bytes) / whole).toFixed(2)}%`;
  const description = PARTS.map(({ label, bytes }) => `${label} ${formatBytes(bytes(part))}`).join(', ');
  return (
    <div class="bar" role="img" aria-label={`${description}${capacity === null ? '' : `, of ${formatBytes(capacity)}`}.`}>
      {PARTS.map(({ id, bytes }) => (
        <span class={`bar-part ${id}`} style={{ width: percent(bytes(part)) }} />
      ))}
      {capacity !== null && part.totalBytes > capacity && <span class="bar-limit" style={{ left: percent(capacity) }} />}
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

/** Everything that follows from the choices. */
export function Result({ worked }: { readonly worked: Worked }): JSX.Element {
  const { answer, device, model, machine, main: onDevice } = worked;
  const { decode, prefill } = answer;
  const notes = remarks(worked);
  const exact = (bytes: number): string => bytes.toLocaleString('en-GB');
  return (
    <section class="result" aria-label="Result">
      <h2 id="result" class={answer.fits === false ? 'headline bad' : 'headline'} data-headline>
        {headline(worked)}
      </h2>
      <p class="what">
        {model.name}, {worked.quant}, on {machine.name} with {BACKEND_NAMES[device.backend]}
      </p>
      <MemoryBar part={onDevice} capacity={device.memoryBytes} />
      <div class="scroll" role="group" aria-label="Memory, table" tabIndex={0}>
        <table class="parts">
          <caption class="visually-hidden">Memory by part</caption>
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
            {[...PARTS, { id: 'total', label: 'Together', bytes: (part: MemoryPart) => part.totalBytes } as const].map(
              ({ id, label, bytes }) => (
                <tr data-part={id}>
                  <th scope="row">
                    <i class={`key ${id}`} aria-hidden="true" />
                    {label}
                  </th>
                  <td class="figure">{formatBytes(bytes(onDevice))}</td>
                  <td class="figure">{formatBytes(bytes(onDevice), 'GiB')}</td>
                  <td class="figure" data-bytes={bytes(onDevice)}>
                    {exact(bytes(onDevice))}
                  </td>
                </tr>
              ),
            )}
          </tbody>
        </table>
      </div>
      {notes.length > 0 && (
        <ul class="notes">
          {notes.map((note) => (
            <li>{note}</li>
          ))}
        </ul>
      )}
      <dl class="speeds">
        <div>
          <dt>Generation, at the start</dt>
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
              {formatRate(prefill.low)}–{formatRate(prefill.high)}; first word of the answer to 512 tokens after{' '}
              {formatSeconds(prefill.secondsToFirstToken)}
            </small>
          </dd>
        </div>
      </dl>
      <p class="basis">{decode.basis} It should hold four times in five.</p>
      <details open>
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
    </section>
  );
}
