// `registry new`: a folder with a first plugin that builds as it is (DESIGN.md §6).
import fs from 'node:fs';
import path from 'node:path';
import { NamePart } from '../src/contracts/common.ts';
import { SignetError } from '../src/error.ts';
import { parseShape } from '../src/shape.ts';
import { requireKind } from './manifest.ts';

/**
 * Copies `templates/<kind>/` into `folder`, which must be empty or not exist, with the names filled in; returns the paths
 * that were written, sorted. E_KIND_UNSUPPORTED where there is no template of the kind; E_USAGE for a name that is none and
 * for a folder that holds something; nothing is written then.
 */
export function createFromTemplate(options: {
  kind: string;
  folder: string;
  name: string;
  namespace: string;
  templates: string;
}): string[] {
  const kind = requireKind(options.kind);
  const name = parseShape(NamePart, options.name, 'the name', 'E_USAGE');
  const namespace = parseShape(NamePart, options.namespace, 'the namespace', 'E_USAGE');
  const template = path.join(options.templates, kind);
  if (!fs.existsSync(template)) {
    throw new SignetError('E_KIND_UNSUPPORTED', `there is no template for the kind ${kind}`, {
      item: kind,
      expected: fs.readdirSync(options.templates).sort().join(', '),
      fix: 'Start from another kind, and change what it provides.',
    });
  }
  const names: Readonly<Record<string, string>> = {
    'template-name': name,
    'template-namespace': namespace,
    // A function's name starts with a letter, and has underscores where a bundle's has hyphens.
    template_function: name
      .replaceAll('-', '_')
      .replace(/^(?=[0-9])/, 'f')
      .slice(0, 64),
  };
  const fill = (text: string): string =>
    text.replace(/template-namespace|template-name|template_function/g, (found) => names[found] as string);

  const files = fs
    .readdirSync(template, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(template, path.join(entry.parentPath, entry.name)))
    .sort();
  try {
    if (fs.existsSync(options.folder) && fs.readdirSync(options.folder).length > 0) {
      throw new SignetError('E_USAGE', `${options.folder} is not empty`, {
        item: options.folder,
        fix: 'Name a folder that does not exist yet.',
      });
    }
    return files.map((file) => {
      const target = path.join(options.folder, fill(file));
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.writeFileSync(target, fill(fs.readFileSync(path.join(template, file), 'utf8')), { flag: 'wx' });
      return fill(file).split(path.sep).join('/');
    });
  } catch (cause) {
    if (cause instanceof SignetError) throw cause;
    throw new SignetError('E_IO', `${options.folder} cannot be written`, { item: options.folder, cause });
  }
}
