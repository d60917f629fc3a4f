// Shapes shared by every contract: names, digests, versions, times.
import semver from 'semver';
import * as z from 'zod';

/** `sha256:` and 64 lower-case hexadecimal digits. */
export const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256:<64 hex digits>');

/** An Ed25519 public key, `ed25519:` and the canonical base64 of its 32 bytes. */
export const PublicKeyText = z
  .string()
  .regex(/^ed25519:[A-Za-z0-9+/]{43}=$/, 'expected ed25519:<base64 of 32 bytes>');

/** A key's fingerprint, `SHA256:` and the hexadecimal SHA-256 of its 32 raw bytes. */
export const Fingerprint = z.string().regex(/^SHA256:[0-9a-f]{64}$/, 'expected SHA256:<64 hex digits>');

/** One part of a name: lower-case letters, digits, inner hyphens; at most 64. JavaScript's own names are refused. */
export const NamePart = z
  .string()
  .max(64)
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, 'expected lower-case letters, digits and inner hyphens')
  .refine((name) => !name.includes('--') && !(name in Object.prototype), 'this name is reserved');

/** `namespace/name` of a bundle. */
export const BundleName = z.string().refine((full) => {
  const parts = full.split('/');
  return parts.length === 2 && parts.every((part) => NamePart.safeParse(part).success);
}, 'expected namespace/name');

/** The name of a provided function: a letter, then letters, digits and underscores; at most 64. */
export const FunctionName = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9_]*$/, 'expected a lower-case letter, then letters, digits and underscores')
  .refine((name) => !(name in Object.prototype), 'this name is reserved');

/** An exact version in its one canonical form: no `v`, no build metadata (THREATS.md 33). */
export const Version = z
  .string()
  .max(64)
  .refine((v) => semver.valid(v) === v, 'expected an exact version such as 1.2.3');

/** A non-empty semver range. */
export const VersionRange = z
  .string()
  .min(1)
  .max(128)
  .refine((r) => r.trim() !== '' && semver.validRange(r) !== null, 'expected a semver range such as ^1.0.0');

/** A UTC time in the one form `2026-01-31T12:00:00Z`. */
export const Time = z.string().refine((t) => {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(t)) return false;
  const ms = Date.parse(t);
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 19) === t.slice(0, 19);
}, 'expected a UTC time such as 2026-01-31T12:00:00Z');

/** A whole number from 0 that JSON holds exactly. */
export const Count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Milliseconds as a `Time`. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Scheme, host and port, spelt as a URL spells them: `https://api.example.com`, `http://127.0.0.1:8080`. */
export const Origin = z
  .string()
  .max(300)
  .refine(
    (text) => /^https?:[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text,
    'expected an origin such as https://api.example.com, without a path',
  );

/** The name of a secret that the operator keeps. */
export const SecretName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'expected capital letters, digits and underscores');

/** A secret: what fits into a header, and is long enough not to occur by chance in what is redacted. */
export const SecretValue = z
  .string()
  .regex(/^[\x21-\x7e]{8,4096}$/, 'expected 8 to 4096 visible ASCII characters, without spaces');

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
