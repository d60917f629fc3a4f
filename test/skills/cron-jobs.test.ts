// The bundle `cron-jobs` in the real isolate, against a crontab that the test keeps (CONTRACTS.md §1: the holes of the known
// implementation, each a test).
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AskedEffect, openTestBundle, type TestBundle } from '../../sdk/testing.ts';
import { formatCronLine } from '../../skills/cron-jobs/cron-line.ts';
import { sharedPath } from '../shared.ts';

const SHARED = sharedPath('data/convergence/jobs_registry.yaml');

const job = (overrides: Record<string, unknown> = {}) => ({
  entry: 'kb_dream.sh',
  interval: '0 3 * * *',
  log: '~/kb_dream.log',
  ...overrides,
});

describe('formatCronLine', () => {
  // job | line
  test.each([
    [job(), "0 3 * * * bash -lc 'bash ~/kb_dream.sh >> ~/kb_dream.log 2>&1'"],
    [job({ entry: 'kb_embed.py' }), "0 3 * * * bash -lc 'python3 ~/kb_embed.py >> ~/kb_dream.log 2>&1'"],
    [
      job({ entry: 'kb_dream.sh --map-notes' }),
      "0 3 * * * bash -lc 'bash ~/kb_dream.sh --map-notes >> ~/kb_dream.log 2>&1'",
    ],
    [
      job({ entry: 'jobs/dblp/run_dblp.sh' }),
      "0 3 * * * bash -lc 'bash ~/.openclaw/jobs/dblp/run_dblp.sh >> ~/kb_dream.log 2>&1'",
    ],
    [
      job({ interval: '*/10 8,12-14 * * 1' }),
      "*/10 8,12-14 * * 1 bash -lc 'bash ~/kb_dream.sh >> ~/kb_dream.log 2>&1'",
    ],
    [
      job({ interval: '0 9 * * MON-FRI' }),
      "0 9 * * MON-FRI bash -lc 'bash ~/kb_dream.sh >> ~/kb_dream.log 2>&1'",
    ],
  ])('%o', (given, line) => {
    expect(formatCronLine(given)).toBe(line);
  });

  // what | job
  test.each<[string, Record<string, unknown>]>([
    ['a newline in entry', { entry: 'a.sh\n* * * * * evil.sh' }],
    ['a newline in interval', { interval: '0 3 * * *\n* * * * * evil' }],
    ['a semicolon in interval', { interval: '0 3 * * *; rm' }],
    ['a redirection in entry', { entry: 'a.sh > /etc/passwd' }],
    ['dots in entry', { entry: '../a.sh' }],
    ['dots inside entry', { entry: 'jobs/../../a.sh' }],
    ['a per cent sign in entry', { entry: 'a%.sh' }],
    ['an expansion in entry', { entry: 'a${IFS}b.sh' }],
    ['a quote in entry', { entry: "a'.sh" }],
    ['a backtick in an argument', { entry: 'a.sh `id`' }],
    ['an absolute entry', { entry: '/etc/a.sh' }],
    ['another file type', { entry: 'a.rb' }],
    ['two spaces in entry', { entry: 'a.sh  --x' }],
    ['four fields', { interval: '0 3 * *' }],
    ['six fields', { interval: '0 0 3 * * *' }],
    ['a field out of range', { interval: '61 3 * * *' }],
    ['a nickname', { interval: '@reboot' }],
    ['an extension of one cron library', { interval: '0 3 L * *' }],
    ['a tab', { interval: '0\t3 * * *' }],
    ['a newline in log', { log: '~/a.log\nx' }],
    ['dots in log', { log: '~/../a.log' }],
    ['a relative log', { log: 'a.log' }],
    ['an expansion in log', { log: '~/$(id).log' }],
    ['no log', { log: null }],
    ['no entry', { entry: null }],
    ['a number as interval', { interval: 5 }],
  ])('%s is refused', (_what, overrides) => {
    expect(() => formatCronLine(job(overrides))).toThrowError(/^(entry|interval|log): /);
  });

  test('whatever goes in, a line is one line of the allowlist or an error', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('a.sh', '0 3 * * *', '~/x.log', "a.sh'\n%;", 'jobs/a.py -x'),
    );
    fc.assert(
      fc.property(text, text, text, (entry, interval, log) => {
        let line: string;
        try {
          line = formatCronLine({ entry, interval, log });
        } catch {
          return;
        }
        expect(line).toMatch(
          /^[0-9A-Za-z*,/ -]+ bash -lc '(bash|python3) ~\/[A-Za-z0-9_./=:, -]+ >> [~/][A-Za-z0-9_./-]+ 2>&1'$/,
        );
        expect(line).not.toContain('..');
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('in the isolate', () => {
  let bundle: TestBundle;
  /** The crontab; null where the user has none. */
  let crontab: string | null;
  let kv: Map<string, string>;
  let registry: string;
  /** What happens to a text on its way into the crontab. */
  let install: (text: string) => string;

  const answer = ({ capability, args }: AskedEffect): unknown => {
    const asked = args as { command: string; stdin?: string; key: string; value: string; prefix?: string };
    switch (`${capability} ${asked.command ?? ''}`.trim()) {
      case 'fs.read':
        return { text: registry };
      case 'clock':
        return { now: 1_800_000_000_000 + kv.size };
      case 'kv.set':
        kv.set(asked.key, asked.value);
        return { status: 'done' };
      case 'kv.get':
        return { value: kv.get(asked.key) ?? null };
      case 'kv.list':
        return { keys: [...kv.keys()].filter((key) => key.startsWith(asked.prefix ?? '')) };
      case 'kv.delete':
        kv.delete(asked.key);
        return { status: 'done' };
      case 'exec crontab -l':
        return crontab === null
          ? { status: 'done', exitCode: 1, stdout: '', stderr: 'no crontab for me\n' }
          : { status: 'done', exitCode: 0, stdout: crontab, stderr: '' };
      case 'exec crontab -':
        crontab = install(asked.stdin ?? '');
        return { status: 'done', exitCode: 0, stdout: '', stderr: '' };
      default:
        throw new Error(`unexpected ${capability}`);
    }
  };

  beforeAll(async () => {
    bundle = await openTestBundle(new URL('../../skills/cron-jobs', import.meta.url).pathname, answer);
  });
  afterAll(() => bundle.close());
  beforeEach(() => {
    crontab = null;
    kv = new Map();
    install = (text) => text;
  });

  const apply = (missing: object[], dryRun = false) =>
    bundle.call('apply/jobs_to_crontab_per_entry', { missing, extra: [], dryRun }, { dryRun }) as Promise<{
      applied: { id: string; action: string }[];
      would: { id: string; action: string }[];
      errors: { id: string; message: string }[];
    }>;
  const entry = (id: string, overrides: Record<string, unknown> = {}) => ({
    id,
    data: job({ entry: id, ...overrides }),
  });

  test.skipIf(SHARED === undefined)(
    'the real registry: 40 enabled system jobs of 46, each with its line',
    async () => {
      registry = readFileSync(SHARED ?? '', 'utf8');
      const { entries } = (await bundle.call('extractor/registry_enabled_system_jobs', {
        source: '/r.yaml',
        identifier_field: 'entry',
      })) as { entries: { id: string; data: Record<string, unknown> }[] };
      expect(entries).toHaveLength(40);
      expect(entries.map(({ id }) => id)).toContain('kb_dream.sh --map-sources');
      const { would, errors } = await apply(entries, true);
      expect(errors).toEqual([]);
      expect(would.map(({ action }) => action)).toContain(
        "0 8,20 * * * bash -lc 'bash ~/.openclaw/jobs/arxiv_monitor/run_arxiv.sh >> ~/.openclaw/logs/jobs/arxiv_monitor.log 2>&1'",
      );
      expect(crontab).toBeNull();
    },
  );

  test.each([
    ['no list', 'version: 1'],
    ['a job without entry', 'jobs: [{enabled: true, scheduler: system}]'],
    ['not YAML', 'jobs: ['],
  ])('a registry with %s is an error, never empty', async (_what, text) => {
    registry = text;
    await expect(
      bundle.call('extractor/registry_enabled_system_jobs', { source: '/r' }),
    ).rejects.toMatchObject({ code: 'E_GUEST' });
  });

  test('a registry whose jobs are all disabled declares nothing', async () => {
    registry =
      'jobs: [{entry: a.sh, enabled: false, scheduler: system}, {entry: b.sh, enabled: true, scheduler: openclaw}]';
    expect(await bundle.call('extractor/registry_enabled_system_jobs', { source: '/r' })).toEqual({
      entries: [],
    });
  });

  test('a dry run writes nothing and says each line', async () => {
    crontab = 'mine\n';
    expect(await apply([entry('a.sh')], true)).toEqual({
      applied: [],
      would: [{ id: 'a.sh', action: formatCronLine(job({ entry: 'a.sh' })) }],
      errors: [],
    });
    expect(crontab).toBe('mine\n');
  });

  test("a person's lines stay byte for byte, ours come after them, a backup is kept", async () => {
    const before = '# mine\n\n0 1 * * * /usr/bin/true\nMAILTO=""';
    crontab = before;
    await apply([entry('a.sh'), entry('b.sh')]);
    expect(crontab).toBe(
      `${before}\n${formatCronLine(job({ entry: 'a.sh' }))}\n${formatCronLine(job({ entry: 'b.sh' }))}\n`,
    );
    expect([...kv.values()]).toEqual([before]);
    const { backups } = (await bundle.call('skill/crontab_backups', {})) as { backups: string[] };
    expect(await bundle.call('skill/crontab_backups', { at: backups[0] })).toMatchObject({ text: before });
  });

  test('one bad entry is refused by itself', async () => {
    const { applied, errors } = await apply([
      entry('a.sh'),
      entry('bad.sh', { entry: 'x.sh\n* * * * * evil' }),
    ]);
    expect(applied.map(({ id }) => id)).toEqual(['a.sh']);
    expect(errors).toMatchObject([{ id: 'bad.sh', message: expect.stringContaining('entry') }]);
    expect(crontab).not.toContain('evil');
  });

  test('a line that is there already is not added twice', async () => {
    crontab = `${formatCronLine(job({ entry: 'a.sh' }))}\n`;
    await apply([entry('a.sh')]);
    expect(crontab).toBe(`${formatCronLine(job({ entry: 'a.sh' }))}\n`);
  });

  test('where the crontab does not keep our lines, only ours are taken back and a person’s edit stays', async () => {
    crontab = 'mine\n';
    let writes = 0;
    install = (text) => (++writes === 1 ? `${text.replace(/^.*b\.sh.*\n/m, '')}edited meanwhile\n` : text);
    const { applied, errors } = await apply([entry('a.sh'), entry('b.sh')]);
    expect(applied).toEqual([]);
    expect(errors.map(({ id }) => id)).toEqual(['a.sh', 'b.sh']);
    expect(crontab).toBe('mine\nedited meanwhile\n');
  });

  test('a crontab that cannot be read applies nothing', async () => {
    const broken = (effect: AskedEffect): unknown =>
      (effect.args as { command?: string }).command === 'crontab -l'
        ? { status: 'done', exitCode: 1, stdout: '', stderr: 'you are not allowed to use this program' }
        : answer(effect);
    const other = await openTestBundle(new URL('../../skills/cron-jobs', import.meta.url).pathname, broken);
    try {
      const call = other.call('apply/jobs_to_crontab_per_entry', {
        missing: [entry('a.sh')],
        extra: [],
        dryRun: false,
      });
      await expect(call).rejects.toMatchObject({
        code: 'E_GUEST',
        message: expect.stringContaining('not allowed'),
      });
      expect(crontab).toBeNull();
    } finally {
      await other.close();
    }
  });

  test('at most thirty backups are kept, the newest', async () => {
    for (let i = 0; i < 33; i++) await apply([entry(`job${i}.sh`)]);
    expect(kv.size).toBe(30);
  });
});
