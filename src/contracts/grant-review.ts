// What `signet grant --json` prints of bundles: what each asks for, may have, has, used, and what would be enough.
import * as z from 'zod';
import { BundleName, Count, Time } from './common.ts';
import { CAPABILITY_NAMES, Kind } from './manifest.ts';

const EffectClass = z.enum(['observe', 'mutate']);

/** A grant, and what the journal knows of its use. */
const ReviewedGrant = z.strictObject({
  id: z.string(),
  class: EffectClass,
  /** What it allows, as it follows on `may`. */
  allows: z.string(),
  expires: Time.nullable(),
  by: z.string(),
  reason: z.string(),
  /** Effects; those of dry runs, which were only described, are among them. */
  used: z.strictObject({ count: Count, dryRuns: Count, last: Time.nullable() }),
  /** What is wrong with it, in the order of the list. */
  flags: z.array(z.enum(['expired', 'without effect', 'never used', 'unused for long', 'wider than used'])),
  /** Command lines that put narrower grants in its place, or take it away; none where it is as it should be. */
  instead: z.array(z.string()),
});
export type ReviewedGrant = z.infer<typeof ReviewedGrant>;

/** Something that was refused, and as far as is known still would be. */
const Refused = z.strictObject({
  action: z.string(),
  count: Count,
  last: Time,
  /** The command line that grants exactly it; null where none does. */
  fix: z.string().nullable(),
});

const ReviewedCapability = z.strictObject({
  capability: z.enum(CAPABILITY_NAMES),
  /** What the manifest asks for, in words; none where it does not ask. */
  asks: z.array(z.string()),
  /** How far each kind that the bundle provides lets it go; null: not at all. */
  atMost: z.array(z.strictObject({ kind: Kind, class: EffectClass.nullable() })),
  grants: z.array(ReviewedGrant),
  refused: z.array(Refused),
  /** Command lines for what is asked for by name and not granted. */
  missing: z.array(z.string()),
});
export type ReviewedCapability = z.infer<typeof ReviewedCapability>;

export const ReviewedBundle = z.strictObject({
  bundle: BundleName,
  /** Installed versions; none for a bundle that only has grants. */
  versions: z.array(z.string()),
  provides: z.array(z.string()),
  capabilities: z.array(ReviewedCapability),
});
export type ReviewedBundle = z.infer<typeof ReviewedBundle>;

export const GrantReview = z.strictObject({
  schema: z.literal('grant-review/1'),
  ok: z.literal(true),
  at: Time,
  bundles: z.array(ReviewedBundle),
});
export type GrantReview = z.infer<typeof GrantReview>;
