import type { JSX } from 'preact';
import { memo } from 'preact/compat';
import { useState } from 'preact/hooks';
import type { SizeUnit } from '../../engine/format.ts';
import type { Worked } from './answer.ts';
import { CopyButton, Select } from './fields.tsx';
import { FORMATS, shareText, type Format } from './share.ts';

interface ShareProps {
  readonly worked: Worked;
  readonly unit: SizeUnit;
  /** The query part of the answer's address. */
  readonly query: string;
  /** A model from a file can't be put into an address. */
  readonly isImported: boolean;
}

/** Takes the answer elsewhere. */
export const Share = memo(function Share({ worked, unit, query, isImported }: ShareProps): JSX.Element {
  const [format, setFormat] = useState<Format | 'Embed'>('Markdown');
  const page = new URL(location.pathname, location.origin);
  const link = `${page.origin}${page.pathname}${query}`;
  const embed = `<iframe src="${`${page.origin}${page.pathname.replace(/calculator\/$/, 'embed/')}${query}`.replaceAll('&', '&amp;')}" title="Local LLM calculator" width="100%" height="420" loading="lazy"></iframe>`;
  const text = format === 'Embed' ? embed : shareText(worked, format, link, unit);
  return (
    <section class="share" aria-label="Share">
      <h3 id="share-it">Share it</h3>
      {isImported && <p class="basis">The link leads to the model of the list: a file can’t be put into an address.</p>}
      <Select
        id="share-format"
        label="As"
        value={format}
        options={[...FORMATS.map((name) => [name, name] as const), ['Embed', 'Embed in a page']]}
        onChoose={setFormat}
      />
      <label class="visually-hidden" for="share-text">
        The answer as {format}
      </label>
      <textarea id="share-text" rows={format === 'Link' || format === 'Embed' ? 3 : 9} readOnly value={text} />
      <p class="actions">
        <CopyButton text={text} label={`Copy ${format === 'Embed' ? 'the frame' : format}`} />
        {(format === 'JSON' || format === 'CSV') && (
          <a
            class="plain"
            download={`answer.${format.toLowerCase()}`}
            href={`data:${format === 'JSON' ? 'application/json' : 'text/csv'};charset=utf-8,${encodeURIComponent(text)}`}
          >
            Save as a file
          </a>
        )}
      </p>
    </section>
  );
});
