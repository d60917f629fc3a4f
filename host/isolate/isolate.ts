// The gate of `isolated-vm` (DESIGN.md §4 "Guest"): isolates that take and give strings only. Runs in the worker process; no
// object of that package, no Reference, no host error ever enters a guest, and nothing is read off a guest's object here.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type ivm from 'isolated-vm';
import { FAILURE } from '../wire.ts';

type Ivm = typeof ivm;
/** What the rest of Signet may hold of the package, and nothing more. */
export type NativeModule = Ivm;
type Context = ivm.Context;
type Isolate = ivm.Isolate;
type Code = ivm.ExternalCopy<ArrayBuffer>;
type Failure = (typeof FAILURE)[keyof typeof FAILURE];

/** What running something in an isolate came to: text, or why the isolate is gone. */
export type Outcome = { readonly text: string } | { readonly failure: Failure; readonly message: string };

/** Path of isolated-vm's native module for this engine and platform, as its own loader picks it. Supervisor side. */
export function addonPath(): string {
  const manifest = createRequire(import.meta.url).resolve('isolated-vm/package.json');
  const pick = createRequire(manifest)('node-gyp-build') as { resolve(folder: string): string };
  return pick.resolve(dirname(manifest));
}

/** The native module, loaded without any readable path. */
export function loadAddon(path: string): NativeModule {
  const module: { exports: { ivm?: Ivm } } = { exports: {} };
  process.dlopen(module, path);
  const { ivm: loaded } = module.exports;
  if (loaded === undefined) throw new Error('isolated-vm did not load');
  return loaded;
}

/** The native module of this process: the one that everyone in it has, as it must not be loaded twice. For inline mode. */
export function ownAddon(): NativeModule {
  return createRequire(import.meta.url)('isolated-vm') as NativeModule;
}

/** Gives up the right to load a native module. Worker side. */
export function giveUpAddons(): void {
  const permission = process.permission as { drop?: (scope: string) => void } | undefined;
  // Node 24 has no `drop`: there the flag stays, and no path can be read.
  permission?.drop?.('addon');
}

/** What `push` and `create` may cost beside the guest's own time: reading the records. */
const DRAIN_MS = 5_000;
const COMPILE_HEAP_MB = 128;

/**
 * A script inside `try`: what it throws is described inside the isolate, under its time limit, and never read here. The
 * completion value stays; whether the text is a script by itself, and so cannot leave the block, is checked apart.
 */
function guarded(code: string): string {
  return `try{${code}\n}catch(e){__signet_failed(e)}`;
}

/** A bundle inside `try`; its completion value, which would leak a Reference, is dropped. */
function guardedBundle(code: string): string {
  return `${guarded(code)};undefined`;
}

/** Strict whatever a bundler made of it: a sloppy function's `caller` would hand the prelude's functions to the guest. */
function strict(prelude: string): string {
  return `'use strict';${prelude}`;
}

/** The worker's isolates, all with one prelude. */
export class Engine {
  readonly #ivm: Ivm;
  readonly #prelude: string;
  readonly #preludeCache: Code | undefined;

  /** Without a cache of the prelude it makes one: half of what an isolate costs is compiling it. */
  constructor(loaded: Ivm, prelude: string, preludeCache: Uint8Array) {
    this.#ivm = loaded;
    this.#prelude = strict(prelude);
    this.#preludeCache = this.#cached(preludeCache) ?? this.#makeCache();
  }

