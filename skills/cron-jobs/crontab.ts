// Reading and writing the user's crontab through the two commands an operator grants: `crontab -l` and `crontab -`.
import type { Context } from 'signet-host/plugin';

const SHOWN = 500;

/** The crontab's text; a user without one has the empty text. Any other failure is an error. */
export async function readCrontab(ctx: Context): Promise<string> {
  const result = await ctx.exec({ command: 'crontab -l' });
  if (result.status !== 'done') throw new Error(`crontab -l was not run: ${result.action}`);
  if (result.exitCode === 0) return result.stdout;
  if (result.exitCode === 1 && result.stderr.includes('no crontab for')) return '';
  throw new Error(`crontab -l ended with ${result.exitCode}: ${result.stderr.trim().slice(0, SHOWN)}`);
}

/** Replaces the crontab as a whole, as crontab(1) does: atomically, after its own check of the syntax. */
export async function writeCrontab(ctx: Context, text: string): Promise<void> {
  const result = await ctx.exec({ command: 'crontab -', stdin: text });
  if (result.status !== 'done') throw new Error(`crontab - was not run: ${result.action}`);
  if (result.exitCode !== 0)
    throw new Error(`crontab - ended with ${result.exitCode}: ${result.stderr.trim().slice(0, SHOWN)}`);
}

/** The text with the lines added at its end; a last line without a newline gets one. */
export function withLines(text: string, lines: readonly string[]): string {
  const base = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return base + lines.map((line) => `${line}\n`).join('');
}

/** The text without one occurrence, the last, of each of the lines. Every other byte stays. */
export function withoutLines(text: string, lines: readonly string[]): string {
  const kept = text.split('\n');
  for (const line of lines) {
    const at = kept.lastIndexOf(line);
    if (at !== -1) kept.splice(at, 1);
  }
  return kept.join('\n');
}
