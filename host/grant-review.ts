// A bundle's authority for the person who gives it (DESIGN.md §4 "A manifest asks, the kind caps, the operator grants"): what is
// asked for, what the kinds allow, what is granted, what was used of it, and the least that would do.
import { describeRequest } from '../registry/asks.ts';
import { formatTime } from '../src/contracts/common.ts';
import type { Grant, LockedBundle } from '../src/contracts/config.ts';
import type { ReviewedBundle, ReviewedCapability, ReviewedGrant } from '../src/contracts/grant-review.ts';
import {
  CAPABILITY_NAMES,
  type CapabilityId,
  type CapabilityRequest,
  type Kind,
} from '../src/contracts/manifest.ts';
import { KINDS } from '../src/kinds/index.ts';
import { AMBIENT } from '../src/kinds/kind.ts';
import { wantedGrants } from './grant-requests.ts';
import { answers, narrower, reaches } from './grant-scope.ts';
import { describeSubject, grantCommandLine } from './grant-text.ts';
import type { GrantUsage, GrantUse } from './grant-usage.ts';
import { type GrantDraft, grantId, isExpired } from './grants.ts';

const DAY = 86_400_000;
/** A grant that was not used for so long is probably not needed. */
const UNUSED_DAYS = 30;

export interface ReviewInput {
  /** Every installed version of the bundle. */
  readonly installed: readonly LockedBundle[];
  readonly grants: readonly Grant[];
  readonly usage: GrantUsage;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The review of one bundle; capabilities that need no grant are left out. */
export function reviewBundle(bundle: string, input: ReviewInput): ReviewedBundle {
  const installed = input.installed.filter(({ name }) => name === bundle);
  const provides = [...new Set(installed.flatMap((locked) => locked.provides))].sort();
  const kinds = [...new Set(provides.map((fn) => fn.split('/', 1)[0] as Kind))];
  const requests = installed.flatMap(({ capabilities }) => capabilities);
  const own = { ...input, grants: input.grants.filter((grant) => grant.bundle === bundle) };
  const denied = new Set(
    input.usage.denials.filter((denial) => denial.bundle === bundle).map(({ capability }) => capability),
  );
  const capabilities = CAPABILITY_NAMES.filter(
    (id) =>
      !AMBIENT.includes(id) &&
      (requests.some((request) => request.id === id) ||
        own.grants.some(({ capability }) => capability === id) ||
        denied.has(id)),
  ).map((id) => {
    const asked = requests.filter((request) => request.id === id);
    return reviewCapability(bundle, id, kinds, asked, own);
  });
  return { bundle, versions: installed.map(({ version }) => version), provides, capabilities };
}

function reviewCapability(
  bundle: string,
  capability: CapabilityId,
  kinds: readonly Kind[],
  asked: readonly CapabilityRequest[],
  { grants, usage, now }: ReviewInput,
): ReviewedCapability {
  const atMost = kinds.map((kind) => ({ kind, class: KINDS[kind].ceiling[capability]?.class ?? null }));
  const mayAct = asked.length > 0 && atMost.some((limit) => limit.class !== null);
  const own = grants.filter((grant) => grant.capability === capability);
  const live = own.filter((grant) => !isExpired(grant, now));
  const isReached = (target: string): boolean => live.some((grant) => reaches(grant, target));
  const refused = usage.denials.filter(
    (denial) =>
      denial.bundle === bundle &&
      denial.capability === capability &&
      // Where no grant would have helped, what has changed since is not known: it is shown for a while.
      (denial.fix === null
        ? now - denial.last < UNUSED_DAYS * DAY
        : denial.target === undefined || !isReached(denial.target)),
  );
  const gentlest = atMost.every((limit) => limit.class !== 'mutate') ? 'observe' : 'mutate';
  // What was tried already is proposed as it was tried.
  const wasTried = (draft: GrantDraft): boolean =>
    refused.some(({ target }) => target !== undefined && reaches(draft, target));
  const missing = wantedGrants(bundle, asked, gentlest).filter(
    (draft) => mayAct && !wasTried(draft) && !live.some((grant) => answers(grant, draft)),
  );
  return {
    capability,
    asks: [...new Set(asked.map(describeRequest))],
    atMost,
    grants: own.map((grant) => reviewGrant(grant, usage.uses.get(grantId(grant)), mayAct, now)),
    refused: refused
      .sort((a, b) => b.last - a.last)
      .map(({ action, count, last, fix }) => ({ action, count, last: formatTime(last), fix })),
    missing: missing.map((draft) => grantCommandLine(draft)),
  };
}

function reviewGrant(grant: Grant, use: GrantUse | undefined, mayAct: boolean, now: number): ReviewedGrant {
  const id = grantId(grant);
  const flags: ReviewedGrant['flags'] = [];
  if (isExpired(grant, now)) flags.push('expired');
  if (!mayAct) flags.push('without effect');
  if (use === undefined) flags.push('never used');
  else if (now - use.last >= UNUSED_DAYS * DAY) flags.push('unused for long');
  const drafts = use?.targets === undefined || flags.length > 0 ? [] : narrower(grant, use.targets);
  if (drafts.length > 0) flags.push('wider than used');
  const { by: _, expires: __, ...renewed } = grant;
  const instead =
    use !== undefined && mayAct && isExpired(grant, now)
      ? [grantCommandLine(renewed, '1d')]
      : replaced(id, drafts, flags.length > 0);
  return {
    id,
    class: grant.class,
    allows: describeSubject(grant),
    expires: grant.expires ?? null,
    by: grant.by,
    reason: grant.reason,
    used: {
      count: use?.count ?? 0,
      dryRuns: use?.dryRuns ?? 0,
      last: use === undefined ? null : formatTime(use.last),
    },
    flags,
    instead,
  };
}

/** The lines that put the drafts in the place of a grant, or take it away. */
function replaced(id: string, drafts: readonly GrantDraft[], flagged: boolean): string[] {
  if (!flagged) return [];
  const remove = `signet grant --remove ${id}`;
  const lines = drafts.map((draft) => grantCommandLine(draft));
  // A grant of the same thing with another class has the same id: the old one must go first.
  return drafts.some((draft) => grantId(draft) === id) ? [remove, ...lines] : [...lines, remove];
}

/** The names of every bundle that is installed or has a grant, sorted. */
export function bundlesToReview({ installed, grants }: ReviewInput): string[] {
  return [...new Set([...installed.map(({ name }) => name), ...grants.map(({ bundle }) => bundle)])].sort();
}