  /**
   * An isolate with its prelude, born with the batch text `birth`, its bundle loaded. The caches are those of `compile`, or
   * empty; one that V8 does not accept is passed over.
   */
  create(options: {
    readonly heapMb: number;
    readonly timeoutMs: number;
    readonly birth: string;
    readonly code: string;
    readonly cache: Uint8Array;
  }): { readonly isolate: GuestIsolate | undefined; readonly outcome: Outcome } {
    const { isolate, context, port } = this.#bare(options.heapMb);
    const guest = new GuestIsolate(isolate, port);
    const fail = (outcome: Outcome) => {
      guest.dispose();
      return { isolate: undefined, outcome };
    };
    const born = guest.push(options.birth, options.timeoutMs);
    if ('failure' in born) return fail(born);
    const cache = this.#cached(options.cache);
    try {
      // A cache is only made of code that compiled by itself.
      if (cache === undefined) isolate.compileScriptSync(options.code).release();
    } catch (thrown) {
      return fail(compileFailure(isolate, thrown));
    }
    const ran = attempt(isolate, options.timeoutMs, () => {
      const script = isolate.compileScriptSync(guardedBundle(options.code), {
        filename: 'bundle.js',
        columnOffset: -'try{'.length,
        ...(cache === undefined ? {} : { cachedData: cache }),
      });
      script.runSync(context, { timeout: options.timeoutMs, release: true });
    });
    if (ran !== undefined) return fail(ran);
    const status = guest.ask('loaded');
    if ('failure' in status) return fail(status);
    if (status.text !== '') return fail({ failure: FAILURE.guest, message: status.text });
    return { isolate: guest, outcome: born };
  }

  /** The string that a script yields as its completion value, in an isolate that has no function to call and is then gone. */
  evaluate(script: string, heapMb: number, timeoutMs: number): Outcome {
    const { isolate, context, port } = this.#bare(heapMb);
    const guest = new GuestIsolate(isolate, port);
    try {
      isolate.compileScriptSync(script).release();
    } catch (thrown) {
      const failed = compileFailure(isolate, thrown);
      guest.dispose();
      return failed;
    }
    let value: unknown;
    const ran = attempt(isolate, timeoutMs, () => {
      const compiled = isolate.compileScriptSync(guarded(script), { filename: 'script.js' });
      value = compiled.runSync(context, { timeout: timeoutMs, release: true });
    });
    const status = ran ?? guest.ask('thrownText');
    guest.dispose();
    if ('failure' in status) return status;
    if (status.text !== '') return { failure: FAILURE.guest, message: status.text };
    if (typeof value === 'string') return { text: value };
    return { failure: FAILURE.guest, message: JSON.stringify({ message: 'the script yielded no string' }) };
  }

  /** Code caches of a prelude and a bundle, made without running either; or why the code is no script. */
  static compile(
    loaded: Ivm,
    prelude: string,
    code: string,
  ): Outcome | { prelude: Uint8Array; code: Uint8Array } {
    const isolate = new loaded.Isolate({ memoryLimit: COMPILE_HEAP_MB });
    const make = (text: string, origin: { filename: string; columnOffset?: number }): Uint8Array => {
      const script: ivm.Script & ivm.CachedDataResult = isolate.compileScriptSync(text, {
        ...origin,
        produceCachedData: true,
      });
      if (script.cachedData === undefined) throw new Error('V8 made no code cache');
      return new Uint8Array(script.cachedData.copy());
    };
    try {
      isolate.compileScriptSync(code).release();
      return {
        prelude: make(strict(prelude), { filename: 'prelude.js' }),
        code: make(guardedBundle(code), { filename: 'bundle.js', columnOffset: -'try{'.length }),
      };
    } catch (thrown) {
      return compileFailure(isolate, thrown);
    } finally {
      if (!isolate.isDisposed) isolate.dispose();
    }
  }

  #bare(heapMb: number): { isolate: Isolate; context: Context; port: ivm.Reference<Port> } {
    const isolate = new this.#ivm.Isolate({ memoryLimit: heapMb });
    const context = isolate.createContextSync();
    const script = isolate.compileScriptSync(this.#prelude, {
      filename: 'prelude.js',
      ...(this.#preludeCache === undefined ? {} : { cachedData: this.#preludeCache }),
    });
    script.runSync(context, { release: true });
    const port = context.global.getSync('__signet_port', { reference: true }) as ivm.Reference<Port>;
    context.global.deleteSync('__signet_port');
    return { isolate, context, port };
  }

  /** Before any guest code runs in this process, which the cache never leaves. */
  #makeCache(): Code | undefined {
    const isolate = new this.#ivm.Isolate({ memoryLimit: COMPILE_HEAP_MB });
    try {
      const script: ivm.Script & ivm.CachedDataResult = isolate.compileScriptSync(this.#prelude, {
        filename: 'prelude.js',
        produceCachedData: true,
      });
      return script.cachedData;
    } finally {
      isolate.dispose();
    }
  }

  #cached(bytes: Uint8Array): Code | undefined {
    if (bytes.length === 0) return undefined;
    const copy = new ArrayBuffer(bytes.length);
    new Uint8Array(copy).set(bytes);
    return new this.#ivm.ExternalCopy(copy);
  }
}

