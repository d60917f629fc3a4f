// `signet audit --specs FILE`: the convergence audit (CONTRACTS.md §1). Exit 0 no drift, 1 drift, 2 an error in a spec.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { AuditReport } from '../../../src/contracts/convergence.ts';
import { DRY_RUN_VARIABLE } from '../../../src/convergence/dry-run.ts';
import { formatAudit } from '../../../src/convergence/report.ts';
import { SignetError } from '../../../src/error.ts';
import { parseShape } from '../../../src/shape.ts';
import { connect } from '../../client.ts';
import { directoryOf, type Run, text, texts } from '../command.ts';

export const run: Run = async (invocation) => {
  const { flags, json, output } = invocation;
  const specs = text(invocation, 'specs');
  if (specs === undefined)
    throw new SignetError('E_USAGE', '--specs FILE is missing', { fix: 'signet audit --help' });
  if (!existsSync(specs))
    throw new SignetError('E_NOT_FOUND', `there is no spec file ${specs}`, { item: specs });
  const root = text(invocation, 'root');
  if (root !== undefined && !existsSync(root))
    throw new SignetError('E_NOT_FOUND', `there is no folder ${root}`, { item: root });
  const client = await connect(directoryOf(invocation));
  try {
    const answer = await client.command('host.audit', {
      specs: resolve(specs),
      ...(root === undefined ? {} : { root: resolve(root) }),
      ids: [...texts(invocation, 'spec')],
      apply: flags['apply'] === true,
      environment: dryRunEnvironment(),
    });
    const report = parseShape(AuditReport, answer, 'the answer');
    output.result(json ? `${JSON.stringify(report)}\n` : formatAudit(report));
    return report.exit;
  } finally {
    await client.close();
  }
};

/** Every variable of this environment that could force a dry run: those set to `1`. */
function dryRunEnvironment(): Record<string, string> {
  const set = Object.entries(process.env).filter(
    ([name, value]) => value === '1' && (name === DRY_RUN_VARIABLE || /DRY_RUN/i.test(name)),
  );
  return Object.fromEntries(set) as Record<string, string>;
}
