// The writing half of a C2SP tiled log (https://c2sp.org/tlog-tiles; DESIGN.md §3 "Log"). Entries are written before the
// tiles over them and the caller's `checkpoint` last, so that a crash at any point leaves the log as of the old checkpoint
// (THREATS.md 37): files beyond it are replaced by the next append. One process writes a log at a time.
import { CompactRange, leafHash, rootOf, sameBytes } from './merkle.ts';
import type { Sha256, TileStore } from './ports.ts';
import {
  corrupt,
  formatBundle,
  formatTile,
  partialFolder,
  requireEntrySize,
  TILE_HEIGHT,
  TILE_WIDTH,
  tilePath,
} from './tile-paths.ts';
import { openTileLog, type TileReader, type TreeHead } from './tile-reader.ts';

/** The right edge of the log: for each tile level the hashes of its last tile while it is not full, and the entries. */
interface Edge {
  readonly hashes: Uint8Array[][];
  readonly entries: Uint8Array[];
  readonly range: CompactRange;
}

/**
 * A log over a TileStore. Opening costs the tiles of the right edge only; what lies left of it is checked when it is
 * read. Memory is that of the edge, whatever the log's size.
 */
export class TileLog {
  readonly #store: TileStore;
  readonly #sha256: Sha256;
  #edge: Edge;
  #reader: TileReader;

  /** Opens the log of `head` (from its checkpoint), or a new one. Files that do not recompute to it: E_LOG_CORRUPT. */
  constructor(store: TileStore, sha256: Sha256, head?: TreeHead) {
    this.#store = store;
    this.#sha256 = sha256;
    this.#reader = openTileLog(store, head ?? { size: 0, root: new CompactRange(sha256).root() }, sha256);
    this.#edge = readEdge(this.#reader, sha256);
    if (!sameBytes(this.#edge.range.root(), this.#reader.root())) {
      throw corrupt('tile', `the tiles of size ${this.size} do not lead to the root of its checkpoint`);
    }
  }

  get size(): number {
    return this.#reader.size;
  }

  root(): Uint8Array {
    return this.#reader.root();
  }

  /** The bytes of entry i, checked against the root. */
  entry(i: number): Uint8Array {
    return this.#reader.entry(i);
  }

  /** The proof that entry i is in the tree of the first `size` entries. */
  proveInclusion(i: number, size: number = this.size): Uint8Array[] {
    return this.#reader.proveInclusion(i, size);
  }

  /** The proof that the first a entries are a prefix of the first b. */
  proveConsistency(a: number, b: number = this.size): Uint8Array[] {
    return this.#reader.proveConsistency(a, b);
  }

  /**
   * Writes the entries and their tiles durably and returns the index of the first and the new head; the caller then
   * signs and writes the checkpoint. An entry over 65,535 bytes is E_LIMIT before anything is written; where a write
   * fails, the log stays as it was.
   */
  append(entries: readonly Uint8Array[]): { first: number; size: number; root: Uint8Array } {
    for (const entry of entries) requireEntrySize(entry);
    const first = this.size;
    const edge: Edge = {
      hashes: this.#edge.hashes.map((hashes) => [...hashes]),
      entries: [...this.#edge.entries],
      range: this.#edge.range.clone(),
    };
    const changed = new Set<number>();
    for (const entry of entries) {
      const leaf = leafHash(this.#sha256, entry);
      edge.entries.push(Uint8Array.from(entry));
      if (edge.entries.length === TILE_WIDTH) {
        this.#writeFull('entries', Math.floor(edge.range.size / TILE_WIDTH), formatBundle(edge.entries));
        edge.entries.length = 0;
      }
      edge.range.append(leaf);
      this.#push(edge, 0, leaf, changed);
    }
    this.#writePartial(edge, changed);
    this.#reader = openTileLog(this.#store, { size: edge.range.size, root: edge.range.root() }, this.#sha256);
    this.#edge = edge;
    return { first, size: this.size, root: this.root() };
  }

  /** Adds one hash to the level's last tile; a full tile is written and its root goes one level up. */
  #push(edge: Edge, level: number, hash: Uint8Array, changed: Set<number>): void {
    edge.hashes[level] ??= [];
    const hashes = edge.hashes[level];
    hashes.push(hash);
    changed.add(level);
    if (hashes.length < TILE_WIDTH) return;
    const index = edge.range.size / 2 ** (TILE_HEIGHT * (level + 1)) - 1;
    this.#writeFull(level, index, formatTile(hashes));
    const root = rootOf(this.#sha256, hashes);
    edge.hashes[level] = [];
    this.#push(edge, level + 1, root, changed);
  }

  #writeFull(level: number | 'entries', index: number, bytes: Uint8Array): void {
    this.#store.write(tilePath(level, index), bytes);
    this.#store.prune?.(partialFolder(level, index));
  }

  #writePartial(edge: Edge, changed: Set<number>): void {
    const index = Math.floor(edge.range.size / TILE_WIDTH);
    if (changed.has(0) && edge.entries.length > 0) {
      this.#store.write(tilePath('entries', index, edge.entries.length), formatBundle(edge.entries));
    }
    for (const level of changed) {
      const hashes = edge.hashes[level] as Uint8Array[];
      if (hashes.length === 0) continue;
      const tile = Math.floor(edge.range.size / 2 ** (TILE_HEIGHT * (level + 1)));
      this.#store.write(tilePath(level, tile, hashes.length), formatTile(hashes));
    }
  }
}

/** Reads the partial tiles of the right edge and the last bundle, whose entries must hash to its leaves. */
function readEdge(reader: TileReader, sha256: Sha256): Edge {
  const { size } = reader;
  const hashes: Uint8Array[][] = [];
  const nodes: Uint8Array[] = [];
  for (let level = 0; size >= 2 ** (TILE_HEIGHT * level); level++) {
    const width = Math.floor(size / 2 ** (TILE_HEIGHT * level)) % TILE_WIDTH;
    const tile = width === 0 ? [] : reader.tile(level, Math.floor(size / 2 ** (TILE_HEIGHT * (level + 1))));
    hashes.push([...tile]);
    nodes.unshift(...subtrees(tile, sha256));
  }
  const entries = size % TILE_WIDTH === 0 ? [] : reader.bundle(Math.floor(size / TILE_WIDTH));
  for (const [i, entry] of entries.entries()) {
    if (!sameBytes(leafHash(sha256, entry), hashes[0]?.[i] as Uint8Array)) {
      throw corrupt('tile/entries', `entry ${size - entries.length + i} is not the one that was logged`);
    }
  }
  return { hashes, entries: [...entries], range: new CompactRange(sha256, size, nodes) };
}

/** The hashes of a partial tile as complete subtrees, largest first. */
function subtrees(tile: readonly Uint8Array[], sha256: Sha256): Uint8Array[] {
  const nodes: Uint8Array[] = [];
  let start = 0;
  for (let width = TILE_WIDTH / 2; width >= 1; width /= 2) {
    if (tile.length - start < width) continue;
    nodes.push(rootOf(sha256, tile.slice(start, start + width)));
    start += width;
  }
  return nodes;
}
