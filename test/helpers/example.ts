import { Program, type ProgramOptions } from './program.js';

/**
 * examples/<name>.ts as a person runs it: a process of its own, which has to end by itself.
 *
 * @param args of the command line
 */
export const example = (
  name: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  options: ProgramOptions = {},
): Program => new Program(['--import', 'tsx', `examples/${name}.ts`, ...args], env, options);
