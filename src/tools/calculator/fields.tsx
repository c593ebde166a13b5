import type { ComponentChildren, JSX } from 'preact';
import { memo } from 'preact/compat';
import { useContext, useEffect, useState } from 'preact/hooks';
import { ExplanationsContext } from './explanations.ts';
import { LIMITS, limitProblem, readWhole, type WholeField } from './state.ts';

interface FieldProps {
  readonly id: string;
  readonly label: string;
  /** A remark below the field. */
  readonly help?: string | undefined;
  /** What is wrong with what was entered; takes the remark's place. */
  readonly problem?: string | undefined;
  readonly children: ComponentChildren;
}

/** A sign that opens what the glossary says of a field's word. It works without a program, as a page's own words do. */
function Explain({ id, label }: { readonly id: string; readonly label: string }): JSX.Element | null {
  const all = useContext(ExplanationsContext);
  const found = all[id] ?? all[id.replace(/^(?:calc|more|other-\d+)-/, '')];
  if (found === undefined) return null;
  return (
    <span class="term explain">
      <button type="button" class="plain" popovertarget={`${id}-explained`} aria-label={`${label}: what is that?`}>
        ?
      </button>
      <span id={`${id}-explained`} popover="auto">
        <strong>{found.term}.</strong> {found.text} {found.href !== null && <a href={found.href}>Read more</a>}
      </span>
    </span>
  );
}

/** A labelled field with its remark or fault below. */
export function Field({ id, label, help, problem, children }: FieldProps): JSX.Element {
  return (
    <div class="field">
      <label for={id}>{label}</label> <Explain id={id} label={label} />
      {children}
      <p id={`${id}-help`} class={problem === undefined ? 'help' : 'help bad'} role={problem === undefined ? undefined : 'alert'}>
        {problem ?? help}
      </p>
    </div>
  );
}

export interface Named {
  readonly id: string;
  readonly name: string;
}

interface OptionsProps {
  readonly groups: ReadonlyMap<string, readonly Named[]>;
  /** What is chosen in the built page; null once the list itself keeps its value, so that a choice does not draw hundreds of options anew. */
  readonly selected: string | null;
}

/** Options of a list in named groups; drawn anew only when the choice has changed. */
export const Options = memo(function Options({ groups, selected }: OptionsProps): JSX.Element {
  return (
    <>
      {[...groups].map(([group, items]) => (
        <optgroup label={group}>
          {items.map(({ id, name }) => (
            <option value={id} selected={id === selected}>
              {name}
            </option>
          ))}
        </optgroup>
      ))}
    </>
  );
});

interface SelectProps<T extends string> {
  readonly id: string;
  readonly label: string;
  readonly help?: string | undefined;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  readonly onChoose: (value: T) => void;
}

/** A short list. */
export function Select<T extends string>({ id, label, help, value, options, onChoose }: SelectProps<T>): JSX.Element {
  return (
    <Field id={id} label={label} help={help}>
      <select
        id={id}
        aria-describedby={help === undefined ? undefined : `${id}-help`}
        value={value}
        onChange={(event) => {
          const chosen = options.find(([option]) => option === event.currentTarget.value);
          if (chosen !== undefined) onChoose(chosen[0]);
        }}
      >
        {options.map(([option, text]) => (
          <option value={option} selected={option === value}>
            {text}
          </option>
        ))}
      </select>
    </Field>
  );
}

/** What was typed and can't be used survives a reload; where storage is blocked it doesn't. */
const kept = {
  read(id: string): string | null {
    try {
      return sessionStorage.getItem(`calculator:${id}`);
    } catch {
      return null;
    }
  },
  write(id: string, text: string | null): void {
    try {
      if (text === null) sessionStorage.removeItem(`calculator:${id}`);
      else sessionStorage.setItem(`calculator:${id}`, text.slice(0, 100));
    } catch {
      // Nothing to keep it in.
    }
  },
};

