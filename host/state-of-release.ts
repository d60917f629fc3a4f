// What the host knows of one installed release: what verification said of it, for how long that counts, and whether it is in memory.
import type { LockedBundle } from '../src/contracts/config.ts';
import type { Manifest } from '../src/contracts/manifest.ts';
import type { Provider } from '../src/dispatch.ts';
import type { ErrorCode, SignetError } from '../src/error.ts';
import type { LoadedBundle } from './loaded-bundle.ts';

/** A bundle in memory. */
export interface Running {
  readonly bundle: LoadedBundle;
  /** By `kind/name`. */
  readonly providers: ReadonlyMap<string, Provider>;
  /** Milliseconds, by the host's clock. */
  usedAt: number;
}

export interface Loaded {
  readonly is: 'loaded';
  readonly locked: LockedBundle;
  readonly manifest: Manifest;
  readonly warning: string | null;
  readonly until: number;
  /** Undefined where no one calls it: it is read and verified again when someone does. */
  running: Running | undefined;
}
/** What verification said; it counts until `until`, for much of it depends on the time. */
export type State =
  | Loaded
  | {
      readonly is: 'refused';
      readonly locked: LockedBundle;
      readonly error: SignetError;
      readonly until: number;
    };

/** Whether a code says that a bundle, or a key of its publisher, was revoked. */
export const isRevocation = (code: ErrorCode | null): boolean =>
  code === 'E_REVOKED' || code === 'E_KEY_REVOKED';

/** A bundle that was just brought into memory. */
export const startOf = (bundle: LoadedBundle, usedAt: number): Running => ({
  bundle,
  providers: new Map(bundle.providers.map((provider) => [`${provider.kind}/${provider.name}`, provider])),
  usedAt,
});
