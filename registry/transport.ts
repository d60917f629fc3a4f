// How the files of a registry are read (DESIGN.md §3 "Transports"). A transport carries bytes and nothing else: no answer of
// it is believed, each has a limit, and no path leaves the registry's folder (THREATS.md 6, 20).
import { join } from 'node:path';
import { readRegularFile } from '../keys/safe-file.ts';
import { SignetError } from '../src/error.ts';
import type { TileStore } from '../src/ports.ts';

/** Reads one file of at most `maxBytes` (E_LIMIT), or answers undefined where there is none. */
export interface Transport {
  read(path: string, maxBytes: number): Uint8Array | undefined;
}

/** Most that is read of each kind of file. */
export const FILE_LIMITS = {
  archive: 32 * 1024 * 1024,
  envelope: 12 * 1024 * 1024,
  index: 16 * 1024 * 1024,
  checkpoint: 64 * 1024,
  tile: 256 * 65_537,
} as const;

/** The paths of a registry's files, relative to its folder. */
export const PATHS = {
  checkpoint: 'checkpoint',
  status: 'status.json',
  root: (version: number) => `root/${version}.json`,
  namespace: (namespace: string, version: number) => `namespace/${namespace}/${version}.json`,
  namespaceIndex: (namespace: string) => `index/${namespace}.json`,
  index: (name: string) => `index/${name}.json`,
  release: (name: string, version: string) => `release/${name}/${version}`,
} as const;

/** Whether reading the registry there would open a connection. */
export const isRemote = (location: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(location);

/** A registry in a folder. Links inside it are not followed at the last step of a path. */
export class DirectoryTransport implements Transport {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  read(path: string, maxBytes: number): Uint8Array | undefined {
    if (!/^[a-z0-9][A-Za-z0-9._-]*(?:\/[a-z0-9][A-Za-z0-9._-]*)*$/.test(path)) {
      throw new SignetError('E_REGISTRY', 'a path must stay inside the registry', {
        item: path.slice(0, 200),
      });
    }
    return readRegularFile(join(this.directory, path), maxBytes, path)?.bytes;
  }
}

/** As `read`, but a missing file is E_REGISTRY. */
export function requireFile(transport: Transport, path: string, maxBytes: number): Uint8Array {
  const bytes = transport.read(path, maxBytes);
  if (bytes === undefined)
    throw new SignetError('E_REGISTRY', `the registry has no ${path}`, {
      item: path,
      expected: 'the file',
      actual: 'no such file',
    });
  return bytes;
}

/** The tiles of a registry's log, to be read only. */
export function tileStore(transport: Transport): TileStore {
  return {
    read: (path) => transport.read(path, FILE_LIMITS.tile),
    write: (path) => {
      throw new SignetError('E_INTERNAL', 'a transport is never written to', { item: path });
    },
  };
}
