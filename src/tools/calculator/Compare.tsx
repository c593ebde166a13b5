import type { JSX } from 'preact';
import type { SizeUnit } from '../../engine/format.ts';
import { workOut, type Imported, type Worked } from './answer.ts';
import type { CalculatorData } from './data.ts';
import { SetUpForm, type Lists } from './SetUpForm.tsx';
import { factsOf, headline } from './share.ts';
import { DEFAULT_SET_UP, MOST_OTHERS, type SetUpState, type State } from './state.ts';

interface CompareProps {
  readonly state: State;
  readonly data: CalculatorData;
  readonly lists: Lists;
  readonly unit: SizeUnit;
  readonly imported: Imported | null;
  readonly onChange: (change: Partial<State>) => void;
}

/** The set-up of a state, without what belongs to the page. */
function setUpOf(state: State): SetUpState {
  const entries = Object.entries(state).filter(([key]) => key in DEFAULT_SET_UP);
  return { ...DEFAULT_SET_UP, ...(Object.fromEntries(entries) as Partial<SetUpState>) };
}

const isWorked = (outcome: ReturnType<typeof workOut>): outcome is Worked => 'answer' in outcome;

/** Facts that name what was asked; the others are what came out, per device or not. */
function cells(worked: Worked, unit: SizeUnit): ReadonlyMap<string, string> {
  return new Map([
    ['Answer', headline(worked, unit)],
    ...factsOf(worked, unit).map(({ name, value }) => [name.startsWith('Memory, ') ? 'Memory' : name, value] as const),
  ]);
}

/** Up to four set-ups side by side; what differs is marked. */
export function Compare({ state, data, lists, unit, imported, onChange }: CompareProps): JSX.Element {
  const setUps: readonly SetUpState[] = [state, ...state.others];
  const outcomes = setUps.map((setUp, index) => workOut(setUp, data, index === 0 ? imported : null));
  const columns = outcomes.map((outcome) => (isWorked(outcome) ? cells(outcome, unit) : new Map([['Answer', outcome.problem]])));
  const names = [...new Set(columns.flatMap((column) => [...column.keys()]))];
  const change = (index: number, part: Partial<SetUpState>): void => {
    if (index === 0) onChange(part);
    else onChange({ others: state.others.map((other, at) => (at === index - 1 ? { ...other, ...part } : other)) });
  };
  return (
    <section class="result" aria-label="Compare">
      {setUps.map((setUp, index) =>
        index === 0 ? null : (
          <fieldset class="fields">
            <legend>Set-up {String(index + 1)}</legend>
            <SetUpForm
              state={setUp}
              question="compare"
              data={data}
              lists={lists}
              live
              imported={null}
              prefix={`other-${String(index)}`}
              onChange={(part) => {
                change(index, part);
              }}
            />
            <p class="actions">
              <button
                type="button"
                class="plain"
                onClick={() => {
                  onChange({ others: state.others.filter((_, at) => at !== index - 1) });
                }}
              >
                Take set-up {String(index + 1)} away
              </button>
            </p>
          </fieldset>
        ),
      )}
      {state.others.length < MOST_OTHERS && (
        <p class="actions">
          <button
            type="button"
            class="plain"
            onClick={() => {
              onChange({ others: [...state.others, state.others.at(-1) ?? setUpOf(state)] });
            }}
          >
            Add a set-up to compare with
          </button>
        </p>
      )}
      <h2 id="result" class="headline" data-headline>
        {setUps.length === 1 ? 'Add a second set-up to compare with.' : `${String(setUps.length)} set-ups side by side`}
      </h2>
      <div class="scroll" role="group" aria-label="Set-ups side by side" tabIndex={0}>
        <table class="compare">
          <caption class="visually-hidden">Set-ups side by side; rows that differ are marked</caption>
          <thead>
            <tr>
              <th scope="col">What</th>
              {setUps.map((_, index) => (
                <th scope="col">Set-up {String(index + 1)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {names.map((name) => {
              const row = columns.map((column) => column.get(name) ?? '–');
              const differs = new Set(row).size > 1;
              return (
                <tr class={differs ? 'differs' : undefined}>
                  <th scope="row">
                    {name}
                    {differs && <span class="visually-hidden"> (differs)</span>}
                  </th>
                  {row.map((value) => (
                    <td>{value}</td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
