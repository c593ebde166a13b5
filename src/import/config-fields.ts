/** Fields of a Hugging Face `config.json`, read one by one and checked: whoever wrote the file, an answer or an `EngineError` comes out. */

import { EngineError } from '../engine/errors.ts';

/** Larger than any model's; what claims more is broken. */
const MOST_LAYERS = 1024;
const LARGEST_COUNT = 2 ** 31;
const LONGEST_NAME = 80;

type Json = Readonly<Record<string, unknown>>;

/** One name of a field, or several that stand for the same, the first that is there counts. */
export type Names = string | readonly string[];

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Under which name multimodal models keep their language model. */
const WRAPPERS = ['text_config', 'llm_config', 'lm_config', 'language_config', 'thinker_config', 'lfm'];
const DEEPEST_WRAPPER = 3;

export class ConfigFields {
  /** Remarks for the reader: what was assumed, and what the model has that is not computed. */
  readonly notes: string[] = [];
  /** The wrapped language model first, then what wraps it, then what Transformers fills in. */
  readonly #levels: { readonly path: string; readonly fields: Json }[] = [];

  /** @throws {EngineError} `not-a-config` when it is no JSON object */
  constructor(json: unknown) {
    let [path, fields] = ['', json];
    for (let depth = 0; isObject(fields) && depth < DEEPEST_WRAPPER; depth += 1) {
      const level = fields;
      this.#levels.unshift({ path, fields: level });
      const wrapper = WRAPPERS.find((name) => Object.hasOwn(level, name) && isObject(level[name]));
      if (wrapper === undefined) return;
      path += `${wrapper}.`;
      fields = level[wrapper];
    }
    if (this.#levels.length === 0) {
      throw new EngineError(
        'not-a-config',
        'This is no config.json of a model: it has to be a JSON object with fields such as model_type and hidden_size. Take the file config.json from the model’s page on Hugging Face.',
      );
    }
  }

  /** Whether the language model stands in a field of its own. */
  get wrapped(): boolean {
    return this.#levels.length > 1;
  }

  /** Adds what Transformers takes for fields that are not there. */
  addDefaults(fields: Json): void {
    this.#levels.push({ path: '', fields });
  }

  /** Where a field would be looked for first: "text_config.hidden_size". */
  pathOf(names: Names): string {
    const name = typeof names === 'string' ? names : (names[0] ?? '');
    return `${this.#levels[0]?.path ?? ''}${name}`;
  }

