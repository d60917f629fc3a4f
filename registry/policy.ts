// policy.yaml (DESIGN.md §3 "Several registries", THREATS.md 29, 32): each namespace belongs to exactly one registry and its
// root; nothing falls through to another one. Unknown fields are errors that name the line.

import { readRegularFile } from '../keys/safe-file.ts';
import { Policy } from '../src/contracts/config.ts';
import { SignetError } from '../src/error.ts';
import { parseYamlShape, yamlLine } from './yaml.ts';

export type PolicyRegistry = Policy['registries'][number];

const MAX_POLICY = 1024 * 1024;

/** The policy in the text; E_CONFIG with item and line for whatever is wrong, duplicate names and namespaces included. */
export function parsePolicy(text: string, item = 'policy.yaml'): Policy {
  const policy = parseYamlShape(Policy, text, item);
  const refuse = (path: readonly PropertyKey[], what: string): never => {
    const line = yamlLine(text, path);
    throw new SignetError('E_CONFIG', `${item}, line ${line}: ${what}`, { item: `${item}:${line}` });
  };
  const names = new Map<string, string>();
  const owners = new Map<string, string>();
  for (const [i, registry] of policy.registries.entries()) {
    if (names.has(registry.name))
      refuse(['registries', i, 'name'], `two registries are called ${registry.name}`);
    names.set(registry.name, registry.name);
    for (const [j, namespace] of registry.namespaces.entries()) {
      const owner = owners.get(namespace);
      if (owner !== undefined)
        refuse(['registries', i, 'namespaces', j], `the namespace ${namespace} belongs to ${owner} already`);
      owners.set(namespace, registry.name);
    }
  }
  return policy;
}

/** The policy of the file; E_CONFIG where it is missing. */
export function loadPolicy(path: string): Policy {
  const file = readRegularFile(path, MAX_POLICY);
  if (file === undefined) {
    throw new SignetError('E_CONFIG', `there is no policy: ${path}`, {
      item: path,
      fix: 'npm start makes one.',
    });
  }
  return parsePolicy(Buffer.from(file.bytes).toString('utf8'), path);
}
