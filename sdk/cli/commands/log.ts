// `registry log show [REGISTRY]`: heads, witnesses, evidence. `registry log cosign [REGISTRY]`: cosigns a checkpoint that grew from the
// last one seen here; what is signed is remembered first, so that one witness never signs two histories.
import { isAbsolute, join } from 'node:path';
import { projectPaths } from '../../../host/paths.ts';
import { fingerprint, verify } from '../../../keys/ed25519.ts';
import { writeFileAtomic } from '../../../keys/safe-file.ts';
import { readEvidence } from '../../../registry/evidence.ts';
import { refreshRegistry } from '../../../registry/fetch.ts';
import type { PolicyRegistry } from '../../../registry/policy.ts';
import type { Project } from '../../../registry/project.ts';
import { PATHS } from '../../../registry/transport.ts';
import { cosign, readCosignatures } from '../../../registry/witness.ts';
import { formatTime } from '../../../src/contracts/common.ts';
import { worstExit } from '../../../src/contracts/verdict.ts';
import { asSignetError, type ExitCode, SignetError } from '../../../src/error.ts';
import { openProject } from '../../open-project.ts';
import { openKeyring } from '../../release.ts';
import { directoryOf, type Invocation, type Run, text } from '../command.ts';
import { escaped } from '../escaped.ts';

const WITNESS_KEY = 'witness';
const WITNESS_NAME = 'witness.local';

export const run: Run = async (invocation) => {
  const [action] = invocation.positionals;
  const project = openProject(projectPaths(directoryOf(invocation)));
  if (action === 'show') return show(project, invocation);
  if (action === 'cosign') return cosignOne(project, invocation);
  throw new SignetError('E_USAGE', `log takes show or cosign, found ${JSON.stringify(action)}`, {
    fix: 'registry log --help',
  });
};

function show(project: Project, invocation: Invocation): ExitCode {
  const { json, output } = invocation;
  const logs = chosen(project, invocation).map((registry) => {
    const seen = project.trust.pin(registry.root)?.checkpoint ?? null;
    try {
      const { head, root, witnessed } = refreshRegistry(project, registry);
      const witnesses = readCosignatures(head.note, root.witness?.keys ?? [], verify);
      const { origin, size } = head;
      return {
        registry: registry.name,
        ok: true,
        code: null,
        origin,
        size,
        root: head.root,
        witnessed,
        witnesses,
        seen,
      };
    } catch (thrown) {
      const error = asSignetError(thrown);
      return {
        registry: registry.name,
        ok: false,
        code: error.code,
        exit: error.exit,
        error,
        witnesses: [],
        seen,
      };
    }
  });
  const evidence = readEvidence(project.trust.directory);
  const exit = worstExit(
    logs.map((log): ExitCode => ('exit' in log && log.exit !== undefined ? log.exit : 0)),
  );
  if (json) {
    const code = logs.find((log) => !log.ok)?.code ?? null;
    const rows = logs.map(({ witnesses, ...log }) => ({
      ...log,
      witnesses: witnesses.map(({ name, key, at }) => ({ name, key: fingerprint(key), at: formatTime(at) })),
    }));
    output.result(`${JSON.stringify({ schema: 'log/1', ok: exit === 0, code, logs: rows, evidence })}\n`);
    return exit;
  }
  for (const log of logs) {
    if (log.error !== undefined) {
      const { code, message, expected, actual, fix } = log.error;
      output.result(escaped`✗ ${log.registry}  ${code}  ${message}\n`);
      if (expected !== undefined) output.result(escaped`  expected ${expected}\n`);
      if (actual !== undefined) output.result(escaped`  actual   ${actual}\n`);
      output.result(escaped`  do: ${fix}\n`);
    } else {
      output.result(escaped`✓ ${log.registry}  size ${log.size} of ${log.origin}\n  root      ${log.root}\n`);
      output.result(escaped`  witnesses ${log.witnessed || 'none is asked for'}\n`);
    }
    for (const { name, key, at } of log.witnesses)
      output.result(escaped`            ${name} ${fingerprint(key)} at ${formatTime(at)}\n`);
    output.result(
      escaped`  seen      ${log.seen === null ? 'nothing yet' : `size ${log.seen.size} ${log.seen.root}`}\n`,
    );
  }
  for (const { file, origin, foundAt, checkpoints } of evidence) {
    output.result(escaped`! evidence of two histories of ${origin}, found ${foundAt}: ${file}\n`);
    for (const note of checkpoints)
      for (const line of note.trimEnd().split('\n')) output.result(escaped`  | ${line}\n`);
  }
  return exit;
}

function cosignOne(project: Project, invocation: Invocation): ExitCode {
  const { json, output } = invocation;
  const [registry, ...others] = chosen(project, invocation);
  if (registry === undefined || others.length > 0)
    throw new SignetError('E_USAGE', 'name the registry whose checkpoint is to be cosigned', {
      fix: `registry log cosign ${[registry, ...others].map((one) => one?.name ?? '').join('|')}`,
    });
  const name = text(invocation, 'name') ?? WITNESS_NAME;
  const witness = openKeyring().ensurePublisher(text(invocation, 'key') ?? WITNESS_KEY);
  const { head } = refreshRegistry(project, registry, true);
  const note = cosign(head.note, name, witness, project.clock.now());
  const { location } = registry;
  const folder = isAbsolute(location) ? location : join(project.directory, location);
  const file = text(invocation, 'out') ?? join(folder, PATHS.checkpoint);
  writeFileAtomic(file, Buffer.from(note));
  const key = fingerprint(witness.publicKey);
  const { origin, size } = head;
  if (json)
    output.result(
      `${JSON.stringify({ schema: 'cosign/1', ok: true, code: null, origin, size, root: head.root, name, key, file })}\n`,
    );
  else output.result(escaped`${origin} size ${size} cosigned by ${name} ${key}\n  ${file}\n`);
  return 0;
}

function chosen(project: Project, invocation: Invocation): readonly PolicyRegistry[] {
  const { registries } = project.policy();
  const [, name] = invocation.positionals;
  if (name === undefined) return registries;
  const registry = registries.find((one) => one.name === name);
  if (registry !== undefined) return [registry];
  throw new SignetError('E_NOT_FOUND', `policy.yaml names no registry ${name}`, {
    item: name,
    expected: registries.map((one) => one.name).join(', '),
    actual: name,
  });
}