  #find(names: Names): { readonly path: string; readonly value: unknown } | null {
    for (const { path, fields } of this.#levels) {
      for (const name of typeof names === 'string' ? [names] : names) {
        const value = Object.hasOwn(fields, name) ? fields[name] : null;
        if (value !== null && value !== undefined) return { path: `${path}${name}`, value };
      }
    }
    return null;
  }

  #bad(path: string, what: string): EngineError {
    return new EngineError('config-bad-value', `The field ${path} of this config.json ${what}. Correct it, or download the file again.`);
  }

  missing(names: Names): EngineError {
    return new EngineError(
      'config-missing-field',
      `The field ${this.pathOf(names)} is missing from this config.json, and without it the model can’t be computed. Add it, or download the file again.`,
    );
  }

  contradiction(what: string): EngineError {
    return new EngineError('config-contradiction', `This config.json contradicts itself: ${what}. Correct one of the two.`);
  }

  has(names: Names): boolean {
    return this.#find(names) !== null;
  }

  text(names: Names): string | null {
    const value = this.#find(names)?.value;
    return typeof value === 'string' ? value : null;
  }

  /** A name as each level gives it, the language model's own first; of a list the first. */
  names(name: string): string[] {
    return this.#levels.flatMap(({ fields }) => {
      const given = Object.hasOwn(fields, name) ? fields[name] : null;
      const value: unknown = Array.isArray(given) ? given[0] : given;
      return typeof value === 'string' ? [value.slice(0, LONGEST_NAME)] : [];
    });
  }

  flag(names: Names): boolean | null {
    const value = this.#find(names)?.value;
    return typeof value === 'boolean' ? value : null;
  }

  #integer(path: string, given: unknown, least: number): number {
    // Some models give a figure for each layer though all are the same.
    const list: readonly unknown[] | null = Array.isArray(given) ? given : null;
    const [value] = list ?? [given];
    if (list !== null && (list.length > MOST_LAYERS || list.some((item) => item !== value)))
      throw this.#bad(path, 'is a list of different numbers where one is expected');
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > LARGEST_COUNT)
      throw this.#bad(path, `has to be a whole number from ${String(least)} to ${String(LARGEST_COUNT)}, and is ${shown(value)}`);
    return value;
  }

  /** A whole number above 0, or null when it is not there. */
  optional(names: Names, least = 1): number | null {
    const found = this.#find(names);
    return found === null ? null : this.#integer(found.path, found.value, least);
  }

  /** A whole number above 0. @throws {EngineError} `config-missing-field` when it is not there */
  count(names: Names): number {
    const value = this.optional(names);
    if (value === null) throw this.missing(names);
    return value;
  }

  /** A whole number, 0 when it is not there. */
  orZero(names: Names): number {
    return this.optional(names, 0) ?? 0;
  }

  /** A number above 0 that need not be whole. */
  factor(names: Names): number | null {
    const found = this.#find(names);
    if (found === null) return null;
    const { path, value } = found;
    if (typeof value !== 'number' || !(value > 0) || value > LARGEST_COUNT)
      throw this.#bad(path, `has to be a number above 0, and is ${shown(value)}`);
    return value;
  }

  /** How many layers there are: the number, or as many as a list has items. */
  layers(names: Names, list: string): number {
    const listed = this.#find(list)?.value;
    const value = this.optional(names) ?? (Array.isArray(listed) ? listed.length : this.count(names));
    if (value > MOST_LAYERS) throw this.#bad(this.pathOf(names), `has to be ${String(MOST_LAYERS)} at most, and is ${String(value)}`);
    return value;
  }

  /** A list with an item for each layer; items beyond them, of layers that predict further tokens, are left out. */
  byLayer(names: Names, layers: number): readonly unknown[] | null {
    const found = this.#find(names);
    if (found === null || !Array.isArray(found.value)) return null;
    const list: readonly unknown[] = found.value;
    if (list.length < layers) {
      throw this.contradiction(
        `${this.pathOf(['num_hidden_layers'])} is ${String(layers)}, and ${found.path} has ${String(list.length)} items`,
      );
    }
    return list.slice(0, layers);
  }

  /** The same with whole numbers. */
  countsByLayer(names: Names, layers: number): readonly number[] | null {
    return this.byLayer(names, layers)?.map((item, index) => this.#integer(`${this.pathOf(names)}[${String(index)}]`, item, 0)) ?? null;
  }

  /** A short list of whole numbers. */
  numbers(names: Names): readonly number[] | null {
    const found = this.#find(names);
    if (found === null || !Array.isArray(found.value)) return null;
    const list: readonly unknown[] = found.value;
    if (list.length > MOST_LAYERS) throw this.#bad(found.path, `has ${String(list.length)} items, more than a model has layers`);
    return list.map((item) => this.#integer(found.path, item, 0));
  }

  /** The fields of an object within, under the names that errors give them. */
  within(name: Names): ConfigFields | null {
    const found = this.#find(name);
    return found === null || !isObject(found.value) ? null : ConfigFields.#at(`${found.path}.`, found.value);
  }

  /** The fields of an object in a list. */
  itemOf(name: string, index: number): ConfigFields {
    const found = this.#find(name);
    const item: unknown = Array.isArray(found?.value) ? found.value[index] : null;
    const path = `${found?.path ?? name}[${String(index)}]`;
    if (!isObject(item)) throw this.#bad(path, 'has to be an object');
    return ConfigFields.#at(`${path}.`, item);
  }

  static #at(path: string, fields: Json): ConfigFields {
    const inner = new ConfigFields({});
    inner.#levels.splice(0, 1, { path, fields });
    return inner;
  }
}

function shown(value: unknown): string {
  return typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : typeof value === 'string'
      ? `“${value.slice(0, 40)}”`
      : `no number`;
}
