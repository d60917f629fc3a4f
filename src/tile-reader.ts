// Reads a C2SP tiled log that it does not trust (DESIGN.md §3): every answer is checked against the one root that the
// caller took from a signed checkpoint, so that wrong tiles can only make it fail (THREATS.md 11, 13).

import { SignetError } from './error.ts';
import {
  consistencyProof,
  HASH_BYTES,
  inclusionProof,
  leafHash,
  type NodeReader,
  rootOf,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
import type { Sha256, TileStore } from './ports.ts';
import {
  corrupt,
  parseBundle,
  parseTile,
  TILE_HEIGHT,
  TILE_WIDTH,
  tilePath,
  tileWidth,
} from './tile-paths.ts';

/** Tiles and bundles kept in memory: a proof in a log of 2^40 entries needs ten. */
const CACHED_FILES = 32;

/** A tree head: what a checkpoint signs. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** A log as seen from one head. Every method throws E_LOG_CORRUPT where the files do not lead to the head's root. */
export class TileReader {
  readonly size: number;
  readonly #root: Uint8Array;
  readonly #store: TileStore;
  readonly #sha256: Sha256;
  readonly #tiles = new Map<string, Uint8Array[]>();

  constructor(store: TileStore, head: TreeHead, sha256: Sha256) {
    this.size = head.size;
    this.#root = head.root;
    this.#store = store;
    this.#sha256 = sha256;
  }

  root(): Uint8Array {
    return this.#root;
  }

  /** The bytes of entry i, proved to be in the head's tree. */
  entry(i: number): Uint8Array {
    this.#requireIndex(i, this.size);
    const index = Math.floor(i / TILE_WIDTH);
    const bundle = this.#file('entries', index, tileWidth(0, index, this.size), parseBundle);
    const entry = bundle[i % TILE_WIDTH] as Uint8Array;
    this.#proof(i, this.size, leafHash(this.#sha256, entry), this.#root);
    return entry;
  }

  /** The proof that entry i is in the tree of the first `size` entries, checked. */
  proveInclusion(i: number, size: number = this.size): Uint8Array[] {
    this.#requireIndex(size, this.size + 1);
    this.#requireIndex(i, size);
    const root = this.rootAt(size);
    return this.#proof(i, size, this.#node(0, i), root);
  }

  /** The proof that the first a entries are a prefix of the first b, checked. a is at least 1: see verifyConsistency. */
  proveConsistency(a: number, b: number = this.size): Uint8Array[] {
    this.#requireIndex(b, this.size + 1);
    const proof = consistencyProof(this.#sha256, this.#node, a, b);
    const [root1, root2] = [this.rootAt(a), this.rootAt(b)];
    this.#trust(() => verifyConsistency(this.#sha256, { size1: a, size2: b, root1, root2, proof }));
    return proof;
  }

  /** The root of the tree of the first `size` entries, proved to be a prefix of the head's tree. */
  rootAt(size: number): Uint8Array {
    if (size === this.size) return this.#root;
    this.#requireIndex(size, this.size);
    const root1 = treeRoot(this.#sha256, this.#node, size);
    if (size === 0) return root1;
    const proof = consistencyProof(this.#sha256, this.#node, size, this.size);
    const claim = { size1: size, size2: this.size, root1, root2: this.#root, proof };
    this.#trust(() => verifyConsistency(this.#sha256, claim));
    return root1;
  }

  /** The hashes of the tile, which nothing has checked yet. */
  tile(level: number, index: number): Uint8Array[] {
    return this.#file(level, index, tileWidth(level, index, this.size), parseTile);
  }

  /** The entries of the bundle, which nothing has checked yet. */
  bundle(index: number): Uint8Array[] {
    return this.#file('entries', index, tileWidth(0, index, this.size), parseBundle);
  }

  #proof(i: number, size: number, leaf: Uint8Array, root: Uint8Array): Uint8Array[] {
    const proof = inclusionProof(this.#sha256, this.#node, i, size);
    this.#trust(() => verifyInclusion(this.#sha256, { index: i, size, leaf, proof, root }));
    return proof;
  }

  /** Complete subtrees from the tiles: 2^(level mod 8) hashes of one tile, hashed together. */
  readonly #node: NodeReader = (level, index) => {
    const tileLevel = Math.floor(level / TILE_HEIGHT);
    const width = 2 ** (level % TILE_HEIGHT);
    const first = (index * width) % TILE_WIDTH;
    const tile = this.tile(tileLevel, Math.floor((index * width) / TILE_WIDTH));
    return rootOf(this.#sha256, tile.slice(first, first + width));
  };

  /** A tile or bundle of the given width; a log may have dropped a partial one once the full one is there. */
  #file(
    level: number | 'entries',
    index: number,
    width: number,
    parse: (bytes: Uint8Array, path: string) => Uint8Array[],
  ): Uint8Array[] {
    const path = tilePath(level, index, width);
    const cached = this.#tiles.get(path);
    if (cached !== undefined) return cached;
    const exact = this.#store.read(path);
    const bytes = exact ?? this.#store.read(tilePath(level, index));
    if (bytes === undefined) throw corrupt(path, 'the file is missing');
    const items = parse(bytes, path);
    const expected = exact === undefined ? TILE_WIDTH : width;
    if (items.length !== expected) throw corrupt(path, `${items.length} items, expected ${expected}`);
    if (this.#tiles.size >= CACHED_FILES) this.#tiles.delete(this.#tiles.keys().next().value as string);
    const wanted = items.slice(0, width);
    this.#tiles.set(path, wanted);
    return wanted;
  }

  #requireIndex(i: number, end: number): void {
    if (Number.isSafeInteger(i) && i >= 0 && i < end) return;
    throw new SignetError('E_USAGE', `${i} is outside a log of ${this.size} entries`);
  }

  /** A proof that we made ourselves and that fails means that the files are wrong. */
  #trust(check: () => void): void {
    try {
      check();
    } catch (cause) {
      throw new SignetError('E_LOG_CORRUPT', `the tiles do not lead to the root of size ${this.size}`, {
        expected: 'the tiles that the checkpoint signs',
        actual: 'others',
        cause,
      });
    }
  }
}

/** Opens the static files of a log below a head whose signatures the caller has verified; nothing is read yet. */
export function openTileLog(store: TileStore, head: TreeHead, sha256: Sha256): TileReader {
  if (!Number.isSafeInteger(head.size) || head.size < 0 || head.root.length !== HASH_BYTES) {
    throw new SignetError('E_USAGE', 'a tree head has a size and a root of 32 bytes');
  }
  return new TileReader(store, head, sha256);
}
