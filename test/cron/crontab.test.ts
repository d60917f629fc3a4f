// The main job on the real crontab of a throwaway user that `.ci/run` made: a packed copy of Signet, run as that user, on the
// seed's own files, unchanged.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditReport } from '../../src/contracts/convergence.ts';
import { sharedPath } from '../shared.ts';

const USER = process.env['SIGNET_CRON_USER'] ?? '';
const CLONE = fileURLToPath(new URL('../../', import.meta.url));
const DATA = sharedPath('data/convergence');

let root: string;
let project: string;
let data: string;

/** One command line as the throwaway user, in the project. */
function as(command: string, ...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: join(root, 'home'),
    LANG: 'C.UTF-8',
    SIGNET_CONFIG_DIR: join(root, 'home', 'config'),
  };
  const { status, stdout, stderr } = spawnSync(
    'setpriv',
    ['--reuid', USER, '--regid', USER, '--init-groups', command, ...args],
    { cwd: project, env, encoding: 'utf8', timeout: 120_000 },
  );
  return { code: status, stdout, stderr };
}
const signet = (...args: string[]) =>
  as(join(root, 'node'), join(project, 'node_modules', 'signet-host', 'sdk', 'bin', 'signet.js'), ...args);
const audit = (...args: string[]) =>
  signet('audit', '--specs', join(data, 'convergence_ontology.yaml'), '--spec', 'jobs_to_crontab', ...args);
const crontab = (): string => as('crontab', '-l').stdout;
function setCrontab(text: string): void {
  const file = join(root, 'crontab.txt');
  writeFileSync(file, text);
  expect(as('crontab', file).code).toBe(0);
}

beforeAll(() => {
  if (USER === '') throw new Error('SIGNET_CRON_USER names no throwaway user: run .ci/run');
  if (DATA === undefined) return;
  root = realpathSync(mkdtempSync(join(tmpdir(), 'signet-cron-')));
  project = join(root, 'project');
  data = join(root, 'data');
  for (const folder of [project, join(root, 'home')]) mkdirSync(folder);
  chmodSync(root, 0o755);
  cpSync(DATA, data, { recursive: true });
  execFileSync('chmod', ['-R', 'a+rX,u+w', data]);
  // The packed copy, and the Node that runs this test, where the user can read them.
  cpSync(process.execPath, join(root, 'node'));
  chmodSync(join(root, 'node'), 0o755);
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', root], {
      cwd: CLONE,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as [{ filename: string }];
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({
      name: 'cron',
      version: '1.0.0',
      private: true,
      allowScripts: { esbuild: true, 'isolated-vm': true },
    }),
  );
  execFileSync(
    'npm',
    ['install', join(root, filename), '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: project, stdio: 'ignore' },
  );
  execFileSync('chown', ['-R', `${USER}:${USER}`, project, join(root, 'home')]);
  as('crontab', '-r');
}, 400_000);
afterAll(() => {
  if (root === undefined) return;
  as('crontab', '-r');
  rmSync(root, { recursive: true, force: true });
});

const inOrder = test.skipIf(DATA === undefined);

inOrder('the first-party bundles come in, as that user', () => {
  const script = `import { openHost } from 'signet-host/runtime'; const host = await openHost({ directory: '.', prepare: true }); await host.close();`;
  const { code, stderr } = as(join(root, 'node'), '--input-type=module', '--eval', script);
  expect(stderr).toBe('');
  expect(code).toBe(0);
});

inOrder('without a grant the audit is an error of the spec that names the command which grants', () => {
  const { code, stdout } = audit();
  expect(code).toBe(2);
  expect(stdout).toMatch(
    /✗ \[jobs_to_crontab\] extractor_failed: .*E_CAPABILITY_DENIED\]\n {4}do: signet grant signet\/cron-jobs fs\.read --path /,
  );
});

inOrder('each grant that is asked for is given', () => {
  const grants = [
    ['signet/cron-jobs', 'fs.read', '--path', data],
    ['signet/shell', 'exec', '--command', 'crontab -l', '--class', 'observe'],
    ['signet/cron-jobs', 'exec', '--command', 'crontab -l', '--class', 'observe'],
    ['signet/cron-jobs', 'exec', '--command', 'crontab -', '--stdin', '--class', 'mutate'],
    ['signet/cron-jobs', 'kv', '--class', 'mutate'],
  ];
  for (const grant of grants) expect(signet('grant', ...grant, '--reason', 'test').code).toBe(0);
});

inOrder(
  'no crontab for the user is an empty crontab: 40 of 40 missing, and the dry run lists the exact lines',
  () => {
    const { code, stdout } = audit();
    expect(code).toBe(1);
    expect(stdout).toContain(
      '! [jobs_to_crontab] declared=40 observed=0 missing=40 (drift_action=machine_sync) apply[dry-run]=40 apply_errors=0',
    );
    expect(stdout).toContain(
      "would apply: 40 0 * * * bash -lc 'bash ~/kb_dream.sh --map-notes >> ~/kb_dream.log 2>&1'",
    );
    expect(as('crontab', '-l').code).toBe(1);
  },
);

