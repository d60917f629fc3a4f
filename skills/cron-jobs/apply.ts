// Apply function `jobs_to_crontab_per_entry` (CONTRACTS.md §1): each entry is accepted or refused by itself, the accepted
// lines are written in one replacement, and what was written is looked at again.
import type { Context } from 'signet-host/plugin';
import { formatCronLine } from './cron-line.ts';
import { readCrontab, withLines, withoutLines, writeCrontab } from './crontab.ts';

interface Entry {
  id: string;
  data: Record<string, unknown>;
}

interface Outcome {
  applied: { id: string; action: string }[];
  would: { id: string; action: string }[];
  errors: { id: string; message: string }[];
}

export const BACKUP_PREFIX = 'backup/';
const BACKUPS_KEPT = 30;

/** Adds the missing entries' lines to the crontab; a person's lines are never touched. */
export async function applyPerEntry(
  missing: readonly Entry[],
  dryRun: boolean,
  ctx: Context,
): Promise<Outcome> {
  const errors: Outcome['errors'] = [];
  const accepted: { id: string; action: string }[] = [];
  for (const { id, data } of missing) {
    try {
      accepted.push({ id, action: formatCronLine(data) });
    } catch (error) {
      errors.push({ id, message: (error as Error).message });
    }
  }
  if (dryRun) return { applied: [], would: accepted, errors };
  if (accepted.length === 0) return { applied: [], would: [], errors };

  await keepBackup(await readCrontab(ctx), ctx);
  // Read again just before writing: what a person saved in between is part of what is written.
  const before = await readCrontab(ctx);
  const present = new Set(before.split('\n'));
  const lines = [...new Set(accepted.map(({ action }) => action))].filter((line) => !present.has(line));
  await writeCrontab(ctx, withLines(before, lines));

  const after = await readCrontab(ctx);
  const now = new Set(after.split('\n'));
  const lost = lines.filter((line) => !now.has(line));
  if (lost.length === 0) return { applied: accepted, would: [], errors };
  // Not what was declared: take back our own lines, and only those, from whatever the crontab is by now.
  await writeCrontab(ctx, withoutLines(after, lines));
  const message = `the crontab did not keep ${lost.length} of ${lines.length} lines; Signet's own were taken back`;
  return { applied: [], would: [], errors: [...errors, ...accepted.map(({ id }) => ({ id, message }))] };
}

/** Keeps the crontab as it was, under the time of the backup; the oldest beyond 30 go. */
async function keepBackup(text: string, ctx: Context): Promise<void> {
  const at = new Date(await ctx.clock.now()).toISOString();
  await ctx.kv.set(`${BACKUP_PREFIX}${at}`, text);
  const keys = (await ctx.kv.list(BACKUP_PREFIX)).sort();
  for (const key of keys.slice(0, -BACKUPS_KEPT)) await ctx.kv.delete(key);
}
