// The modules that a build puts in place of `signet-host/plugin` and `zod`, and its two entries (DESIGN.md §7 "Guest SDK").
import { createRequire } from 'node:module';

/** Names the source's own entry, `index.ts`, inside the entries below. */
export const SOURCE_ENTRY = 'signet:source';

/** `signet-host/plugin` in a build: the same names as sdk/plugin.ts exports. */
export const PLUGIN_MODULE = `
export const provide = (definition) => definition;
export const definePlugin = (functions) => functions;
`;

/** Yields, as the global of its name, a function that describes what the source provides. */
export const DESCRIBE_ENTRY = `
import functions from ${JSON.stringify(SOURCE_ENTRY)};
import { toJSONSchema } from 'zod';
const schemaOf = (zodSchema, io) => {
  if (zodSchema === undefined) return undefined;
  const constructs = [];
  const schema = toJSONSchema(zodSchema, {
    io,
    unrepresentable: 'any',
    override({ zodSchema, path }) {
      const { type, coerce, checks = [] } = zodSchema._zod.def;
      const at = path.map((part) => '/' + String(part)).join('');
      constructs.push([at, type]);
      if (coerce) constructs.push([at, 'coerce']);
      for (const check of checks) constructs.push([at, check._zod.def.check]);
    },
  });
  return { schema, constructs };
};
export const describe = () =>
  JSON.stringify(
    functions.map(({ kind, name, description, annotations, input, output, run }) => ({
      kind, name, description, annotations,
      input: schemaOf(input, 'input'), output: schemaOf(output, 'output'), run: typeof run,
    })),
  );
`;

/** The entry of what ships. `__signet_define` is the host's; it is called once. */
export const GUEST_ENTRY = `
import functions from ${JSON.stringify(SOURCE_ENTRY)};
__signet_define(functions.map(({ kind, name, run }) => ({ kind, name, run })));
`;

/** What makes a schema out of nothing or out of a schema; everything else of zod reads data, and is gone in the guest. */
const BUILDERS =
  'any array base64 base64url boolean cidrv4 cidrv6 coerce cuid cuid2 date datetime discriminatedUnion duration e164 email ' +
  'emoji enum exactOptional float32 float64 guid hash hex hostname httpUrl int int32 intersection ipv4 ipv6 iso json jwt ' +
  'keyof ksuid lazy literal looseObject looseRecord mac nanoid never null nullable nullish number object optional ' +
  'partialRecord prefault readonly record strictObject string time tuple uint32 ulid union unknown url uuid uuidv4 uuidv6 ' +
  'uuidv7 xid xor nonoptional default describe meta brand min max length nonempty gt gte lt lte positive negative ' +
  'nonnegative nonpositive multipleOf step extend safeExtend merge pick omit partial deepPartial required strict loose ' +
  'passthrough strip catchall or and exclude extract rest unwrap';

// What zod exports, from the package itself: importing all of it here would keep all of it in the host's own code.
const gone = Object.keys(createRequire(import.meta.url)('zod') as object)
  .filter((name) => !['z', 'default', '__esModule'].includes(name))
  .sort();

/**
 * `zod` in what ships: schemas are built by calls that do nothing, so that definitions load, and every other use throws
 * E_SCHEMA_IN_GUEST rather than answer wrongly. What the source does not import is left out by the bundler.
 */
export const ZOD_STUB = `
const refuse = (name) => {
  const error = new Error('zod is not there in the guest: ' + String(name) + ' cannot be used in run() or at module level');
  error.code = 'E_SCHEMA_IN_GUEST';
  throw error;
};
const BUILDERS = /* @__PURE__ */ new Set(/* @__PURE__ */ '${BUILDERS}'.split(' '));
const read = (_, name) => (BUILDERS.has(name) ? schema : refuse(name));
const schema = /* @__PURE__ */ new Proxy(() => {}, {
  get: read,
  apply: () => schema,
  has: (_, name) => refuse(name),
  ownKeys: () => refuse('Object.keys'),
});
const named = (name) =>
  BUILDERS.has(name)
    ? schema
    : new Proxy(() => {}, { get: () => refuse(name), apply: () => refuse(name) });
export const z = /* @__PURE__ */ new Proxy({}, { get: read, has: (_, name) => refuse(name), ownKeys: () => refuse('Object.keys') });
export default z;
${gone.map((name, i) => `const n${i} = /* @__PURE__ */ named(${JSON.stringify(name)});`).join('\n')}
export { ${gone.map((name, i) => `n${i} as ${name}`).join(', ')} };
`;
