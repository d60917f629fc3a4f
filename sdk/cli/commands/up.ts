// `signet up`, also `npm start`: prepares the project, brings in the first-party bundles, audits the example, listens, and
// stops cleanly on SIGINT and SIGTERM (DESIGN.md §6, §7).
import { randomBytes } from 'node:crypto';
import { relative } from 'node:path';
import { startApi } from '../../../host/api.ts';
import { apiHandlers } from '../../../host/api-handlers.ts';
import { Host } from '../../../host/host.ts';
import { readOwner } from '../../../host/state-lock.ts';
import { writeFileAtomic } from '../../../keys/safe-file.ts';
import { formatAudit } from '../../../src/convergence/report.ts';
import { SignetError } from '../../../src/error.ts';
import type { Development } from '../../development.ts';
import { writeExample } from '../../example.ts';
import { bringFirstParty } from '../../first-party-release.ts';
import { prepareProject } from '../../project.ts';
import { renewLocal } from '../../release.ts';
import { directoryOf, type Run, text, texts } from '../command.ts';

/** How long calls in flight may take to end once the host is told to stop. */
const DRAIN_MS = 10_000;

export const run: Run = async (invocation) => {
  const { json, output } = invocation;
  const port = readPort(text(invocation, 'port'));
  const directory = directoryOf(invocation);
  const note = (line: string): void => output.note(`${line}\n`);
  const stopped = stopSignal();
  const { paths, made } = prepareProject(directory, Date.now());
  for (const path of made) note(`made        ${relative(directory, path) || path}`);
  const owner = readOwner(paths.lock);
  if (owner !== undefined) {
    const where = owner.address === undefined ? '' : ` at ${owner.address}`;
    throw new SignetError('E_HOST_BUSY', `a host with pid ${owner.pid} runs here already${where}`, {
      item: paths.state,
      fix: `signet status, or: kill ${owner.pid}`,
    });
  }
  await bringFirstParty(paths, note);
  const specs = writeExample(paths.example);

  const host = await Host.open({ directory, renew: () => renewLocal(paths) });
  let development: Development | undefined;
  try {
    host.on('log', ({ level, bundle, fn, text: line }) =>
      note(`${level.padEnd(5)} ${bundle} ${fn}: ${line}`),
    );
    host.on('refused', ({ name, version, code, message }) =>
      note(`refused     ${name} ${version}  ${code}: ${message}`),
    );
    host.on('revoked', ({ name, version, uses }) =>
      note(`revoked     ${name} ${version}  ${uses.calls} calls ran in it ${uses.last.join(' ')}`.trimEnd()),
    );
    host.on('upgraded', ({ name, from, to }) => note(`upgraded    ${name} ${from} to ${to}`));
    host.on('lost', ({ domain, reason }) => note(`worker      of ${domain} was lost: ${reason}`));
    host.on('fault', (error) => note(`fault       ${error.code}: ${error.message}`));
    const folders = texts(invocation, 'watch');
    if (folders.length > 0) {
      const { openDevelopment } = await import('../../development.ts');
      development = await openDevelopment(host, folders, ({ name, version }) =>
        note(`built       ${name} ${version}`),
      );
    }
    await host.loadAll();
    for (const { name, version, state, provides } of (await host.status()).bundles) {
      if (state === 'loaded') note(`loaded      ${name} ${version}  ${provides.join(' ')}`);
    }
    output.note(formatAudit(await host.audit({ specs })));
    const token = randomBytes(32).toString('base64url');
    writeFileAtomic(paths.token, Buffer.from(`${token}\n`), 0o600);
    const api = await startApi(apiHandlers(host), token, port);
    try {
      host.publishAddress(api.address);
      output.result(
        json
          ? `${JSON.stringify({ schema: 'up/1', ok: true, address: api.address, tokenFile: paths.token })}\n`
          : `signet ready ${api.address}  token in ${relative(process.cwd(), paths.token)}\n`,
      );
      note(`${await stopped}: stopping; calls in flight have ${DRAIN_MS / 1_000} s to end`);
      // Answers still go out; what is asked from now on is told that the host is closed.
      await host.close({ drainMs: DRAIN_MS });
    } finally {
      await api.close();
    }
  } finally {
    await development?.close();
    await host.close();
  }
  return 0;
};

/** Resolves with the first SIGINT or SIGTERM. A second one ends the process at once. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });
}

function readPort(value: string | undefined): number {
  if (value === undefined) return 0;
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
  throw new SignetError('E_USAGE', `--port ${value} is no port`, { fix: 'signet up --help' });
}