inOrder("--apply installs them below a person's lines, and what is seen afterwards is no drift", () => {
  const mine = '# my own\nMAILTO=""\n17 4 * * * /usr/bin/true\n';
  setCrontab(mine);
  const { code, stdout } = audit('--apply');
  expect(stdout).toContain('✓ [jobs_to_crontab] declared=40 observed=40 (no drift) apply=40 apply_errors=0');
  expect(code).toBe(0);
  expect(crontab().startsWith(mine)).toBe(true);
  expect(
    crontab()
      .split('\n')
      .filter((line) => line.includes('bash -lc')),
  ).toHaveLength(40);
  expect(audit()).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('✓ [jobs_to_crontab] declared=40 observed=40 (no drift)'),
  });
  const backups = JSON.parse(signet('call', 'skill/crontab_backups', '{}').stdout) as { backups: string[] };
  expect(backups.backups).toHaveLength(1);
});

inOrder('CONVERGENCE_DRY_RUN=1 keeps --apply dry', () => {
  const before = crontab();
  setCrontab(before.replace(/^.*hf_papers.*\n/m, ''));
  const without = crontab();
  const line = [
    'env',
    'CONVERGENCE_DRY_RUN=1',
    join(root, 'node'),
    join(project, 'node_modules', 'signet-host', 'sdk', 'bin', 'signet.js'),
  ];
  const { stdout } = as(
    line[0] ?? '',
    ...line.slice(1),
    'audit',
    '--specs',
    join(data, 'convergence_ontology.yaml'),
    '--spec',
    'jobs_to_crontab',
    '--apply',
  );
  expect(stdout).toContain('apply[dry-run]=1');
  expect(crontab()).toBe(without);
  setCrontab(before);
});

inOrder('every one of the forty lines, taken away by hand, is found again, or named ambiguous', () => {
  const full = crontab();
  const lines = full.split('\n').filter((line) => line.includes('bash -lc'));
  // Three that differ in kind stand for all: one of its own, one whose name is part of another's, a commented-out one.
  const cases: [string, string, string][] = [
    ['~/kb_trend.py', full.replace(/^.*~\/kb_trend\.py.*\n/m, ''), 'kb_trend.py'],
    ['~/kb_dream.sh >>', full.replace(/^.*~\/kb_dream\.sh >>.*\n/m, ''), 'kb_dream.sh'],
    ['~/kb_review.sh', full.replace(/^(.*~\/kb_review\.sh.*)$/m, '# $1'), 'kb_review.sh'],
  ];
  expect(lines).toHaveLength(40);
  for (const [, text, id] of cases) {
    setCrontab(text);
    const report = JSON.parse(audit('--json').stdout) as AuditReport;
    expect(report.results[0]).toMatchObject({ missing_in_runtime: [id], drift_detected: true });
    const ambiguous = report.results[0]?.ambiguous.map((one) => one.id);
    expect(ambiguous).toEqual(id === 'kb_dream.sh' ? ['kb_dream.sh'] : []);
  }
  setCrontab(full);
});

inOrder('a registry with an injected line adds nothing of it', () => {
  const registry = join(data, 'jobs_registry.yaml');
  const evil =
    'jobs:\n  - { id: a, scheduler: system, enabled: true, entry: "evil.sh\\n* * * * * /bin/evil", interval: "0 1 * * *", log: ~/a.log }\n  - { id: b, scheduler: system, enabled: true, entry: fine.sh, interval: "0 1 * * *", log: ~/b.log }\n';
  writeFileSync(registry, evil);
  const before = crontab();
  const { stdout } = audit('--apply');
  expect(stdout).toContain('apply=1 apply_errors=1');
  expect(crontab().startsWith(before)).toBe(true);
  expect(crontab()).toContain('~/fine.sh');
  expect(crontab()).not.toContain('evil');
});

inOrder('a crontab that cannot be read is an error of the spec, and nothing is applied', () => {
  const before = crontab();
  const denied = '/etc/cron.deny';
  const had = spawnSync('cat', [denied], { encoding: 'utf8' });
  writeFileSync(denied, `${had.status === 0 ? had.stdout : ''}${USER}\n`);
  try {
    const { code, stdout } = audit('--apply');
    expect(code).toBe(2);
    expect(stdout).toMatch(/✗ \[jobs_to_crontab\] observer_failed: /);
  } finally {
    if (had.status === 0) writeFileSync(denied, had.stdout);
    else rmSync(denied);
  }
  expect(crontab()).toBe(before);
});
