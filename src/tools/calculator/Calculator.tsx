import { data } from 'virtual:calculator-data';
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatBytes, formatSpeed } from '../../engine/format.ts';
import { Advanced } from './Advanced.tsx';
import { workOut, type Imported, type Worked } from './answer.ts';
import { Compare } from './Compare.tsx';
import { earlyChoices } from './early-choices.ts';
import { ExplanationsContext, type Explanations } from './explanations.ts';
import { useAfterPaint } from './fields.tsx';
import { Import } from './Import.tsx';
import { WhatNeeds, WhatRuns } from './Lists.tsx';
import { Measured } from './Measured.tsx';
import { Result } from './Result.tsx';
import { listsOf, MoreFields, SetUpForm } from './SetUpForm.tsx';
import { Share } from './Share.tsx';
import { DEFAULT_STATE, readState, writeState, type Question, type SetUpState, type State } from './state.ts';

const QUESTION_NAMES: readonly (readonly [Question, string])[] = [
  ['run', 'Will it run?'],
  ['what-runs', 'What can I run?'],
  ['what-needs', 'What do I need?'],
  ['compare', 'Compare'],
];

const lists = listsOf(data);

/** How long a change must settle before the address and the announcement follow, milliseconds. */
const SETTLE = 400;

/** What a screen reader is told once a change has settled. */
function announcement(worked: Worked): string {
  const { answer, machineName, main, model } = worked;
  const fit = answer.fits === null ? 'needs' : answer.fits ? 'fits and needs' : 'does not fit and needs';
  return `${model.name} on ${machineName}: ${fit} ${formatBytes(main.totalBytes)}, about ${formatSpeed(answer.decode.tokensPerSecond)}.`;
}

interface CalculatorProps {
  /** Address of the measurements. */
  readonly runsUrl: string;
  /** Where a measurement can be sent in; null while there is no such place. */
  readonly reportUrl: string | null;
  /** Only the answer, for a frame in somebody else's page. */
  readonly embedded?: boolean;
  /** Address of the whole calculator. */
  readonly home: string;
  /** What the words beside the fields mean. */
  readonly explanations?: Explanations;
}

