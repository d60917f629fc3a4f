// What git says of a source folder, for the provenance (SLSA v1): repository, commit, and whether the tree is clean. The folder
// may be a stranger's, with a `.git/config` of his own (THREATS.md 38): nothing that it names is run, and nothing is fetched.
import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { relative } from 'node:path';

export interface GitState {
  /** URL of `origin` without credentials, or `file:` where there is none. */
  readonly repository: string;
  /** The folder inside the repository; `.` for its root. */
  readonly path: string;
  /** `clean`: everything in the folder is as in the commit; false where that cannot be said. */
  readonly commit: { readonly id: string; readonly clean: boolean } | null;
}

const MAX_OUTPUT = 64 << 20;

/** Settings by which a repository makes git run programs: fsmonitor, and hooks such as post-index-change. */
const GUARDS = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', '--no-pager'];

/** Variables of git that say nothing about a repository. */
const USERS_OWN = new Set([
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_SYSTEM',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_CEILING_DIRECTORIES',
]);

/** The state of a folder. One that is in no repository, or in one without a commit, has no commit. */
export function gitState(folder: string): GitState {
  const top = git(folder, 'rev-parse', '--show-toplevel');
  if (top === undefined) return { repository: 'file:', path: '.', commit: null };
  const path = relative(realpathSync(top), realpathSync(folder)) || '.';
  const repository = withoutCredentials(git(folder, 'remote', 'get-url', 'origin') ?? 'file:');
  const id = git(folder, 'rev-parse', '--verify', '--quiet', 'HEAD');
  if (id === undefined) return { repository, path, commit: null };
  return { repository, path, commit: { id, clean: isClean(folder) } };
}

function isClean(folder: string): boolean {
  // To compare a file, git runs the filter that its attributes name: one that the repository itself defines is not run.
  const settings = git(folder, 'config', '--list', '--show-scope', '--name-only');
  if (settings === undefined || /^(?:local|worktree)\tfilter\./m.test(settings)) return false;
  // Nor is git started inside a submodule; what lies in it is then not known to be committed.
  const files = git(folder, 'ls-files', '--stage', '--', '.');
  if (files === undefined || /^160000 /m.test(files)) return false;
  return (
    git(folder, 'status', '--porcelain', '--untracked-files=all', '--ignore-submodules', '--', '.') === ''
  );
}

/** The output of one git command; undefined where it fails, which here means "there is none". */
function git(folder: string, ...args: string[]): string | undefined {
  try {
    return execFileSync('git', [...GUARDS, ...args], {
      cwd: folder,
      env: environment(),
      encoding: 'utf8',
      maxBuffer: MAX_OUTPUT,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

/** Without GIT_DIR and its like, which a hook sets and which mean another repository; no transport, also none for missing objects. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_') || USERS_OWN.has(name));
  return {
    ...Object.fromEntries(own),
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
  };
}

/** A password may hold an `@`: the host is what follows the last one. A query may hold a token. */
function withoutCredentials(remote: string): string {
  const url = /^([a-z][a-z0-9+.-]*:\/\/)(?:[^/?#]*@)?([^?#]*)/i.exec(remote);
  const plain = url === null ? remote : `${url[1]}${url[2]}`;
  return plain.slice(0, 1024);
}
