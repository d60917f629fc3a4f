// What a person names on the command line of `registry verify` (DESIGN.md §6): patterns that no shell expanded, a list on stdin,
// the files that lie beside an archive. A pattern or a list that names nothing is named itself (THREATS.md 32).
import { globSync, lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import { SignetError } from '../src/error.ts';
import { PROOF_SUFFIX } from './release-file.ts';

/** Endings of what lies beside an archive and is no subject of its own. */
const COMPANIONS = [PROOF_SUFFIX, '.release.json', '.provenance.json'] as const;
const MOST = 100_000;

/** One thing to verify, or why what was named is none. */
export type Listed =
  | { readonly subject: string }
  | { readonly subject: string; readonly refused: SignetError };

/** Every subject once, in the order in which it is first named. `-` stands for the lines of `stdin`. */
export function listSubjects(directory: string, named: readonly string[], stdin: () => string): Listed[] {
  const lines = named.flatMap((subject) => (subject === '-' ? linesOf(stdin()) : [subject]));
  const found = new Map<string, Listed>();
  for (const line of lines) {
    for (const listed of typeof line === 'string' ? expand(directory, line) : [line]) {
      if (!found.has(listed.subject)) found.set(listed.subject, listed);
      if (found.size > MOST)
        throw new SignetError('E_LIMIT', 'there are too many subjects', { expected: `at most ${MOST}` });
    }
  }
  return [...found.values()];
}

function linesOf(text: string): (string | Listed)[] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length > 0) return lines;
  return [{ subject: '-', refused: nothing('-', 'the list on stdin is empty', 'a subject a line') }];
}

function expand(directory: string, subject: string): Listed[] {
  if (exists(directory, subject) || !/[*?[{]/.test(subject))
    return [{ subject: archiveOf(directory, subject) }];
  const matches = globSync(subject, { cwd: directory })
    .map((path) => archiveOf(directory, path))
    .sort();
  if (matches.length > 0) return matches.map((match) => ({ subject: match }));
  return [{ subject, refused: nothing(subject, `no file matches ${subject}`, 'a pattern that matches') }];
}

/** The archive beside which the file lies, or the subject itself. */
function archiveOf(directory: string, subject: string): string {
  const suffix = COMPANIONS.find((ending) => subject.endsWith(ending));
  if (suffix === undefined) return subject;
  const archive = subject.slice(0, -suffix.length);
  return exists(directory, archive) ? archive : subject;
}

const exists = (directory: string, path: string): boolean =>
  lstatSync(resolve(directory, path), { throwIfNoEntry: false }) !== undefined;

function nothing(item: string, sentence: string, expected: string): SignetError {
  return new SignetError('E_NO_SUBJECTS', sentence, { item, expected, actual: 'nothing' });
}
