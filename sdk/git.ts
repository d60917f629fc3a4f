// What git says of a source folder, for the provenance (SLSA v1): repository, commit, and whether the tree is clean.
import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { relative } from 'node:path';

export interface GitState {
  /** URL of `origin` without credentials, or `file:` where there is none. */
  readonly repository: string;
  /** The folder inside the repository; `.` for its root. */
  readonly path: string;
  readonly commit: { readonly id: string; readonly clean: boolean } | null;
}

/** The state of a folder. One that is in no repository, or in one without a commit, has no commit. */
export function gitState(folder: string): GitState {
  const top = git(folder, 'rev-parse', '--show-toplevel');
  if (top === undefined) return { repository: 'file:', path: '.', commit: null };
  const path = relative(realpathSync(top), realpathSync(folder)) || '.';
  const repository = withoutCredentials(git(folder, 'remote', 'get-url', 'origin') ?? 'file:');
  const id = git(folder, 'rev-parse', '--verify', '--quiet', 'HEAD');
  if (id === undefined) return { repository, path, commit: null };
  const clean = git(folder, 'status', '--porcelain', '--untracked-files=all', '--', '.') === '';
  return { repository, path, commit: { id, clean } };
}

/** The output of one git command; undefined where it fails, which here means "there is none". */
function git(folder: string, ...args: string[]): string | undefined {
  try {
    // A stranger's repository must not run programs of its own: no hooks, no fsmonitor, no pager.
    const guarded = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', '--no-pager', ...args];
    return execFileSync('git', guarded, {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

function withoutCredentials(remote: string): string {
  return remote.replace(/^([a-z+]+:\/\/)[^/@]*@/i, '$1').slice(0, 1024);
}
