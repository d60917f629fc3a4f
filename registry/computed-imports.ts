// Imports whose target is put together at run time (DESIGN.md §2 "Module resolution is confined", THREATS.md 38). For
// import(`./${name}`) the bundler reads folders on its own, asks nobody, and goes up to `/`: so it never gets to see one.
import { SignetError } from '../src/error.ts';

/** Without a match there is no such import, however it is written: a keyword has no escapes, a name has. */
const MAYBE = /\bimport\s*[(./]|require|\\u/;

/** import(…) and require(…), also as module.require, but not as the method of something else. */
const CALL =
  /(?<![\w$]|(?<!\.\.)\.)(?:import(?:\.\w+)?|(?:module(?:\??\.|(?:\?\.)?\[["'`]))?require(?:["'`]\])?)(?:\?\.)?\((?=["'`])/g;

/** One string to its end, and with it the first argument. */
const LONE_STRING =
  /(?:"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'|`(?:[^`\\$]|\\[\s\S]|\$(?!\{))*`)\s*[,)]/y;

/** False where the source needs no closer look. */
export function mayComputeImports(source: string): boolean {
  return MAYBE.test(source);
}

/**
 * Refuses, with E_BUILD_IMPORT, code that computes what it imports from a piece of text. `code` is as the bundler prints it
 * without white space and comments. A name as argument stays: the bundler leaves it alone, and in the guest it fails.
 */
export function refuseComputedImports(code: string, item: string): void {
  for (const { 0: call, index } of code.matchAll(CALL)) {
    LONE_STRING.lastIndex = index + call.length;
    if (LONE_STRING.test(code)) continue;
    throw new SignetError('E_BUILD_IMPORT', `${item} computes what it imports, in ${call.slice(0, -1)}(…)`, {
      item,
      expected: 'the name of a module as one plain string',
      actual: code.slice(index, index + 80),
      fix: 'Import each module by its name, and choose among them.',
    });
  }
}
