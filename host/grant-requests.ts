// The grants that a manifest asks for by name (DESIGN.md §4 "A manifest asks"). What is left to the operator (`granted`) names
// nothing to propose, and neither does a secret: where it goes is for the operator to say.
import type { CapabilityRequest } from '../src/contracts/manifest.ts';
import type { GrantDraft } from './grants.ts';
import { isReading } from './http-scope.ts';
import { isPlainPath } from './plain-path.ts';

const REASON = 'asked for by its manifest';

/** `gentlest`: the class that the kinds of the bundle allow where either would do. */
export function wantedGrants(
  bundle: string,
  requests: readonly CapabilityRequest[],
  gentlest: 'observe' | 'mutate',
): GrantDraft[] {
  return requests.flatMap((request) => wantedBy(bundle, request, gentlest));
}

function wantedBy(bundle: string, request: CapabilityRequest, gentlest: 'observe' | 'mutate'): GrantDraft[] {
  const common = { bundle, reason: REASON };
  switch (request.id) {
    case 'fs.read':
      return named(request.paths)
        .filter(isPlainPath)
        .map((path) => ({ ...common, capability: 'fs.read', class: 'observe', path }));
    case 'fs.write':
      return named(request.paths)
        .filter(isPlainPath)
        .map((path) => ({ ...common, capability: 'fs.write', class: 'mutate', path }));
    case 'exec': {
      const unresolved = { program: '/', args: [], stdin: false, shell: false };
      return named(request.commands).map((command) => ({
        ...common,
        capability: 'exec',
        class: gentlest,
        command,
        ...unresolved,
      }));
    }
    case 'kv':
      return [{ ...common, capability: 'kv', class: request.access === 'read' ? 'observe' : gentlest }];
    case 'http': {
      const { methods } = request;
      const effectClass = methods.every(isReading) ? 'observe' : gentlest;
      return named(request.origins).map((origin) => ({
        ...common,
        capability: 'http',
        class: effectClass,
        origin,
        methods,
        pathPrefix: '/',
        private: false,
      }));
    }
    case 'invoke':
      return request.functions.map((fn) => ({
        ...common,
        capability: 'invoke',
        class: gentlest,
        function: fn,
      }));
    case 'model': {
      const limits = { maxTokensPerCall: 10_000, tokensPerDay: 100_000 };
      return request.roles.map((role) => ({
        ...common,
        capability: 'model',
        class: 'observe',
        roles: [role],
        ...limits,
      }));
    }
    case 'secret':
    case 'clock':
    case 'random':
    case 'log':
      return [];
    default:
      return request satisfies never;
  }
}

const named = (names: 'granted' | readonly string[]): readonly string[] => (names === 'granted' ? [] : names);
