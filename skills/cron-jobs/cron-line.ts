// One cron line from one declared job (CONTRACTS.md §1 "Cron line"). Every field is an allowlist: a newline, `;`, `%`, `>`,
// `..` or `${}` anywhere would become a command that nobody declared.
import { Cron } from 'croner';

const FIELD = /^[0-9*,/-]+$|^(?:[0-9]+|\*|[A-Za-z]{3}(?:[-,][A-Za-z]{3})*)$/;
const PATH = /^[A-Za-z0-9_][A-Za-z0-9_./-]*\.(?:sh|py)$/;
const ARGUMENT = /^[A-Za-z0-9_.=:,/-]+$/;
const LOG = /^(?:~\/|\/)[A-Za-z0-9_./-]+$/;
/** Where a deployment puts what the registry calls `jobs/…`. */
const JOBS_PREFIX = '.openclaw/';

/** `<5-field> bash -lc '<bash|python3> ~/<entry> >> <log> 2>&1'`; throws an Error that names the field it refuses. */
export function formatCronLine(job: Record<string, unknown>): string {
  const interval = readInterval(job['interval']);
  const { path, rest } = readEntry(job['entry']);
  const log = readLog(job['log']);
  const runner = path.endsWith('.py') ? 'python3' : 'bash';
  const home = path.startsWith('jobs/') ? `${JOBS_PREFIX}${path}` : path;
  return `${interval} bash -lc '${runner} ~/${[home, ...rest].join(' ')} >> ${log} 2>&1'`;
}

function readInterval(value: unknown): string {
  if (typeof value !== 'string') throw new Error('interval: expected five fields');
  const fields = value.split(' ');
  if (fields.length !== 5 || !fields.every((field) => FIELD.test(field))) {
    throw new Error(`interval: expected five cron fields, found ${JSON.stringify(value)}`);
  }
  try {
    new Cron(value, { paused: true, mode: '5-part' });
  } catch (cause) {
    throw new Error(`interval: ${JSON.stringify(value)} is not a cron pattern`, { cause });
  }
  return value;
}

function readEntry(value: unknown): { path: string; rest: string[] } {
  if (typeof value !== 'string') throw new Error('entry: expected a path and arguments');
  const [path = '', ...rest] = value.split(' ');
  if (!PATH.test(path) || hasDots(path))
    throw new Error(`entry: ${JSON.stringify(value)} is not a relative path of a .sh or .py file`);
  const bad = rest.find((argument) => !ARGUMENT.test(argument) || hasDots(argument));
  if (bad !== undefined)
    throw new Error(`entry: the argument ${JSON.stringify(bad)} has characters that are not allowed`);
  return { path, rest };
}

function readLog(value: unknown): string {
  if (typeof value !== 'string' || !LOG.test(value) || hasDots(value)) {
    throw new Error(`log: ${JSON.stringify(value)} is not a path under ~ or /`);
  }
  return value;
}

const hasDots = (path: string): boolean => path.split('/').includes('..');