interface WholeProps {
  readonly id: string;
  readonly field: WholeField;
  readonly label: string;
  readonly help?: string | undefined;
  /** Null where the field is left open. */
  readonly value: number | null;
  /** Says what an open field means; a field without it must hold a number. */
  readonly open?: string | undefined;
  readonly suggestions?: readonly number[] | undefined;
  readonly onValue: (value: number | null) => void;
}

/** A whole number. What can't be used stays where it was typed, with a sentence; the last good number goes on counting. */
export function Whole({ id, field, label, help, value, open, suggestions, onValue }: WholeProps): JSX.Element {
  const shown = value === null ? '' : String(value);
  const [text, setText] = useState(shown);
  const { least, most } = LIMITS[field];
  const read = readWhole(text, least, most);
  const isOpen = text.trim() === '' && open !== undefined;
  const bad = read === null && !isOpen;
  useEffect(() => {
    const earlier = kept.read(id);
    const typed = document.getElementById(id);
    // What was typed before the program was there, or before a reload.
    if (typed instanceof HTMLInputElement && typed.value !== typed.defaultValue) enter(typed.value);
    else if (earlier !== null) setText(earlier);
  }, []);
  // A value that came from elsewhere (an address, a button) replaces what is typed; one that was typed here is left alone.
  useEffect(() => {
    if (!bad && read !== value && !(isOpen && value === null)) setText(shown);
  }, [shown]);
  const enter = (next: string): void => {
    setText(next);
    const number = readWhole(next, least, most);
    const opened = next.trim() === '' && open !== undefined;
    kept.write(id, number === null && !opened ? next : null);
    if (number !== null) onValue(number);
    else if (opened) onValue(null);
  };
  return (
    <Field
      id={id}
      label={label}
      problem={
        bad ? `${limitProblem(field)}${value === null ? '' : ` The result is still that of ${value.toLocaleString('en-GB')}.`}` : undefined
      }
      help={help}
    >
      <input
        id={id}
        type="text"
        inputMode="numeric"
        autocomplete="off"
        list={suggestions === undefined ? undefined : `${id}-list`}
        maxLength={12}
        placeholder={open}
        aria-describedby={`${id}-help`}
        aria-invalid={bad}
        value={text}
        onInput={(event) => {
          enter(event.currentTarget.value);
        }}
      />
      {suggestions !== undefined && (
        <datalist id={`${id}-list`}>
          {suggestions.map((number) => (
            <option value={String(number)} />
          ))}
        </datalist>
      )}
    </Field>
  );
}

/** A yes-or-no field. */
export function Check({
  id,
  label,
  value,
  onValue,
}: {
  readonly id: string;
  readonly label: string;
  readonly value: boolean;
  readonly onValue: (value: boolean) => void;
}): JSX.Element {
  return (
    <p class="check">
      <input
        id={id}
        type="checkbox"
        checked={value}
        onChange={(event) => {
          onValue(event.currentTarget.checked);
        }}
      />
      <label for={id}>{label}</label>
    </p>
  );
}

/** A button that copies a text and says so. */
export function CopyButton({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }): JSX.Element {
  const [state, setState] = useState<'idle' | 'done' | 'failed'>('idle');
  return (
    <button
      type="button"
      class="plain"
      onClick={() => {
        const write = async (): Promise<void> => {
          try {
            await navigator.clipboard.writeText(text);
            setState('done');
          } catch {
            setState('failed');
          }
          setTimeout(() => {
            setState('idle');
          }, 2500);
        };
        void write();
      }}
    >
      {state === 'done' ? 'Copied' : state === 'failed' ? 'Not allowed: select and copy' : label}
    </button>
  );
}

/**
 * A value as it was at the last painting: what hangs on it is drawn after what a reader waits for.
 *
 * @returns the value itself while the page is built and at first
 */
export function useAfterPaint<T>(value: T): T {
  const [shown, setShown] = useState(value);
  useEffect(() => {
    if (shown === value) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const frame = requestAnimationFrame(() => {
      timer = setTimeout(() => {
        setShown(() => value);
      }, 0);
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, [value]);
  return shown;
}
