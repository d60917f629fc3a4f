// What a bundle asks for, in plain words: shown with every verdict and before every installation (DESIGN.md §3).
import type { CapabilityRequest } from '../src/contracts/manifest.ts';

/** One line a capability. Text of the bundle is data: control characters are escaped, long text is cut. */
export function describeRequest(request: CapabilityRequest): string {
  switch (request.id) {
    case 'clock':
    case 'random':
    case 'log':
      return request.id;
    case 'kv':
      return `kv (${request.access === 'read' ? 'read' : 'read and write'})`;
    case 'fs.read':
    case 'fs.write':
      return `${request.id} ${list(request.paths, 'paths as granted')}`;
    case 'http':
      return `http ${list(request.origins, 'origins as granted')} (${request.methods.join(', ')})`;
    case 'exec':
      return `exec ${list(request.commands, 'commands as granted')}`;
    case 'secret':
      return `secret ${list(request.names, '')}`;
    case 'model':
      return `model ${list(request.roles, '')}`;
    case 'invoke':
      return `invoke ${list(request.functions, '')}`;
    default:
      return request satisfies never;
  }
}

function list(items: 'granted' | readonly string[], granted: string): string {
  return items === 'granted' ? granted : items.map(printable).join(', ');
}

function printable(text: string): string {
  const escaped = text.replace(/[\p{C}\p{Z}]/gu, (c) =>
    c === ' ' ? c : `\\u{${c.codePointAt(0)!.toString(16)}}`,
  );
  return escaped.length > 200 ? `${escaped.slice(0, 200)}…` : escaped;
}
