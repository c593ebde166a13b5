import { z } from 'astro/zod';
import { date, id, recordBase } from './common.ts';

/** A program of the trade: one that runs models (a loader), one that people talk to (a front-end), or both. */
export const program = z.strictObject({
  ...recordBase,
  name: z.string().min(2),
  kind: z.enum(['loader', 'front-end', 'both']),
  /** What it is, in one plain sentence. */
  summary: z.string().min(20).max(180),
  /** Who is served well by it. */
  suits: z.string().min(10).max(180),
  /** What it does not do, or where it bites. */
  lacks: z.string().min(10).max(220),
  /** File formats it loads: ids of `formats.jsonl`; none for a front-end that loads nothing itself. */
  formats: z.array(id),
  /** Ways to compute that it has. */
  hardware: z.array(z.enum(['cpu', 'cuda', 'rocm', 'vulkan', 'metal', 'sycl', 'openvino', 'npu', 'tpu'])),
  platforms: z.array(z.enum(['windows', 'linux', 'macos', 'android', 'ios', 'browser'])).min(1),
  /** Interfaces it offers to other programs. */
  apis: z.array(z.enum(['openai', 'anthropic', 'ollama', 'own'])),
  /** For a front-end: what it talks to. */
  speaks: z.array(z.enum(['openai', 'anthropic', 'ollama', 'koboldcpp', 'llama.cpp', 'built-in'])),
  licence: z.strictObject({ name: z.string().min(2), url: z.url() }),
  /** Where it lives. */
  url: z.url(),
  /** The newest release whose documentation was read. */
  version: z.string().min(1).nullable(),
  released: date.nullable(),
  /** Path of the page about it. */
  page: z
    .string()
    .regex(/^[a-z0-9-]+(\/[a-z0-9-]+)*$/)
    .nullable(),
});

export type Program = z.infer<typeof program>;
