// `signet grant`: shows the grants in plain words, adds one, or takes one away. Only ever a person's doing: the principal is
// the user who types the command (DESIGN.md §4 "Agents cannot grant").
import { describeGrant } from '../../../host/grant-text.ts';
import { addGrant, grantId, loadGrants, removeGrant } from '../../../host/grants.ts';
import { operator } from '../../../host/operator.ts';
import { projectPaths } from '../../../host/paths.ts';
import { readLockfile } from '../../../registry/lockfile.ts';
import type { Grant } from '../../../src/contracts/config.ts';
import { SignetError } from '../../../src/error.ts';
import { directoryOf, type Invocation, type Run, text } from '../command.ts';
import { grantDraft } from '../grant-draft.ts';

const clock = { now: () => Date.now() };

export const run: Run = async (invocation) => {
  const { positionals } = invocation;
  const paths = projectPaths(directoryOf(invocation));
  const person = operator();
  const remove = text(invocation, 'remove');
  if (remove !== undefined)
    return show(invocation, [removeGrant(paths.grants, remove, person, clock)], 'taken away: ');
  const [bundle, capability, ...argv] = positionals;
  if (bundle === undefined) return show(invocation, loadGrants(paths.grants).grants, '');
  if (capability === undefined) throw usage('which capability is granted?');
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
  else if (grants.length === 0) output.note('nothing is granted\n');
  else for (const grant of grants) output.result(`${prefix}${grantId(grant)}  ${describeGrant(grant)}\n`);
  return 0;
}

const usage = (sentence: string): SignetError =>
  new SignetError('E_USAGE', sentence, { fix: 'signet grant --help' });
