// How wide a grant is (DESIGN.md §4): whether it reaches what an effect is about, and the narrowest grants that reach all that it
// was used for. Targets are those of the journal: a path, a command line, `GET https://…`, a function, a role, `read` or `write`.
import { dirname } from 'node:path';
import type { Grant } from '../src/contracts/config.ts';
import type { GrantDraft } from './grants.ts';
import { classOf, covers, isReading, parseTarget } from './http-scope.ts';
import { isInside, isPlainPath } from './plain-path.ts';

type HttpGrant = Extract<Grant, { capability: 'http' }>;

/** Paths that are granted one by one rather than by the folder that holds them. */
const MAX_SINGLE = 3;

/** True where the grant allows an effect of its capability on that target. */
export function reaches(grant: Grant | GrantDraft, target: string): boolean {
  switch (grant.capability) {
    case 'fs.read':
    case 'fs.write':
      return isPlainPath(target) && isInside(target, grant.path);
    case 'exec':
      return grant.command === undefined
        ? [grant.program, ...grant.args].join(' ') === target
        : grant.command === target;
    case 'kv':
      return grant.class === 'mutate' || target === 'read';
    case 'http': {
      const [method = '', address = ''] = target.split(' ');
      const url = parseTarget(address);
      return url !== undefined && covers(grant, method, url);
    }
    case 'secret':
      return grant.name === target;
    case 'invoke':
      return grant.function === target;
    case 'model':
      return grant.roles.includes(target);
    default:
      return grant satisfies never;
  }
}

/** True where the operator has decided on what is wanted: all of it is granted, or less of it on purpose. */
export function answers(grant: Grant, wanted: GrantDraft): boolean {
  switch (wanted.capability) {
    case 'fs.read':
    case 'fs.write':
      return (
        grant.capability === wanted.capability &&
        (isInside(wanted.path, grant.path) || isInside(grant.path, wanted.path))
      );
    case 'exec':
      return reaches(grant, wanted.command ?? [wanted.program, ...wanted.args].join(' '));
    case 'kv':
      return grant.capability === 'kv';
    case 'http':
      return (
        grant.capability === 'http' &&
        grant.origin === wanted.origin &&
        wanted.methods.some((method) => grant.methods.includes(method))
      );
    case 'secret':
      return reaches(grant, wanted.name);
    case 'invoke':
      return reaches(grant, wanted.function);
    case 'model':
      return wanted.roles.every((role) => reaches(grant, role));
    default:
      return wanted satisfies never;
  }
}

/** Grants that together reach the targets and less than this one does; none where it is as narrow as that. */
export function narrower(grant: Grant, targets: ReadonlySet<string>): GrantDraft[] {
  const { by: _, ...draft } = grant;
  const all = [...targets].sort();
  if (all.length === 0 || !all.every((target) => reaches(grant, target))) return [];
  switch (draft.capability) {
    case 'fs.read':
    case 'fs.write': {
      const paths = all.length <= MAX_SINGLE ? withoutInner(all) : [commonFolder(all)];
      return paths.includes(draft.path) ? [] : paths.map((path) => ({ ...draft, path }));
    }
    case 'kv':
      return draft.class === 'mutate' && !targets.has('write') ? [{ ...draft, class: 'observe' }] : [];
    case 'http':
      return narrowerHttp(draft, all);
    case 'model': {
      const roles = draft.roles.filter((role) => targets.has(role));
      return roles.length < draft.roles.length ? [{ ...draft, roles }] : [];
    }
    // Exactly one thing: it cannot be narrower.
    case 'exec':
    case 'secret':
    case 'invoke':
      return [];
    default:
      return draft satisfies never;
  }
}

/** Without those that lie in another one of them. */
const withoutInner = (paths: readonly string[]): string[] =>
  paths.filter((path) => !paths.some((other) => other !== path && isInside(path, other)));

function commonFolder(paths: readonly string[]): string {
  let folder = dirname(paths[0] ?? '/');
  while (!paths.every((path) => isInside(path, folder))) folder = dirname(folder);
  return folder;
}

function narrowerHttp(draft: Omit<HttpGrant, 'by'>, targets: readonly string[]): GrantDraft[] {
  const requests = targets.map((target) => target.split(' '));
  const methods = draft.methods.filter((method) => requests.some(([used]) => used === method));
  const folders = requests.map(([, address = '']) => new URL(address).pathname).map(folderOf);
  let pathPrefix = folders[0] ?? '/';
  while (!folders.every((folder) => folder.startsWith(pathPrefix)))
    pathPrefix = folderOf(pathPrefix.slice(0, -1));
  // One that no grant may have, or that is wider than the one there is.
  if (pathPrefix.length <= draft.pathPrefix.length || /[%;]|\/\//.test(pathPrefix))
    pathPrefix = draft.pathPrefix;
  if (methods.length === draft.methods.length && pathPrefix === draft.pathPrefix) return [];
  // Of what only reads, no more than that is granted.
  const effectClass = methods.every(isReading) ? classOf(draft, methods[0] ?? 'GET') : draft.class;
  return [{ ...draft, class: effectClass, methods, pathPrefix }];
}

/** Up to the last slash. */
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1) || '/';
