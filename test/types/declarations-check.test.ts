import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';

// compiles/ are programs as users write them. In rejects/, the line after each @ts-expect-error must not compile: an
// unused one is an error as well. So both folders have to be free of errors.

const folder = import.meta.dirname;
const root = path.join(folder, '..', '..');

describe('the built declarations', () => {
  let program: ts.Program;

  before('compile', function () {
    this.timeout(120_000);
    expect(existsSync(path.join(root, 'dist', 'lib', 'index.d.ts')), 'dist is built (npm run build)').to.equal(true);
    const config = ts.getParsedCommandLineOfConfigFile(path.join(folder, 'user.tsconfig.json'), undefined, {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
        throw new Error(text([diagnostic]));
      },
    });
    program = ts.createProgram(sources(), config?.options ?? {});
  });

  it('are those of dist, not of lib', () => {
    const files = program.getSourceFiles().map((file) => path.relative(root, file.fileName));
    expect(files).to.include(path.join('dist', 'lib', 'index.d.ts'));
    expect(files.filter((file) => file.startsWith('lib') || file.startsWith('binding'))).to.deep.equal([]);
  });

  it('have no errors of their own', () => {
    const ours = program.getSourceFiles().filter((file) => path.relative(root, file.fileName).startsWith('dist'));
    const errors = ours.flatMap((file) => program.getSemanticDiagnostics(file));
    expect(text([...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics(), ...errors])).to.equal('');
  });

  for (const file of sources()) {
    it(path.relative(folder, file), () => {
      const source = program.getSourceFile(file);
      expect(source).not.to.equal(undefined);
      const errors = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      expect(text(errors)).to.equal('');
    });
  }
});

function sources(): string[] {
  return ['compiles', 'rejects'].flatMap((name) =>
    readdirSync(path.join(folder, name)).map((file) => path.join(folder, name, file)),
  );
}

function text(diagnostics: readonly ts.Diagnostic[]): string {
  return ts.formatDiagnostics(diagnostics, {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => root,
    getNewLine: () => '\n',
  });
}
