import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Imported } from './answer.ts';
import { readCommand } from './command.ts';
import type { CalculatorData } from './data.ts';
import { readModel } from './read-file.ts';
import type { SetUpState } from './state.ts';

interface ImportProps {
  readonly data: CalculatorData;
  readonly imported: Imported | null;
  readonly onImport: (imported: Imported | null) => void;
  readonly onChange: (change: Partial<SetUpState>) => void;
}

/** The largest config.json that is read, bytes; real ones have some kilobytes. */
const LARGEST_CONFIG = 2_000_000;

/** A model from a file, and settings from a command line. */
export function Import({ data, imported, onImport, onChange }: ImportProps): JSX.Element {
  const [problem, setProblem] = useState<string | null>(null);
  const [said, setSaid] = useState<string | null>(null);
  const [text, setText] = useState('');
  const [over, setOver] = useState(false);

  const take = async (files: readonly File[]): Promise<void> => {
    setSaid(null);
    setProblem(null);
    const [first] = files;
    if (first === undefined) return;
    let read: Imported | { readonly problem: string };
    if (/\.json$/i.test(first.name)) {
      if (first.size > LARGEST_CONFIG)
        read = { problem: 'This is too large for a config.json. Choose the one that lies beside the model’s weights.' };
      else read = await readModel({ kind: 'config', text: await first.text() }, first.name);
    } else read = await readModel({ kind: 'gguf', files }, first.name.replace(/\.gguf$/i, ''));
    if ('problem' in read) setProblem(`${first.name.slice(0, 60)}: ${read.problem}`);
    else {
      onImport(read);
      setSaid(`Read ${first.name.slice(0, 60)}: ${read.name}, ${String(read.model.shape.layers)} layers. ${read.remarks.join(' ')}`);
    }
  };

  const takeText = async (): Promise<void> => {
    setSaid(null);
    setProblem(null);
    const plain = text.trim();
    if (plain === '') setProblem('Paste a command line or a config.json first.');
    else if (plain.startsWith('{')) {
      const read = await readModel({ kind: 'config', text: plain }, 'the pasted config.json');
      if ('problem' in read) setProblem(read.problem);
      else {
        onImport(read);
        setSaid(`Read the pasted config.json: ${String(read.model.shape.layers)} layers. ${read.remarks.join(' ')}`);
      }
    } else {
      const { change, understood, problems } = readCommand(plain, data);
      if (Object.keys(change).length > 0) onChange(change);
      if (change.model !== undefined) onImport(null);
      setSaid(understood.length === 0 ? null : `Taken over: ${understood.join('; ')}.`);
      setProblem(problems.length === 0 ? null : problems.join(' '));
    }
  };

  return (
    <div
      class={over ? 'import over' : 'import'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => {
        setOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void take([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      <div class="field">
        <label for="import-file">A .gguf file, all parts of a split one, or a config.json</label>
        <input
          id="import-file"
          type="file"
          accept=".gguf,.json"
          multiple
          aria-describedby="import-file-help"
          onChange={(event) => {
            const field = event.currentTarget;
            void take([...(field.files ?? [])]).then(() => {
              field.value = '';
            });
          }}
        />
        <p id="import-file-help" class="help">
          Only the header is read, here in your browser; nothing is sent anywhere. You may drop it here, too.
        </p>
      </div>
      <div class="field">
        <label for="import-text">Or paste a llama.cpp command, a Modelfile or a config.json</label>
        <textarea
          id="import-text"
          rows={3}
          spellcheck={false}
          maxLength={200_000}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
          }}
        />
        <p class="actions">
          <button
            type="button"
            class="plain"
            onClick={() => {
              void takeText();
            }}
          >
            Take it over
          </button>
          {imported !== null && (
            <button
              type="button"
              class="plain"
              onClick={() => {
                onImport(null);
                setSaid('Back to the model of the list.');
              }}
            >
              Back to the list
            </button>
          )}
        </p>
      </div>
      {problem !== null && (
        <p class="problems" role="alert" data-import-problem>
          {problem}
        </p>
      )}
      {said !== null && (
        <p class="help" role="status" data-import-said>
          {said}
        </p>
      )}
    </div>
  );
}
