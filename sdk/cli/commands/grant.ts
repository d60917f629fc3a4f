// `signet grant`: shows what bundles ask for, have and used, adds a grant, or takes one away. Only ever a person's doing: the
// principal is the user who types the command (DESIGN.md §4 "Agents cannot grant").
import { bundlesToReview, reviewBundle } from '../../../host/grant-review.ts';
import { describeGrant } from '../../../host/grant-text.ts';
import { readUsage, USAGE_TYPES } from '../../../host/grant-usage.ts';
import { addGrant, grantId, loadGrants, removeGrant } from '../../../host/grants.ts';
import { readJournalStore } from '../../../host/journal-store.ts';
import { operator } from '../../../host/operator.ts';
import { type ProjectPaths, projectPaths } from '../../../host/paths.ts';
import { sha256 } from '../../../keys/hash.ts';
import { readLockfile } from '../../../registry/lockfile.ts';
import { formatTime } from '../../../src/contracts/common.ts';
import type { Grant } from '../../../src/contracts/config.ts';
import type { GrantReview } from '../../../src/contracts/grant-review.ts';
import { SignetError } from '../../../src/error.ts';
import { readRecords, storeSource } from '../../../src/journal-reader.ts';
import { directoryOf, type Invocation, type Run, text } from '../command.ts';
import { grantDraft } from '../grant-draft.ts';
import { formatBundle, formatTable } from '../grant-page.ts';

const clock = { now: () => Date.now() };

export const run: Run = async (invocation) => {
  const { positionals } = invocation;
  const paths = projectPaths(directoryOf(invocation));
  const person = operator();
  const remove = text(invocation, 'remove');
  if (remove !== undefined)
    return show(invocation, [removeGrant(paths.grants, remove, person, clock)], 'taken away: ');
  const [bundle, capability, ...argv] = positionals;
  if (bundle === undefined || capability === undefined || invocation.flags['all'] === true)
    return showReview(invocation, paths, invocation.flags['all'] === true ? undefined : bundle);
  const granted = addGrant(
    paths.grants,
    grantDraft(invocation, bundle, capability, argv, clock),
    person,
    clock,
  );
  const locked = readLockfile(paths.lockfile).find(({ name }) => name === bundle);
  if (locked === undefined) invocation.output.note(`warning: ${bundle} is not installed\n`);
  else if (!locked.capabilities.some(({ id }) => id === capability)) {
    invocation.output.note(
      `warning: ${bundle} ${locked.version} does not ask for ${capability}: the grant has no effect\n`,
    );
  }
  return show(invocation, [granted], 'granted: ');
};

function show({ json, output }: Invocation, grants: readonly Grant[], prefix: string): 0 {
  if (json)
    output.result(
      `${JSON.stringify({ schema: 'grants/1', ok: true, grants: grants.map((grant) => ({ id: grantId(grant), ...grant })) })}\n`,
    );
  else for (const grant of grants) output.result(`${prefix}${grantId(grant)}  ${describeGrant(grant)}\n`);
  return 0;
}

/** The page of one bundle, or the table of all. E_NOT_FOUND for one that is not installed and has no grant. */
function showReview({ json, output, flags }: Invocation, paths: ProjectPaths, bundle: string | undefined): 0 {
  const given = Object.keys(flags).filter((flag) => !READING_FLAGS.has(flag));
  if (given.length > 0)
    throw new SignetError('E_USAGE', `--${given[0]} needs a bundle and a capability`, {
      fix: 'signet grant --help',
    });
  const now = clock.now();
  const { grants } = loadGrants(paths.grants);
  const records = readRecords(storeSource(readJournalStore(paths.journal)), sha256, 0, USAGE_TYPES);
  const input = { installed: readLockfile(paths.lockfile), grants, usage: readUsage(records), now };
  const known = bundlesToReview(input);
  if (bundle !== undefined && !known.includes(bundle)) {
    throw new SignetError('E_NOT_FOUND', `${bundle} is not installed, and nothing is granted to it`, {
      item: bundle,
      fix: 'signet grant',
    });
  }
  const review: GrantReview = {
    schema: 'grant-review/1',
    ok: true,
    at: formatTime(now),
    bundles: (bundle === undefined ? known : [bundle]).map((name) => reviewBundle(name, input)),
  };
  const [only] = review.bundles;
  if (json) output.result(`${JSON.stringify(review)}\n`);
  else
    output.result(
      bundle === undefined || only === undefined ? formatTable(review, now) : formatBundle(only, now),
    );
  return 0;
}

/** The flags that mean something without a capability. */
const READING_FLAGS: ReadonlySet<string> = new Set(['directory', 'json', 'all']);
