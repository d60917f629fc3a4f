// `registry audit [LOCATION]`: what is missing, added, changed or out of order in a registry, against its log.
import { lstatSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { projectPaths } from '../../../host/paths.ts';
import { rootFingerprint } from '../../../keys/root.ts';
import { type AuditResult, auditRegistry } from '../../../registry/audit.ts';
import { givenTrust } from '../../../registry/given-root.ts';
import type { PolicyRegistry } from '../../../registry/policy.ts';
import { readRoots } from '../../../registry/proof.ts';
import { DirectoryTransport } from '../../../registry/transport.ts';
import { worstExit } from '../../../src/contracts/verdict.ts';
import { CODES, type ExitCode, SignetError } from '../../../src/error.ts';
import { oneLine } from '../../../src/text.ts';
import { openProject } from '../../open-project.ts';
import { directoryOf, type Invocation, type Run, text } from '../command.ts';

export const run: Run = async (invocation) => {
  const { positionals, json, output } = invocation;
  const given = text(invocation, 'fingerprint');
  const results: (AuditResult & { location: string })[] = [];
  if (given !== undefined) {
    const directory = folderAt(positionals[0] ?? '.');
    const { registries, freshness } = givenTrust(
      { fingerprint: given, host: '0.0.0', namespaces: [] },
      undefined,
    );
    const pin = registries[0]?.pin;
    if (pin !== undefined)
      results.push({ location: directory, ...auditRegistry({ directory, pin, freshness, now: Date.now() }) });
  } else {
    const project = openProject(projectPaths(directoryOf(invocation)));
    const policy = project.policy();
    const now = project.clock.now();
    for (const { directory, pin } of pinned(invocation, project, policy.registries))
      results.push({
        location: directory,
        ...auditRegistry({ directory, pin, freshness: policy.freshness, rules: policy, now }),
      });
  }
  const findings = results.flatMap((result) => result.findings);
  const exit: ExitCode = results.length === 0 ? 3 : worstExit(findings.map(({ code }) => CODES[code].exit));
  const code =
    results.length === 0
      ? 'E_NO_SUBJECTS'
      : (findings.find((f) => CODES[f.code].exit === exit)?.code ?? null);
  if (json)
    output.result(`${JSON.stringify({ schema: 'audit/1', ok: exit === 0, code, registries: results })}\n`);
  else for (const result of results) output.result(format(result));
  if (results.length === 0 && !json) output.result('✗ nothing to audit: policy.yaml names no registry\n');
  return exit;
};

interface Pinned {
  readonly directory: string;
  readonly pin: NonNullable<ReturnType<ReturnType<typeof openProject>['trust']['pin']>>;
}

/** The registries of the policy, or the one in the folder; each must have a pinned root, or nothing can be said. */
function pinned(
  invocation: Invocation,
  project: ReturnType<typeof openProject>,
  registries: readonly PolicyRegistry[],
): Pinned[] {
  const [location] = invocation.positionals;
  const known = location === undefined ? undefined : registries.find(({ name }) => name === location);
  const folder = (at: string): string => (isAbsolute(at) ? at : join(project.directory, at));
  const pinOf = (fingerprint: string, item: string): Pinned['pin'] => {
    const pin = project.trust.pin(fingerprint);
    if (pin !== undefined) return pin;
    throw new SignetError('E_ROOT_UNPINNED', `the root of ${item} is not pinned`, {
      item,
      expected: fingerprint,
      actual: 'no pin',
      fix: `registry audit ${item} --fingerprint SHA256:…, once you have it from a source you trust`,
    });
  };
  if (location === undefined || known !== undefined)
    return (known === undefined ? registries : [known]).map((registry) => ({
      directory: folderAt(folder(registry.location)),
      pin: pinOf(registry.root, registry.name),
    }));
  const directory = folderAt(location);
  const chain = readRoots(new DirectoryTransport(directory)).map(rootFingerprint);
  return [
    {
      directory,
      pin: pinOf(chain.find((one) => project.trust.pin(one) !== undefined) ?? chain[0] ?? '', location),
    },
  ];
}

function folderAt(location: string): string {
  const directory = resolve(location);
  if (lstatSync(directory, { throwIfNoEntry: false })?.isDirectory()) return directory;
  throw new SignetError('E_NOT_FOUND', `there is no registry ${location}`, {
    item: location,
    expected: 'the folder of a registry, or its name in policy.yaml',
    actual: 'no folder',
  });
}

function format({ location, findings, size, root, counts }: AuditResult & { location: string }): string {
  const { releases, namespaces, revocations } = counts;
  const lines = [
    findings.length === 0
      ? `✓ ${location}  COMPLETE`
      : `✗ ${location}  ${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`,
    `  log       ${size} entries${root === undefined ? '' : `, root ${root}`}`,
    `  replayed  ${releases} releases, ${namespaces} namespaces, ${revocations} revocations`,
  ];
  for (const { code, sentence, expected, actual, fix } of findings)
    lines.push(
      `  ${code}  ${sentence}`,
      `    expected ${expected}`,
      `    actual   ${actual}`,
      `    do: ${fix}`,
    );
  return `${lines.map((line) => oneLine(line)).join('\n')}\n`;
}
