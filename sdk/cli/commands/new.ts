// `registry new KIND DIR`: a first bundle from a template.
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFromTemplate } from '../../../registry/new.ts';
import { type Run, text } from '../command.ts';

const TEMPLATES = fileURLToPath(new URL('../../template/', import.meta.url));

export const run: Run = async (invocation) => {
  const [kind = '', dir = ''] = invocation.positionals;
  const folder = resolve(dir);
  const name = text(invocation, 'name') ?? basename(folder);
  const namespace = text(invocation, 'namespace') ?? 'local';
  const written = createFromTemplate({ kind, folder, name, namespace, templates: TEMPLATES });
  const { json, output } = invocation;
  if (json)
    output.result(
      `${JSON.stringify({ schema: 'new/1', ok: true, name: `${namespace}/${name}`, folder, files: written })}\n`,
    );
  else {
    output.result(
      `${namespace}/${name} written to ${folder}\n${written.map((file) => `  ${join(dir, file)}\n`).join('')}`,
    );
    output.note(`do: registry publish ${dir} && registry install ${namespace}/${name}\n`);
  }
  return 0;
};
