// The author's folder: what is read from it stays inside it (DESIGN.md §2, THREATS.md 38).
import fs from 'node:fs';
import path from 'node:path';
import { SignetError } from '../src/error.ts';

const MAX_FILE_BYTES = 8 * 1024 * 1024;
const MAX_SKILLS_ENTRIES = 10_000;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The folder's real path; E_NOT_FOUND where there is none. */
export function openFolder(folder: string): string {
  try {
    const real = fs.realpathSync(folder);
    if (fs.statSync(real).isDirectory()) return real;
  } catch (cause) {
    throw new SignetError('E_NOT_FOUND', `there is no folder ${folder}`, { item: folder, cause });
  }
  throw new SignetError('E_NOT_FOUND', `${folder} is not a folder`, { item: folder });
}

/** True where `file` is `folder` or below it; both real paths. */
export function isInside(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return relative === '' || (!path.isAbsolute(relative) && relative.split(path.sep)[0] !== '..');
}

/** Bytes of a regular file, by default at most 8 MiB: E_BUILD otherwise. Never waits for a pipe. */
export function readRegular(file: string, item: string, maxBytes = MAX_FILE_BYTES): Buffer {
  try {
    const descriptor = fs.openSync(file, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
    try {
      const stat = fs.fstatSync(descriptor);
      if (!stat.isFile()) throw new SignetError('E_BUILD', `${item} is not a regular file`, { item });
      if (stat.size > maxBytes) {
        throw new SignetError('E_BUILD', `${item} is too large`, {
          item,
          expected: `at most ${maxBytes} bytes`,
          actual: String(stat.size),
        });
      }
      return fs.readFileSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch (cause) {
    if (cause instanceof SignetError) throw cause;
    throw new SignetError('E_IO', `${item} cannot be read`, { item, cause });
  }
}

/** A file of the folder by its path with slashes, or undefined where there is none; E_BUILD where it leads outside. */
export function readOwn(folder: string, relative: string): Buffer | undefined {
  const file = path.join(folder, relative);
  if (!fs.existsSync(file)) return undefined;
  if (!isInside(folder, fs.realpathSync(file))) {
    throw new SignetError('E_BUILD', `${relative} is a link that leads out of the folder`, {
      item: relative,
    });
  }
  return readRegular(file, relative);
}

export interface Prose {
  readonly files: { path: string; bytes: Uint8Array }[];
  readonly warnings: string[];
}

/** Beside plugin.json and code: every skills/…/SKILL.md, README.md, LICENSE, mcp.json. Others are named in a warning. */
export function readProse(folder: string): Prose {
  const files: Prose['files'] = [];
  const warnings: string[] = [];
  const take = (relative: string): void => {
    const bytes = readOwn(folder, relative);
    if (bytes === undefined) return;
    try {
      utf8.decode(bytes);
    } catch (cause) {
      throw new SignetError('E_BUILD', `${relative} is not UTF-8`, { item: relative, cause });
    }
    files.push({ path: relative, bytes });
  };
  for (const name of ['README.md', 'LICENSE', 'mcp.json']) take(name);
  const skills = path.join(folder, 'skills');
  if (!fs.existsSync(skills)) return { files, warnings };
  if (fs.lstatSync(skills).isSymbolicLink()) {
    throw new SignetError('E_BUILD', 'skills is a link', { item: 'skills' });
  }
  let seen = 0;
  const walk = (relative: string): void => {
    for (const entry of fs.readdirSync(path.join(folder, relative), { withFileTypes: true })) {
      const child = `${relative}/${entry.name}`;
      if (++seen > MAX_SKILLS_ENTRIES)
        throw new SignetError('E_BUILD', 'skills holds too many files', { item: 'skills' });
      if (entry.isSymbolicLink()) throw new SignetError('E_BUILD', `${child} is a link`, { item: child });
      if (entry.isDirectory()) walk(child);
      else if (entry.name === 'SKILL.md') take(child);
      else warnings.push(`${child} is not part of the bundle: of skills/ only SKILL.md is`);
    }
  };
  walk('skills');
  warnings.sort();
  return { files, warnings };
}
