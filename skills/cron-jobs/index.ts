// Scheduled jobs for the spec `jobs_to_crontab`: its extractor, its apply function, and a look at the backups it keeps.
import { definePlugin, provide } from 'signet-host/plugin';
import { parse } from 'yaml';
import { z } from 'zod';
import { applyPerEntry, BACKUP_PREFIX } from './apply.ts';

/** The fields of a job that its cron line needs; descriptions and the like stay behind. */
const CARRIED = ['entry', 'interval', 'log'];

export default definePlugin([
  provide({
    kind: 'extractor',
    name: 'registry_enabled_system_jobs',
    description: 'The enabled jobs of a jobs registry whose scheduler is the system crontab.',
    annotations: { readOnly: true, idempotent: true },
    async run({ source, identifier_field: field = 'entry' }, ctx) {
      const registry: unknown = parse(await ctx.fs.readText(source), { maxAliasCount: 0 });
      const jobs = (registry as { jobs?: unknown } | null)?.jobs;
      if (!Array.isArray(jobs)) throw new Error('the registry has no list `jobs`');
      const entries = [];
      for (const [index, job] of (jobs as Record<string, unknown>[]).entries()) {
        if (typeof job !== 'object' || job === null) throw new Error(`job ${index} is not a mapping`);
        if (job['enabled'] !== true || job['scheduler'] !== 'system') continue;
        const id = job[field];
        if (typeof id !== 'string' || id === '') throw new Error(`job ${index} has no ${field}`);
        entries.push({ id, data: Object.fromEntries(CARRIED.map((key) => [key, job[key] ?? null])) });
      }
      return { entries };
    },
  }),
  provide({
    kind: 'apply',
    name: 'jobs_to_crontab_per_entry',
    description: 'Adds the cron lines of missing jobs to the crontab of the user that runs the host.',
    annotations: { idempotent: true },
    run: ({ missing, dryRun }, ctx) => applyPerEntry(missing, dryRun || ctx.dryRun, ctx),
  }),
  provide({
    kind: 'skill',
    name: 'crontab_backups',
    description: 'Lists the backups that were kept before each change of the crontab; with `at`, shows one.',
    annotations: { readOnly: true, idempotent: true },
    input: z.object({ at: z.string().optional() }),
    output: z.object({ backups: z.array(z.string()), text: z.string().nullable() }),
    async run({ at }, ctx) {
      const keys = await ctx.kv.list(BACKUP_PREFIX);
      const text = at === undefined ? null : await ctx.kv.get(`${BACKUP_PREFIX}${at}`);
      return { backups: keys.map((key) => key.slice(BACKUP_PREFIX.length)).sort(), text };
    },
  }),
]);
