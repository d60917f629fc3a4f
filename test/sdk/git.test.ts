// What is said of a source folder, by real repositories; and repositories whose own configuration runs programs (THREATS.md 38): each
// attack is first shown to work on plain git.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gitState } from '../../sdk/git.ts';

let root: string;
let repository: string;
let marker: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'signet-git-')));
  repository = join(root, 'repository');
  marker = join(root, 'marker');
  mkdirSync(join(repository, 'skills', 'one'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Plain git, as its user runs it. */
function git(...args: string[]): string {
  return gitIn(repository, ...args);
}
function gitIn(folder: string, ...args: string[]): string {
  const who = ['-c', 'user.name=A', '-c', 'user.email=a@example.com', '-c', 'init.defaultBranch=main'];
  return execFileSync('git', [...who, ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}
function commit(): string {
  git('init', '--quiet');
  writeFileSync(join(repository, 'file.txt'), 'text\n');
  writeFileSync(join(repository, 'skills', 'one', 'index.ts'), 'one\n');
  git('add', '.');
  git('commit', '--quiet', '--message', 'first');
  return git('rev-parse', 'HEAD');
}

describe('the state', () => {
  test('of a folder in no repository, and of one that is not there', () => {
    const none = { repository: 'file:', path: '.', commit: null };
    expect(gitState(root)).toEqual(none);
    expect(gitState(join(root, 'nowhere'))).toEqual(none);
  });

  test('of a repository without a commit', () => {
    git('init', '--quiet');
    expect(gitState(repository)).toEqual({ repository: 'file:', path: '.', commit: null });
  });

  test('of a clean one, at its root, below it, and by a link', () => {
    const id = commit();
    expect(gitState(repository)).toEqual({ repository: 'file:', path: '.', commit: { id, clean: true } });
    const folder = join(repository, 'skills', 'one');
    expect(gitState(folder)).toMatchObject({ path: 'skills/one', commit: { id, clean: true } });
    symlinkSync(folder, join(root, 'link'));
    expect(gitState(join(root, 'link'))).toMatchObject({ path: 'skills/one', commit: { id, clean: true } });
  });

  test.each<[string, () => void]>([
    ['a file changed', () => appendFileSync(join(repository, 'skills', 'one', 'index.ts'), 'more\n')],
    ['a file added', () => writeFileSync(join(repository, 'skills', 'one', 'new.ts'), '')],
    [
      'a file staged',
      () => {
        writeFileSync(join(repository, 'skills', 'one', 'new.ts'), '');
        git('add', '.');
      },
    ],
    ['a file removed', () => rmSync(join(repository, 'skills', 'one', 'index.ts'))],
    ['a mode changed', () => chmodSync(join(repository, 'skills', 'one', 'index.ts'), 0o755)],
  ])('with %s it is not clean, and another folder of it is', (_what, change) => {
    commit();
    mkdirSync(join(repository, 'skills', 'two'));
    change();
    expect(gitState(join(repository, 'skills', 'one')).commit?.clean).toBe(false);
    expect(gitState(repository).commit?.clean).toBe(false);
    expect(gitState(join(repository, 'skills', 'two')).commit?.clean).toBe(true);
  });

  test('is that of the folder, whatever repository the environment means', () => {
    const id = commit();
    const other = join(root, 'other');
    mkdirSync(other);
    gitIn(other, 'init', '--quiet');
    process.env['GIT_DIR'] = join(other, '.git');
    process.env['GIT_WORK_TREE'] = other;
    try {
      expect(gitState(repository)).toMatchObject({ path: '.', commit: { id, clean: true } });
    } finally {
      delete process.env['GIT_DIR'];
      delete process.env['GIT_WORK_TREE'];
    }
  });

  test('needs a git that runs', () => {
    commit();
    const path = process.env['PATH'];
    process.env['PATH'] = root;
    try {
      expect(gitState(repository)).toEqual({ repository: 'file:', path: '.', commit: null });
    } finally {
      process.env['PATH'] = path;
    }
  });
});

describe('the remote, without credentials', () => {
  test.each([
    ['https://example.com/acme/tools.git', 'https://example.com/acme/tools.git'],
    ['https://user:password@example.com/acme/tools', 'https://example.com/acme/tools'],
    ['https://token@example.com:8443/x', 'https://example.com:8443/x'],
    ['https://user:p@ss@example.com/x', 'https://example.com/x'],
    ['https://user:p%40ss@example.com/a@b', 'https://example.com/a@b'],
    ['https://example.com/x?private_token=secret#secret', 'https://example.com/x'],
    ['HTTPS://user:secret@example.com/x', 'HTTPS://example.com/x'],
    ['git+ssh://git:secret@example.com/x', 'git+ssh://example.com/x'],
    ['git@example.com:acme/tools.git', 'git@example.com:acme/tools.git'],
    ['../elsewhere', '../elsewhere'],
  ])('%s', (remote, expected) => {
    commit();
    git('remote', 'add', 'origin', remote);
    expect(gitState(repository).repository).toBe(expected);
  });

  test('also where the user’s own settings put them in', () => {
    commit();
    git('remote', 'add', 'origin', 'https://example.com/x');
    git('config', 'url.https://user:secret@example.com/.insteadOf', 'https://example.com/');
    expect(git('remote', 'get-url', 'origin')).toContain('secret');
    expect(gitState(repository).repository).toBe('https://example.com/x');
  });

  test('is cut to what provenance may hold', () => {
    commit();
    git('remote', 'add', 'origin', `https://example.com/${'x'.repeat(2_000)}`);
    expect(gitState(repository).repository.length).toBe(1_024);
  });
});

describe('a repository that would run programs', () => {
  /** A program that leaves a mark, and then does what git waits for. */
  function program(rest = ''): string {
    const file = join(root, 'program');
    writeFileSync(file, `#!/bin/sh\necho run >> '${marker}'\n${rest}\n`, { mode: 0o755 });
    return file;
  }
  /** Makes git look into a file again. */
  const touch = (): void => utimesSync(join(repository, 'file.txt'), 1, 1);

  // what | how it is set up | the plain command that falls for it | what may be said of the tree
  test.each<[string, () => void, () => void, boolean]>([
    ['core.fsmonitor', () => git('config', 'core.fsmonitor', program()), () => git('status'), true],
    [
      'a hook',
      () => {
        mkdirSync(join(repository, '.git', 'hooks'), { recursive: true });
        symlinkSync(program(), join(repository, '.git', 'hooks', 'post-index-change'));
      },
      () => git('status'),
      true,
    ],
    [
      'core.hooksPath',
      () => {
        mkdirSync(join(root, 'hooks'));
        symlinkSync(program(), join(root, 'hooks', 'post-index-change'));
        git('config', 'core.hooksPath', join(root, 'hooks'));
      },
      () => git('status'),
      true,
    ],
    [
      'diff.external',
      () => git('config', 'diff.external', program()),
      () => {
        writeFileSync(join(repository, 'file.txt'), 'changed\n');
        git('diff');
        writeFileSync(join(repository, 'file.txt'), 'text\n');
      },
      true,
    ],
    [
      'a filter',
      () => {
        git('config', 'filter.evil.clean', program('cat'));
        mkdirSync(join(repository, '.git', 'info'), { recursive: true });
        writeFileSync(join(repository, '.git', 'info', 'attributes'), '* filter=evil\n');
      },
      () => git('status'),
      false,
    ],
    [
      'a filter in an included file',
      () => {
        writeFileSync(join(root, 'more'), `[filter "e=v.il"]\n\tclean = ${program('cat')}\n`);
        git('config', 'include.path', join(root, 'more'));
        mkdirSync(join(repository, '.git', 'info'), { recursive: true });
        writeFileSync(join(repository, '.git', 'info', 'attributes'), '* filter=e=v.il\n');
      },
      () => git('status'),
      false,
    ],
    [
      'a remote that missing objects are fetched from',
      () => {
        const tree = git('rev-parse', 'HEAD^{tree}');
        rmSync(join(repository, '.git', 'objects', tree.slice(0, 2), tree.slice(2)));
        git('config', 'core.repositoryFormatVersion', '1');
        git('config', 'extensions.partialClone', 'evil');
        git('config', 'remote.evil.url', root);
        git('config', 'remote.evil.promisor', 'true');
        git('config', 'remote.evil.uploadpack', `${program('false')};`);
      },
      () => {
        try {
          git('status', '--porcelain');
        } catch {
          // It fails once it has run the program.
        }
      },
      false,
    ],
    [
      'a submodule',
      () => {
        const inner = join(repository, 'inner');
        mkdirSync(inner);
        gitIn(inner, 'init', '--quiet');
        writeFileSync(join(inner, 'file.txt'), 'text\n');
        gitIn(inner, 'add', '.');
        gitIn(inner, 'commit', '--quiet', '--message', 'inner');
        git('add', 'inner');
        git('commit', '--quiet', '--message', 'second');
        gitIn(inner, 'config', 'filter.evil.clean', program('cat'));
        writeFileSync(join(inner, '.git', 'info', 'attributes'), '* filter=evil\n');
        utimesSync(join(inner, 'file.txt'), 1, 1);
      },
      () => git('status'),
      false,
    ],
  ])('by %s runs none of them', (_what, prepare, plain, clean) => {
    commit();
    prepare();
    rmSync(marker, { force: true });
    touch();
    const { commit: found } = gitState(repository);
    expect(existsSync(marker)).toBe(false);
    expect(found).toEqual({ id: git('rev-parse', 'HEAD'), clean });
    touch();
    if (existsSync(join(repository, 'inner'))) utimesSync(join(repository, 'inner', 'file.txt'), 2, 2);
    plain();
    expect(existsSync(marker), 'plain git runs it').toBe(true);
  });

  test('looking changes nothing in it', () => {
    commit();
    touch();
    const before = execFileSync('sha256sum', [join(repository, '.git', 'index')]);
    gitState(repository);
    expect(execFileSync('sha256sum', [join(repository, '.git', 'index')])).toEqual(before);
  });
});
