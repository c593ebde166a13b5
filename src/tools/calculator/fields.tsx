import type { ComponentChildren, JSX } from 'preact';

interface FieldProps {
  readonly id: string;
  readonly label: string;
  /** A remark below the field. */
  readonly help?: string | undefined;
  /** What is wrong with what was entered; takes the remark's place. */
  readonly problem?: string | undefined;
  readonly children: ComponentChildren;
}

/** A labelled field with its remark or fault below. */
export function Field({ id, label, help, problem, children }: FieldProps): JSX.Element {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      <p id={`${id}-help`} class={problem === undefined ? 'help' : 'help bad'} role={problem === undefined ? undefined : 'alert'}>
        {problem ?? help}
      </p>
    </div>
  );
}

interface Named {
  readonly id: string;
  readonly name: string;
}

interface OptionsProps {
  readonly groups: ReadonlyMap<string, readonly Named[]>;
  readonly selected: string;
}

/** Options of a list in named groups. */
export function Options({ groups, selected }: OptionsProps): JSX.Element {
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
}
