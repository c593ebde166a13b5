/**
 * Predictions on the command line: JSON lines in, JSON lines out, one answer a line in the order of the questions.
 *
 * Usage: npm run --silent predict < questions.jsonl
 * Ends with status 1 when any line could not be answered; the others are answered all the same.
 */

import { createInterface } from 'node:readline';
import { answerLine } from './answer-line.ts';

process.exitCode = 0;

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (line.trim() === '') continue;
  const answer = await answerLine(line);
  if ('error' in answer) process.exitCode = 1;
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
