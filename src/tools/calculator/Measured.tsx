import type { JSX } from 'preact';
import { memo } from 'preact/compat';
import { useEffect, useState } from 'preact/hooks';
import { formatRate, formatSpeed } from '../../engine/format.ts';
import type { Worked } from './answer.ts';
import type { CalculatorData } from './data.ts';
import { CopyButton, Field } from './fields.tsx';
import { contribution, keepOwn, nearestRuns, ownOf, type Own, type Run } from './measured.ts';
import { readPositive } from './state.ts';

interface MeasuredProps {
  readonly worked: Worked;
  readonly data: CalculatorData;
  /** Address of the measurements. */
  readonly runsUrl: string;
  /** Where a measurement can be sent in; null while there is no such place. */
  readonly reportUrl: string | null;
}

const LONGEST_WAIT = 15_000;

/** The nearest measured runs, and the reader's own beside the estimate. */
export const Measured = memo(function Measured({ worked, data, runsUrl, reportUrl }: MeasuredProps): JSX.Element {
  const [runs, setRuns] = useState<readonly Run[] | null>(null);
  const [failed, setFailed] = useState(false);
  const [text, setText] = useState('');
  const [own, setOwn] = useState<Own | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const { machine, answer, model, quant } = worked;
  const id = machine?.id ?? worked.machineName;

  useEffect(() => {
    const load = async (): Promise<void> => {
      try {
        const response = await fetch(runsUrl, { signal: AbortSignal.timeout(LONGEST_WAIT) });
        if (!response.ok) throw new Error(String(response.status));
        setRuns((await response.json()) as readonly Run[]);
      } catch {
        setFailed(true);
      }
    };
    void load();
  }, [runsUrl]);
  useEffect(() => {
    setOwn(ownOf(id));
    setText('');
    setProblem(null);
  }, [id]);

  const near = runs === null ? [] : nearestRuns(worked, runs, data);
  const nameOf = (list: readonly { readonly id: string; readonly name: string }[], wanted: string): string =>
    list.find((item) => item.id === wanted)?.name ?? wanted;
  const entered = readPositive(text, 100_000);
  const save = (): void => {
    if (entered === null) {
      setProblem('Enter the tokens per second that your program showed while it wrote, a number above 0.');
      return;
    }
    const factor = entered / answer.decode.tokensPerSecond;
    if (entered > answer.decode.ceilingTokensPerSecond) {
      setProblem(
        `That is more than bandwidth ÷ bytes allows for this machine (${formatSpeed(answer.decode.ceilingTokensPerSecond)}). Were drafts or several users counted, or is another model running?`,
      );
      return;
    }
    if (factor < 0.02) {
      setProblem('That is less than a fiftieth of the estimate. Is the model perhaps running on the CPU?');
      return;
    }
    const next: Own = { tokensPerSecond: entered, factor, model: model.name, quant, day: new Date().toISOString().slice(0, 10) };
    setProblem(keepOwn(id, next) ? null : 'This browser does not let anything be kept, so it is forgotten when you leave.');
    setOwn(next);
  };
  return (
    <section class="measured" aria-label="Measured runs">
      <h3 id="measured">What was measured</h3>
      {failed && <p class="basis">The measurements could not be loaded. The estimate stands without them.</p>}
      {runs !== null && near.length === 0 && <p class="basis">Nobody has reported this machine or this model yet.</p>}
      {near.length > 0 && (
        <ul data-near>
          {near.map(({ run, differences }) => (
            <li>
              <strong>{formatSpeed(run.decode ?? 0)}</strong>: {nameOf(data.models, run.model)}, {run.quant},{' '}
              {run.count > 1 ? `${String(run.count)} × ` : ''}
              {nameOf(data.machines, run.machine)}, {run.engine}
              {run.measured === null ? '' : `, ${run.measured}`} (<a href={run.url}>source</a>).{' '}
              {differences.length === 0 ? 'The same as asked.' : `Differs: ${differences.join(', ')}.`}
            </li>
          ))}
        </ul>
      )}
      <form
        class="fields narrow"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <Field id="own-speed" label="Your own tokens/s for this" help="Kept in this browser alone." problem={problem ?? undefined}>
          <input
            id="own-speed"
            type="text"
            inputMode="decimal"
            autocomplete="off"
            maxLength={10}
            aria-describedby="own-speed-help"
            aria-invalid={problem !== null}
            value={text}
            onInput={(event) => {
              setText(event.currentTarget.value);
              setProblem(null);
            }}
          />
        </Field>
        <p class="actions">
          <button type="submit" class="plain">
            Lay it beside the estimate
          </button>
          {own !== null && (
            <button
              type="button"
              class="plain"
              onClick={() => {
                keepOwn(id, null);
                setOwn(null);
              }}
            >
              Forget it
            </button>
          )}
        </p>
      </form>
      {own !== null && (
        <div data-own>
          <p>
            You measured {formatSpeed(own.tokensPerSecond)} with {own.model}, {own.quant}:{' '}
            {own.factor >= 1 ? `${((own.factor - 1) * 100).toFixed(0)} % more` : `${((1 - own.factor) * 100).toFixed(0)} % less`} than the
            estimate. By that, this set-up writes about{' '}
            <strong>
              {formatRate(Math.min(answer.decode.tokensPerSecond * own.factor, answer.decode.ceilingTokensPerSecond))} tokens/s
            </strong>{' '}
            on your machine.
          </p>
          <details>
            <summary>Give it to the others</summary>
            <p class="basis">
              {reportUrl === null
                ? 'Send this row, completed, to whoever publishes this copy of the site.'
                : 'Complete this row and send it in with the form.'}{' '}
              It helps the estimate for everybody with this machine.
            </p>
            <pre tabIndex={0}>
              <code>{contribution(worked, own.tokensPerSecond, own.day)}</code>
            </pre>
            <p class="actions">
              <CopyButton text={contribution(worked, own.tokensPerSecond, own.day)} />
              {reportUrl !== null && (
                <a class="plain" href={`${reportUrl}&row=${encodeURIComponent(contribution(worked, own.tokensPerSecond, own.day))}`}>
                  Open the form
                </a>
              )}
            </p>
          </details>
        </div>
      )}
    </section>
  );
});
