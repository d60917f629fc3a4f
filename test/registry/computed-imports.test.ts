// Imports that are put together at run time (THREATS.md 38), as the bundler prints them without white space and comments.
import { expect, test } from 'vitest';
import { mayComputeImports, refuseComputedImports } from '../../registry/computed-imports.ts';
import { expectCode } from '../src/expect-code.ts';

const PIECE = '$' + '{x}';

test.each([
  `import(\`./${PIECE}\`)`,
  `import(\`../../../${PIECE}.ts\`)`,
  'import("./"+x)',
  "import('./'+x)",
  'require("./"+x)',
  `require(\`./${PIECE}\`)`,
  'module.require("./"+x)',
  'module?.require("./"+x)',
  'module["require"]("./"+x)',
  'require?.("./"+x)',
  'import.defer("./"+x)',
  'c?import("./a"):import("./"+x)',
  `f\`$\{import("./"+x)}\``,
  '[...require("./"+x)]',
  'import("./\\"")+import("./"+")")',
])('%s is E_BUILD_IMPORT', (code) => {
  expect(mayComputeImports(code)).toBe(true);
  expect(expectCode(() => refuseComputedImports(code, 'index.ts'), 'E_BUILD_IMPORT').item).toBe('index.ts');
});

test.each([
  'import("./a")',
  'import("./a",{with:{type:"json"}})',
  'import(`./a`)',
  'import(`./$a`)',
  'require("./a\\"+x")',
  "require('./a')",
  'import(name)',
  'require(name)',
  'loader.require("./"+x)',
  'myrequire("./"+x)',
  'import a from"./a"',
])('its twin %s is taken', (code) => {
  refuseComputedImports(code, 'index.ts');
});

test('what cannot hold one is not looked at', () => {
  expect(mayComputeImports('import a from "./a"; export const important = 1;')).toBe(false);
  expect(
    ['import /* */ ("./"+x)', 'import\n("./"+x)', 'r\\u0065quire("./"+x)'].every(mayComputeImports),
  ).toBe(true);
});
