// `signet status`: bundles, grants, journal, and plainly which layers of isolation are on (DESIGN.md §4).
import { HostStatus } from '../../../src/contracts/api.ts';
import { parseShape } from '../../../src/shape.ts';
import { oneLine } from '../../../src/text.ts';
import { connect } from '../../client.ts';
import { directoryOf, type Run } from '../command.ts';

export const run: Run = async (invocation) => {
  const { json, output } = invocation;
  const client = await connect(directoryOf(invocation));
  try {
    const status = parseShape(HostStatus, await client.query('host.status'), 'the answer');
    if (json) output.result(`${JSON.stringify(status)}\n`);
    else output.result(formatStatus(status));
    return 0;
  } finally {
    await client.close();
  }
};

function formatStatus(status: HostStatus): string {
  const { journal, grants, layers } = status;
  const where =
    status.address === null ? 'not listening (this command opened the host for itself)' : status.address;
  const unseen = status.bundles.filter(({ state }) => state === 'installed').length;
  const rows = status.bundles.flatMap(describeBundle);
  const unresolved = journal.unresolved.map((effect) => `  ! outcome unknown: ${oneLine(effect)}`);
  return `${[
    `signet ${status.version}  ${where}  pid ${status.pid}  workers ${status.workers}`,
    `project     ${status.directory}`,
    `bundles     ${status.bundles.length}${unseen === 0 ? '' : `, ${unseen} not used yet: verified when they are, or by registry verify --all`}`,
    ...rows,
    `grants      ${grants.count} (epoch ${grants.epoch.slice(0, 19)}…)`,
    `journal     ${journal.records} records`,
    ...unresolved,
    'layers',
    ...layers.on.map(({ layer, by }) => `  ✓ ${layer}: ${oneLine(by)}`),
    ...layers.off.map(({ layer, why }) => `  ✗ ${layer}: ${oneLine(why)}`),
  ].join('\n')}\n`;
}

function describeBundle(bundle: HostStatus['bundles'][number]): string[] {
  const { name, version, state, code, warning, current, provides, uses } = bundle;
  const mark = state === 'refused' || state === 'quarantined' ? '✗' : state === 'loaded' ? '✓' : '·';
  const beside = current ? '' : ' (by range)';
  const line = `  ${mark} ${name} ${version}${beside}  ${state}${code === null ? '' : ` ${code}`}  ${provides.join(' ')}`;
  const last = uses === null || uses.calls === 0 ? '' : `, the last ${uses.last.join(', ')}`;
  return [
    line,
    ...(state === 'quarantined' ? [`    do: signet unquarantine ${name}`] : []),
    ...(warning === null ? [] : [`    ! ${oneLine(warning)}`]),
    ...(uses === null ? [] : [`    ! ${uses.calls} calls ran in it${last}`]),
  ];
}
