import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { EngineError } from '../../engine/errors.ts';
import { batchWeightBytes, pagedCacheBytes, projectorBytes, speculate, trainingMemory, type Training } from '../../engine/extras.ts';
import { formatBytes, formatRate, type SizeUnit } from '../../engine/format.ts';
import { predict } from '../../engine/predict.ts';
import { workOf, type Worked } from './answer.ts';
import type { CalculatorData } from './data.ts';
import { Check, Field, Options, Select, Whole } from './fields.tsx';
import type { Lists } from './SetUpForm.tsx';
import type { Draft, SetUpState } from './state.ts';

interface AdvancedProps {
  readonly worked: Worked;
  readonly data: CalculatorData;
  readonly lists: Lists;
  readonly unit: SizeUnit;
  readonly onChange: (change: Partial<SetUpState>) => void;
}

const DEFAULT_DRAFT: Draft = { model: 'llama-3-2-1b', tokens: 4, acceptance: 70 };

function Drafting({ worked, data, lists, unit, onChange }: AdvancedProps): JSX.Element {
  const { state, request, setUp, answer } = worked;
  const { draft } = state;
  const small = draft === null ? undefined : data.models.find(({ id }) => id === draft.model);
  let text = 'Choose a small model of the same family: it drafts, the large one checks several tokens in one go.';
  if (draft !== null && small !== undefined) {
    try {
      const alone = predict({ ...request, work: workOf(small, 'Q8_0'), gpuLayers: 9999, cpuMoeLayers: 0 }, setUp);
      const large = 1 / answer.decode.tokensPerSecond;
      const gain = speculate(large, 1 / alone.decode.tokensPerSecond, draft.tokens, draft.acceptance / 100);
      const bytes = alone.devices.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
      text = `${gain.tokensPerPass.toFixed(2)} tokens a pass: about ${formatRate(1 / gain.secondsPerToken)} tokens/s, ${gain.speedup.toFixed(2)} times as fast as without, for ${formatBytes(bytes, unit)} more (${small.name} at Q8_0 with the same context). Acceptance decides it, and depends on the text.`;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      text = error.message;
    }
  }
  return (
    <section aria-label="Speculative decoding">
      <h4 id="drafting">Speculative decoding</h4>
      <div class="fields narrow">
        <Field id="draft-model" label="Model that drafts">
          <select
            id="draft-model"
            value={draft?.model ?? ''}
            onChange={(event) => {
              const chosen = event.currentTarget.value;
              onChange({ draft: chosen === '' ? null : { ...(draft ?? DEFAULT_DRAFT), model: chosen } });
            }}
          >
            <option value="">none</option>
            <Options groups={lists.models} selected={null} />
          </select>
        </Field>
        {draft !== null && (
          <>
            <Whole
              id="draft-tokens"
              field="draftTokens"
              label="Tokens drafted at once"
              value={draft.tokens}
              onValue={(tokens) => {
                if (tokens !== null) onChange({ draft: { ...draft, tokens } });
              }}
            />
            <Whole
              id="draft-acceptance"
              field="acceptance"
              label="Of 100 drafted, taken"
              value={draft.acceptance}
              onValue={(acceptance) => {
                if (acceptance !== null) onChange({ draft: { ...draft, acceptance } });
              }}
            />
          </>
        )}
      </div>
      <p class="basis" data-draft>
        {text}
      </p>
    </section>
  );
}

