// What an opened file lies on (THREATS.md H10): views of the running system are told from files, and mounts from one another.
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isKernelFile, mountOf } from '../../host/file-system.ts';
import { temporaryFolder } from './broker-fixture.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

function withOpen<T>(path: string, look: (fd: number) => T): T {
  const fd = openSync(path, 'r');
  try {
    return look(fd);
  } finally {
    closeSync(fd);
  }
}

test.runIf(process.platform === 'linux')(
  'files of /proc and /sys are views, a file on disk is not',
  async () => {
    writeFileSync(join(folder, 'file'), 'x');
    const answers: boolean[] = [];
    for (const path of ['/proc/self/environ', '/sys/kernel', join(folder, 'file')]) {
      const fd = openSync(path, 'r');
      answers.push(await isKernelFile(fd));
      closeSync(fd);
    }
    expect(answers).toEqual([true, true, false]);
    await expect(isKernelFile(99_999)).rejects.toMatchObject({ code: 'E_IO' });
  },
);

test.runIf(process.platform === 'linux')(
  'two files of one mount have one number, those of another have another',
  () => {
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub', 'file'), 'x');
    const own = withOpen(folder, mountOf);
    expect(own).toEqual(expect.any(Number));
    expect(withOpen(join(folder, 'sub', 'file'), mountOf)).toBe(own);
    expect(withOpen('/proc', mountOf)).not.toBe(own);
    expect(mountOf(99_999)).toBe(undefined);
  },
);
