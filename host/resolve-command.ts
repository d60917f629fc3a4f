// What the text of a command means is settled once, when it is granted (DESIGN.md §4, §7 "Grant"): at run time nothing is
// looked up on PATH and nothing is read by a shell that was not granted as one.
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { SignetError } from '../src/error.ts';
import { plain } from './plain-text.ts';

export interface ResolvedCommand {
  /** Absolute path of what is run. */
  readonly program: string;
  readonly args: string[];
  /** True where only a shell can read the text. */
  readonly shell: boolean;
}

/** Characters that mean themselves to every shell. Whatever else occurs, a shell must read the text. */
const SIMPLE = /^[A-Za-z0-9_@%+=:,./ \t-]+$/;

/**
 * Program and arguments of a command's text. Simple words: the first is an absolute path, or found on `path`, with every
 * link resolved. Anything else (quotes, `~`, `$`, globs, pipes, newlines, an assignment in front): `/bin/sh -c text`.
 * E_GRANT where no executable file of that name is found.
 */
export function resolveCommand(text: string, path: string): ResolvedCommand {
  if (text.trim() === '' || text.includes('\0'))
    throw new SignetError('E_GRANT', `the command "${plain(text)}" is empty or holds a NUL character`);
  const [word = '', ...args] = text.split(/[ \t]+/).filter((part) => part !== '');
  if (!SIMPLE.test(text) || word.includes('='))
    return { program: '/bin/sh', args: ['-c', text], shell: true };
  return { program: findExecutable(word, path), args, shell: false };
}

function findExecutable(word: string, path: string): string {
  if (word.includes('/') && !isAbsolute(word)) {
    throw new SignetError('E_GRANT', `${word} is a relative path`, {
      item: word,
      fix: 'Name it by its absolute path.',
    });
  }
  const found = word.includes('/') ? [word].find(isExecutable) : findProgram(word, path);
  if (found === undefined) {
    throw new SignetError('E_GRANT', `no executable file ${word} was found`, {
      item: word,
      expected: `an executable in one of ${path}`,
      fix: 'Name it by its absolute path; a builtin of the shell needs a command line such as "cd /x && ls".',
    });
  }
  return realpathSync(found);
}

/** The first executable file of that name in the absolute folders of `path`. */
export function findProgram(name: string, path: string): string | undefined {
  return path
    .split(':')
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** A regular file, after links, that this user may execute. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