function Training({ worked, unit }: AdvancedProps): JSX.Element {
  const [training, setTraining] = useState<Training>('qlora');
  const [rank, setRank] = useState(16);
  const [tokens, setTokens] = useState(2048);
  const [checkpointing, setCheckpointing] = useState(true);
  const memory = trainingMemory(worked.request.work, { training, rank, sequenceTokens: tokens, batch: 1, checkpointing });
  return (
    <section aria-label="Fine-tuning memory">
      <h4 id="fine-tuning">Memory for fine-tuning</h4>
      <div class="fields narrow">
        <Select
          id="train-kind"
          label="Kind"
          value={training}
          options={[
            ['qlora', 'QLoRA'],
            ['lora', 'LoRA'],
            ['full', 'full'],
          ]}
          onChoose={setTraining}
        />
        {training !== 'full' && (
          <Whole
            id="train-rank"
            field="rank"
            label="Rank"
            value={rank}
            onValue={(value) => {
              if (value !== null) setRank(value);
            }}
          />
        )}
        <Whole
          id="train-tokens"
          field="prompt"
          label="Tokens of a sequence"
          value={tokens}
          onValue={(value) => {
            if (value !== null) setTokens(value);
          }}
        />
        <Check
          id="train-checkpoint"
          label="Recompute activations (gradient checkpointing)"
          value={checkpointing}
          onValue={setCheckpointing}
        />
      </div>
      <p class="basis" data-training>
        About {formatBytes(memory.totalBytes, unit)}: weights {formatBytes(memory.weightsBytes, unit)}, gradients{' '}
        {formatBytes(memory.gradientBytes, unit)}, optimizer {formatBytes(memory.optimizerBytes, unit)}, activations{' '}
        {formatBytes(memory.activationBytes, unit)}. One sequence at a time, Adam, 16 bits.
      </p>
    </section>
  );
}

function Users({ worked, unit }: AdvancedProps): JSX.Element {
  const [users, setUsers] = useState(4);
  const [tokens, setTokens] = useState(4096);
  const { request, setUp, answer } = worked;
  const cache = pagedCacheBytes(request.work, Array<number>(users).fill(tokens), request.cacheTypeK, request.cacheTypeV);
  const one = batchWeightBytes(request.work, 1);
  const all = batchWeightBytes(request.work, users);
  // Reading the weights once serves everybody; each reads a cache of their own.
  const bandwidth = setUp.gpus[0]?.bandwidth ?? setUp.host?.bandwidth ?? 1;
  const usable = (one / bandwidth) * answer.decode.tokensPerSecond;
  const together = users / ((all + cache) / (bandwidth * Math.min(1, Math.max(usable, 0.05))));
  return (
    <section aria-label="Several users">
      <h4 id="users">Several users at once</h4>
      <div class="fields narrow">
        <Whole
          id="users-count"
          field="users"
          label="Users writing at the same time"
          value={users}
          onValue={(value) => {
            if (value !== null) setUsers(value);
          }}
        />
        <Whole
          id="users-tokens"
          field="prompt"
          label="Tokens in each conversation"
          value={tokens}
          onValue={(value) => {
            if (value !== null) setTokens(value);
          }}
        />
      </div>
      <p class="basis" data-users>
        Their caches take {formatBytes(cache, unit)} in pages of sixteen tokens. One step reads {formatBytes(all, unit)} of weights for all
        of them, {formatBytes(one, unit)} for one alone. So long as bandwidth is the limit, that is up to about {formatRate(together)}{' '}
        tokens/s together, {formatRate(together / users)} each: a bound, not a measurement.
      </p>
    </section>
  );
}

function Projector({ worked, unit }: AdvancedProps): JSX.Element | null {
  const { visionB } = worked.model;
  if (!worked.model.inputs.includes('image')) return null;
  return (
    <section aria-label="Reading pictures">
      <h4 id="pictures">Reading pictures</h4>
      <p class="basis">
        {visionB === undefined
          ? 'The part that reads pictures is a file of its own (mmproj), usually about a gigabyte; how large it is for this model is not in the data.'
          : `The part that reads pictures is a file of its own (mmproj): ${visionB.toLocaleString('en-GB')} billion weights, ${formatBytes(projectorBytes(visionB * 1e9), unit)} at 16 bits.`}{' '}
        Each picture also takes hundreds of tokens of the context.
      </p>
    </section>
  );
}

/** What comes on top: drafts, pictures, training, many users. */
export function Advanced(props: AdvancedProps): JSX.Element {
  return (
    <div class="advanced">
      <Drafting {...props} />
      <Projector {...props} />
      <Users {...props} />
      <Training {...props} />
    </div>
  );
}
