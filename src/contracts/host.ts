// What a host writes into its state directory about itself (DESIGN.md §7 "One host, one state directory").
import * as z from 'zod';
import { Count, Digest, Time, Version } from './common.ts';

/** The lock file of a state directory: which process owns it, and where it answers. */
export const HostOwner = z.strictObject({
  type: z.literal('host-owner/1'),
  pid: z.number().int().min(1),
  /** Boot and start time of the process, as the kernel counts them; null where the system does not say. */
  startTime: z.string().max(128).nullable(),
  /** Told apart even where everything else is equal. */
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  startedAt: Time,
  /** Loopback address such as `http://127.0.0.1:4181`, once the host listens. */
  address: z.string().max(256).optional(),
  /** The file that holds the bearer token for it. */
  tokenFile: z.string().max(4096).optional(),
});
export type HostOwner = z.infer<typeof HostOwner>;

/** A bundle that lost workers again and again: how many, and how and why the last. */
export const QuarantinedBundle = z.strictObject({
  /** Milliseconds since the Unix epoch. */
  at: Count,
  name: z.string().max(256),
  version: Version,
  digest: Digest,
  losses: z.number().int().min(1),
  cause: z.enum(['hang', 'memory', 'exit', 'protocol']),
  reason: z.string().max(1024),
});
export type QuarantinedBundle = z.infer<typeof QuarantinedBundle>;

/** What is quarantined, kept over restarts. */
export const QuarantineFile = z.strictObject({
  type: z.literal('quarantine/1'),
  bundles: z.array(QuarantinedBundle),
});
export type QuarantineFile = z.infer<typeof QuarantineFile>;