export default function Calculator({ runsUrl, reportUrl, embedded = false, home, explanations = {} }: CalculatorProps): JSX.Element {
  const [state, setState] = useState<State>(DEFAULT_STATE);
  const [imported, setImported] = useState<Imported | null>(null);
  const [problems, setProblems] = useState<readonly string[]>([]);
  const [said, setSaid] = useState('');
  const [live, setLive] = useState(false);
  const [advanced, setAdvanced] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const changedByHand = useRef(false);
  // During the first rendering, because that one sets the fields to the state.
  const [early] = useState(earlyChoices);

  const adopt = (search: string, chosen: Partial<State> = {}): void => {
    const read = readState(search, data);
    setState({ ...read.state, ...chosen });
    setProblems(read.problems);
  };

  // The built page shows the default; what the address asks for can only be read in the browser.
  useEffect(() => {
    changedByHand.current = Object.keys(early).length > 0;
    if (location.search !== '' || changedByHand.current) adopt(location.search, early);
    setLive(true);
    root.current?.setAttribute('data-ready', '');
    const onMove = (): void => {
      changedByHand.current = false;
      setImported(null);
      adopt(location.search);
    };
    addEventListener('popstate', onMove);
    return () => {
      removeEventListener('popstate', onMove);
    };
  }, []);

  const asksAll = state.question === 'what-runs' || state.question === 'what-needs';
  const outcome = useMemo(() => workOut(state, data, imported), [state, imported]);
  const lastGood = useRef<Worked | null>(null);
  if ('answer' in outcome) lastGood.current = outcome;
  const shown = lastGood.current;
  const later = useAfterPaint(shown);

  // Address and announcement follow once typing has settled: browsers limit how often an address may change.
  useEffect(() => {
    if (!changedByHand.current) return undefined;
    const timer = setTimeout(() => {
      const address = location.pathname + writeState(state);
      if (address !== location.pathname + location.search) history.pushState(null, '', address);
      if (asksAll) setSaid('The list has been worked out anew.');
      else if ('answer' in outcome) setSaid(announcement(outcome));
      else setSaid(outcome.problem);
    }, SETTLE);
    return () => {
      clearTimeout(timer);
    };
  }, [state, outcome]);

  const current = useRef(state);
  current.current = state;
  const change = useRef((part: Partial<State>): void => {
    changedByHand.current = true;
    setProblems([]);
    if (part.model !== undefined && part.model !== current.current.model) setImported(null);
    setState({ ...current.current, ...part });
  }).current;
  const open = useRef((part: Partial<SetUpState>): void => {
    change({ ...part, question: 'run' });
    document.getElementById('calc-questions')?.scrollIntoView({ block: 'start' });
  }).current;

  if (embedded) {
    return (
      <div class="calculator embedded not-content" ref={root}>
        {shown !== null && <Result worked={shown} data={data} imported={null} unit={state.unit} onChange={change} />}
        <p>
          <a href={`${home}${writeState(state)}`} target="_blank" rel="noopener">
            Change it in the calculator
          </a>
        </p>
      </div>
    );
  }
  return (
    <ExplanationsContext.Provider value={explanations}>
      <div class="calculator not-content" ref={root}>
        <fieldset class="questions needs-script" id="calc-questions">
          <legend class="visually-hidden">What do you want to know?</legend>
          {QUESTION_NAMES.map(([question, name]) => (
            <label class={state.question === question ? 'chosen' : undefined}>
              <input
                type="radio"
                name="calc-question"
                value={question}
                checked={state.question === question}
                onChange={() => {
                  change({ question });
                }}
              />
              {name}
            </label>
          ))}
          <button
            type="button"
            class="plain unit"
            onClick={() => {
              change({ unit: state.unit === 'GB' ? 'GiB' : 'GB' });
            }}
          >
            Sizes in {state.unit}
          </button>
        </fieldset>
        <form
          class="needs-script"
          aria-label="What to calculate"
          // A browser that fills in what stood here on an earlier visit would speak against the address.
          autocomplete="off"
          onSubmit={(event) => {
            event.preventDefault();
          }}
        >
          <div class="fields">
            <SetUpForm
              state={state}
              question={state.question}
              data={data}
              lists={lists}
              live={live}
              imported={imported}
              onChange={change}
              prefix="calc"
            />
          </div>
          <details class="more">
            <summary>More settings: prompt, slots, system, RAM, split, more cards</summary>
            <MoreFields state={state} data={data} lists={lists} live={live} onChange={change} prefix="more" />
          </details>
        </form>
        {live && (
          <details class="more">
            <summary>From a file or a command</summary>
            <Import data={data} imported={imported} onImport={setImported} onChange={change} />
          </details>
        )}

        {problems.length > 0 && (
          <div class="problems" role="alert">
            <ul>
              {problems.map((problem) => (
                <li>{problem}</li>
              ))}
            </ul>
          </div>
        )}
        {!asksAll && 'problem' in outcome && (
          <p class="problems" role="alert">
            {outcome.problem} Below is the last result that could be worked out.
          </p>
        )}
        {state.question === 'run' && shown !== null && (
          <>
            <Result worked={shown} data={data} imported={imported} unit={state.unit} onChange={change} />
            {live && (
              <>
                <Measured worked={later ?? shown} data={data} runsUrl={runsUrl} reportUrl={reportUrl} />
                <details
                  class="more"
                  onToggle={(event) => {
                    setAdvanced(event.currentTarget.open);
                  }}
                >
                  <summary>Advanced: drafts, several users, pictures, fine-tuning</summary>
                  {advanced && <Advanced worked={later ?? shown} data={data} lists={lists} unit={state.unit} onChange={change} />}
                </details>
                <Share
                  worked={later ?? shown}
                  unit={state.unit}
                  query={writeState({ ...state, ...(later ?? shown).state })}
                  isImported={imported !== null}
                />
              </>
            )}
          </>
        )}
        {live && state.question === 'what-runs' && <WhatRuns state={state} data={data} unit={state.unit} onOpen={open} />}
        {live && state.question === 'what-needs' && (
          <WhatNeeds
            state={state}
            data={data}
            unit={state.unit}
            onOpen={open}
            onWanted={(wanted) => {
              change({ wanted });
            }}
          />
        )}
        {live && state.question === 'compare' && (
          <Compare state={state} data={data} lists={lists} unit={state.unit} imported={imported} onChange={change} />
        )}
        <p class="visually-hidden" role="status" data-announcement>
          {said}
        </p>
      </div>
    </ExplanationsContext.Provider>
  );
}