/** The prelude's functions, reachable from here alone. */
interface Port {
  push(text: string): boolean;
  step(): boolean;
  drain(): string;
  loaded(): string;
  thrownText(): string;
}

/** One isolate with a loaded bundle: text in, records out. */
export class GuestIsolate {
  readonly #isolate: Isolate;
  readonly #port: ivm.Reference<Port>;
  readonly #push: ivm.Reference<Port['push']>;
  readonly #step: ivm.Reference<Port['step']>;
  readonly #drain: ivm.Reference<Port['drain']>;

  constructor(isolate: Isolate, port: ivm.Reference<Port>) {
    this.#isolate = isolate;
    this.#port = port;
    this.#push = port.getSync('push', { reference: true });
    this.#step = port.getSync('step', { reference: true });
    this.#drain = port.getSync('drain', { reference: true });
  }

  /**
   * One batch, in its time: its text is pushed, its messages are handled one by one, the microtasks of each run to their end, what
   * they left is drained. After a failure: dispose.
   */
  push(text: string, timeoutMs: number): Outcome {
    const ends = performance.now() + timeoutMs;
    let more: unknown;
    let failed = attempt(this.#isolate, timeoutMs, () => {
      more = this.#push.applySync(undefined, [text], { timeout: timeoutMs });
    });
    // Not known where a rejection that nobody heard was reported instead.
    while (failed === undefined && more !== false) {
      more = undefined;
      const left = Math.ceil(ends - performance.now());
      if (left <= 0) return { failure: FAILURE.timeout, message: '' };
      failed = attempt(this.#isolate, left, () => {
        more = this.#step.applySync(undefined, [], { timeout: left });
      });
    }
    return failed ?? this.#read(this.#drain);
  }

  /** The answer of another function of the prelude. */
  ask(name: 'loaded' | 'thrownText'): Outcome {
    return this.#read(this.#port.getSync(name, { reference: true }));
  }

  dispose(): void {
    if (!this.#isolate.isDisposed) this.#isolate.dispose();
  }

  /** Runs no guest code: only the prelude's own, over what it captured. */
  #read(reader: ivm.Reference<() => string>): Outcome {
    let text: unknown;
    const failed = attempt(this.#isolate, DRAIN_MS, () => {
      text = reader.applySync(undefined, []);
    });
    if (failed !== undefined) return failed;
    return typeof text === 'string' ? { text } : { failure: FAILURE.gone, message: 'nothing was drained' };
  }
}

/**
 * Runs something in the isolate. Undefined: it ran to its end. What isolated-vm throws when a promise of the guest was
 * rejected and nobody listened is passed over: it is an event inside the guest, and its text is the guest's own choice.
 */
function attempt(isolate: Isolate, timeoutMs: number, run: () => void): Outcome | undefined {
  const started = performance.now();
  try {
    run();
    return undefined;
  } catch (thrown) {
    if (isolate.isDisposed) return { failure: FAILURE.memory, message: '' };
    // A guest can reject with this very text: it counts only when the time was really up. It can reject with null, too.
    const message = thrown instanceof Error ? thrown.message : '';
    if (message === 'Script execution timed out.' && performance.now() - started >= timeoutMs - 5) {
      return { failure: FAILURE.timeout, message: '' };
    }
    return undefined;
  }
}

/** V8's own syntax error, made before any guest code ran, or a heap too small for the text. */
function compileFailure(isolate: Isolate, thrown: unknown): Outcome {
  if (isolate.isDisposed) return { failure: FAILURE.memory, message: '' };
  const message = (thrown instanceof Error ? thrown.message : '').slice(0, 1_000);
  return { failure: FAILURE.guest, message: JSON.stringify({ message, name: 'SyntaxError' }) };
}
